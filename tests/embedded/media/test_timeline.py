"""Received audio comes back gap-free, whatever the network did to it."""

from embedded_switch.rtp_timeline import FRAME_BYTES, SILENCE, Timeline


def frame(value: int) -> bytes:
    return value.to_bytes(2, "little") * (FRAME_BYTES // 2)


def heard(timeline: Timeline, frames: int) -> list[int]:
    """Pull so many frames; each as the value of its samples (0: silence)."""
    pulled = [timeline.pull() for _ in range(frames)]
    assert all(len(pcm) == FRAME_BYTES for pcm in pulled)
    return [int.from_bytes(pcm[:2], "little") for pcm in pulled]


def push(timeline: Timeline, *numbers: int, start: int = 1000) -> None:
    for number in numbers:
        timeline.push(start + number, 160 * (start + number), frame(number + 1))


def test_silence_where_nothing_came():
    timeline = Timeline()
    assert timeline.pull() == SILENCE


def test_packets_come_back_in_order_one_frame_late():
    timeline = Timeline()
    push(timeline, 0, 1, 2)
    assert heard(timeline, 5) == [0, 1, 2, 3, 0]


def test_a_lost_packet_is_silence_of_its_length():
    timeline = Timeline()
    push(timeline, 0, 2)
    assert heard(timeline, 4) == [0, 1, 0, 3]


def test_swapped_packets_are_put_right():
    timeline = Timeline()
    push(timeline, 0, 2, 1)
    assert heard(timeline, 4) == [0, 1, 2, 3]


def test_a_packet_that_missed_its_turn_by_reordering_is_dropped():
    timeline = Timeline()
    push(timeline, 0, 1, 3)
    assert heard(timeline, 5) == [0, 1, 2, 0, 4]
    push(timeline, 2)
    assert heard(timeline, 1) == [0]


def test_a_stream_that_comes_later_than_before_is_played_later_and_nothing_is_lost():
    timeline = Timeline()
    push(timeline, 0)
    assert heard(timeline, 4) == [0, 1, 0, 0]
    push(timeline, 1, 2)
    assert heard(timeline, 3) == [0, 2, 3]


def test_a_new_stream_with_other_timestamps_follows_the_old_one():
    timeline = Timeline()
    push(timeline, 0)
    heard(timeline, 3)
    push(timeline, 0, 1, start=50000)
    assert heard(timeline, 3) == [0, 1, 2]


def test_timestamps_and_sequence_numbers_may_wrap():
    timeline = Timeline()
    for number in range(4):
        timeline.push((65534 + number) & 0xFFFF, (2**32 - 320 + 160 * number) & 0xFFFFFFFF, frame(number + 1))
    assert heard(timeline, 5) == [0, 1, 2, 3, 4]


def test_packets_of_30_ms_and_10_ms_are_cut_to_frames():
    timeline = Timeline()
    timeline.push(1, 0, frame(1) + frame(1)[:160])
    timeline.push(2, 240, frame(2)[:160])
    assert heard(timeline, 3) == [0, 1, 1]


def test_a_backlog_is_cut_short():
    timeline = Timeline()
    push(timeline, *range(30))
    assert heard(timeline, 3) == [29, 30, 0]
