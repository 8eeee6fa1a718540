"""The punctuality figures are right, shown by faults planted in streams that were perfect."""

from bench.lateness import Arrival, measure
from bench.rtp_schedule import report

PACKETS = 1000


def stream(start: float = 5.0, first_sequence: int = 65000, first_timestamp: int = 2**32 - 8000) -> list[Arrival]:
    """A perfect stream of 20 s; sequence numbers and timestamps wrap on the way."""
    return [
        Arrival(start + 0.02 * n, (first_sequence + n) & 0xFFFF, (first_timestamp + 160 * n) & 0xFFFFFFFF)
        for n in range(PACKETS)
    ]


def moved(packet: Arrival, seconds: float) -> Arrival:
    return Arrival(packet.at + seconds, packet.sequence, packet.timestamp)


def test_a_perfect_stream_is_all_in_time():
    found = measure([stream(), stream(9.3, 7, 7)])
    assert (found.expected, found.lost, found.late, found.share_in_time) == (2 * PACKETS, 0, 0, 1.0)
    assert found.worst_s < 1e-6


def test_one_late_packet_is_one_late_packet():
    packets = stream()
    packets[500] = moved(packets[500], 0.041)
    found = measure([packets])
    assert (found.late, found.share_in_time) == (1, 0.999)
    assert abs(found.worst_s - 0.041) < 1e-6


def test_39_ms_is_still_in_time():
    packets = stream()
    packets[500] = moved(packets[500], 0.039)
    assert measure([packets]).late == 0


def test_a_late_first_packet_does_not_excuse_the_rest():
    packets = stream()
    packets[0] = moved(packets[0], 0.050)
    assert measure([packets]).late == 1


def test_a_stream_that_falls_behind_and_stays_there_is_late_from_then_on():
    packets = stream()
    packets[600:] = [moved(packet, 0.060) for packet in packets[600:]]
    assert measure([packets]).late == 400


def test_lost_packets_count_against_the_share():
    packets = stream()
    del packets[100:110]
    found = measure([packets])
    assert (found.expected, found.lost, found.late, found.share_in_time) == (PACKETS, 10, 0, 0.99)


def test_copies_count_once_and_the_first_one_decides():
    packets = stream()
    packets.insert(10, moved(packets[5], 0.2))
    found = measure([packets])
    assert (found.expected, found.lost, found.late) == (PACKETS, 0, 0)


def test_swapped_packets_are_neither_lost_nor_late():
    packets = stream()
    packets[3], packets[4] = packets[4], packets[3]
    found = measure([packets])
    assert (found.lost, found.late) == (0, 0)


def test_a_pause_between_two_playbacks_is_no_lateness():
    packets = stream()
    packets[500:] = [
        Arrival(packet.at + 3.0, packet.sequence, (packet.timestamp + 24000) & 0xFFFFFFFF) for packet in packets[500:]
    ]
    assert measure([packets]).late == 0


def test_no_stream_at_all_is_no_success():
    assert measure([]).share_in_time == 0.0


def test_the_last_line_says_what_was_measured():
    packets = stream()
    packets[500] = moved(packets[500], 0.0415)
    del packets[700]
    assert report(1, measure([packets]), 0.256) == (
        "bench-rtp: 1 calls, 1000 packets, 1 lost, 1 later than 40 ms, 99.800 % within 40 ms of schedule, "
        "p99.9 41.5 ms, worst 41.5 ms, switch 26 % of a core"
    )
