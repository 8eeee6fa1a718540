"""Audio on the wire: what a callee hears, what a recording holds, and when."""

import asyncio
import itertools
import struct
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from aiortp.codecs import PcmaCodec

from embedded_switch.media_source import open_source
from embedded_switch.recording import FileSink
from tests.embedded.media.bare_callee import BareCallee
from tests.embedded.media.rig import Diary, dial, engine, eventually

HEADER = struct.Struct("!BBHII")
TONE = (8000 * np.sin(2 * np.pi * 425 * np.arange(8000) / 8000)).astype("<i2").tobytes()


def with_answered_call(play):
    """Run play(callee, diary) with an answered call."""

    async def run():
        callee = BareCallee()
        try:
            async with engine() as running:
                diary = dial(running, callee.port)
                invite = await callee.receive("INVITE")
                callee.answer(invite, 200, "OK", with_sdp=True)
                await diary.until("answer")
                await play(callee, diary)
        finally:
            callee.close()

    asyncio.run(run())


def packets(callee: BareCallee) -> list[bytes]:
    """Take what has come to the callee's ear."""
    found = []
    while True:
        try:
            found.append(callee.media.recv(2048))
        except BlockingIOError:
            return found


def say(callee: BareCallee, diary: Diary, number: int, pcm: bytes) -> None:
    """Send 20 ms to the switch."""
    header = HEADER.pack(0x80, 8, 1000 + number, 160 * number, 7)
    callee.media.sendto(header + PcmaCodec().encode(pcm), diary.leg.local_media)


def test_a_playback_arrives_whole_and_in_the_codec_agreed():
    async def play(callee: BareCallee, diary: Diary) -> None:
        done = await diary.leg.play(open_source("tone_stream://%(200,0,425)"))
        assert (done.samples, done.ms, done.completed) == (1600, 200, True)
        heard = packets(callee)
        headers = [HEADER.unpack_from(packet) for packet in heard]
        assert len(heard) == 10
        assert [kind for _, kind, *_ in headers] == [0x88] + [8] * 9
        assert {(b[2] - a[2]) & 0xFFFF for a, b in itertools.pairwise(headers)} == {1}
        assert {(b[3] - a[3]) & 0xFFFFFFFF for a, b in itertools.pairwise(headers)} == {160}

    with_answered_call(play)


def test_nothing_is_sent_while_nothing_is_played_and_timestamps_follow_the_clock():
    async def play(callee: BareCallee, diary: Diary) -> None:
        await diary.leg.play(open_source("silence_stream://40"))
        before = HEADER.unpack_from(packets(callee)[-1])
        await asyncio.sleep(0.2)  # the proof is that nothing comes
        assert packets(callee) == []
        await diary.leg.play(open_source("silence_stream://40"))
        after = HEADER.unpack_from(packets(callee)[0])
        assert after[2] == (before[2] + 1) & 0xFFFF
        assert 0.16 < ((after[3] - before[3]) & 0xFFFFFFFF) / 8000 < 1
        assert after[1] & 0x80

    with_answered_call(play)


@pytest.mark.parametrize("cut", ["stop", "hangup"])
def test_a_playback_cut_off_says_so_and_how_far_it_came(cut):
    async def play(callee: BareCallee, diary: Diary) -> None:
        playing = asyncio.ensure_future(diary.leg.play(open_source("tone_stream://%(1000,0,425);loops=-1")))
        await eventually(lambda: bool(packets(callee)))
        diary.leg.stop_play() if cut == "stop" else diary.leg.hangup()
        done = await playing
        assert not done.completed
        assert 0 < done.samples < 8000

    with_answered_call(play)


def test_a_recording_is_gap_free_in_media_time_and_grows_while_it_is_read(tmp_path: Path):
    async def play(callee: BareCallee, diary: Diary) -> None:
        path = tmp_path / "heard.r8"
        diary.leg.record(FileSink(str(path)), read_only=True)
        started = time.monotonic()
        await eventually(lambda: path.stat().st_size >= 5 * 320)
        for number in (0, 1, 3):  # 2 is lost
            say(callee, diary, number, TONE[:320])
        await eventually(lambda: any(path.read_bytes()))
        await eventually(lambda: path.stat().st_size >= 30 * 320)
        took = time.monotonic() - started
        frames = np.frombuffer(path.read_bytes(), "<i2").reshape(-1, 160)
        loud = [bool(np.abs(frame).max() > 1000) for frame in frames]
        first = loud.index(True)
        assert loud[first : first + 4] == [True, True, False, True]
        assert sum(loud) == 3
        assert abs(len(frames) * 0.02 - took) < 0.06

    with_answered_call(play)


def test_a_recording_that_is_not_read_only_holds_both_sides(tmp_path: Path):
    async def play(callee: BareCallee, diary: Diary) -> None:
        both, ours = FileSink(str(tmp_path / "both.wav")), FileSink(str(tmp_path / "heard.wav"))
        diary.leg.record(both)
        diary.leg.record(ours, read_only=True)
        await diary.leg.play(open_source("tone_stream://%(200,0,425)"))
        diary.leg.stop_record(both)
        diary.leg.stop_record(ours)

    with_answered_call(play)
    loudness = []
    for name in ("both", "heard"):
        with wave.open(str(tmp_path / f"{name}.wav")) as recorded:
            assert recorded.getframerate() == 8000
            frames = recorded.readframes(recorded.getnframes())
            assert len(frames) >= 9 * 320
            loudness.append(int(np.abs(np.frombuffer(frames, "<i2")).max()))
    assert loudness[0] > 5000
    assert loudness[1] == 0


def test_the_end_of_the_call_finishes_its_recordings(tmp_path: Path):
    async def play(callee: BareCallee, diary: Diary) -> None:
        sink = FileSink(str(tmp_path / "heard.wav"))
        diary.leg.record(sink)
        await eventually(lambda: sink.frames > 2)
        diary.leg.hangup()
        with wave.open(str(tmp_path / "heard.wav")) as recorded:
            assert recorded.getnframes() == 160 * sink.frames

    with_answered_call(play)


def test_a_callee_whose_audio_stops_is_hung_up_after_the_media_timeout():
    async def play(callee: BareCallee, diary: Diary) -> None:
        diary.leg.set_media_timeout(200, 400)
        for number in range(20):
            say(callee, diary, number, TONE[:320])
            await asyncio.sleep(0.02)  # the pace of speech
        spoken_until = time.time_ns() // 1000
        assert diary.leg.cause == ""
        await diary.until("hangup")
        assert diary.leg.cause == "MEDIA_TIMEOUT"
        assert 150_000 < diary.leg.ended_at - spoken_until < 400_000

    with_answered_call(play)


def test_without_a_media_timeout_a_silent_callee_is_never_hung_up():
    async def play(callee: BareCallee, diary: Diary) -> None:
        await asyncio.sleep(0.3)  # the proof is that nothing happens
        assert diary.leg.cause == ""

    with_answered_call(play)
