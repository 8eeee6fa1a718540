"""The media clock keeps its pace, also when something holds the process up."""

import asyncio
import time

from embedded_switch.media_clock import FRAME_S, MAX_CATCH_UP, PHASES, MediaClock


class Counter:
    """A stream that counts: frames served, and frames it was told were given up."""

    def __init__(self) -> None:
        self.served = 0
        self.given_up = 0

    def tick(self, behind: int) -> None:
        self.served += 1
        self.given_up += behind


class Broken:
    """A stream that fails."""

    def __init__(self) -> None:
        self.calls = 0

    def tick(self, behind: int) -> None:
        self.calls += 1
        raise ValueError("broken")


class SteeredLoop:
    """An event loop whose time a test moves; a jump is a process that was held up."""

    def __init__(self) -> None:
        self.now = 100.0
        self._due = 0.0
        self._turn = None

    def time(self) -> float:
        return self.now

    def call_at(self, due, turn, /):
        self._due, self._turn = due, turn
        return self

    def cancel(self) -> None:
        self._turn = None

    def run(self, seconds: float) -> None:
        """Let time pass, in turn with what is due."""
        until = self.now + seconds
        while self._turn and self._due <= until:
            self.now = max(self.now, self._due)
            self._turn()
        self.now = until


def ticking(*streams) -> tuple[MediaClock, SteeredLoop]:
    clock, loop = MediaClock(), SteeredLoop()
    for stream in streams:
        clock.add(stream)
    clock.start(loop)
    return clock, loop


def test_every_stream_gets_fifty_ticks_a_second():
    streams = [Counter() for _ in range(10)]
    _, loop = ticking(*streams)
    loop.run(10.0)
    assert {stream.served for stream in streams} <= {499, 500}
    assert {stream.given_up for stream in streams} == {0}


def test_streams_are_spread_over_the_phases():
    streams = [Counter() for _ in range(2 * PHASES)]
    _, loop = ticking(*streams)
    served = []
    loop.run(FRAME_S / PHASES / 2)
    for _ in range(PHASES):
        loop.run(FRAME_S / PHASES)
        served.append(sum(stream.served for stream in streams))
    assert served == [2, 4, 6, 8]


def test_a_short_hold_up_is_caught_up_with():
    stream = Counter()
    _, loop = ticking(stream)
    loop.run(1.0)
    loop.now += 0.18
    loop.run(1.0)
    assert (stream.served, stream.given_up) in ((108, 0), (109, 0))


def test_a_long_hold_up_is_given_up_and_every_stream_is_told_so_once():
    streams = [Counter() for _ in range(PHASES)]
    _, loop = ticking(*streams)
    loop.run(1.0)
    loop.now += 0.6
    loop.run(1.0)
    for stream in streams:
        assert stream.given_up in (30 - MAX_CATCH_UP, 30 - MAX_CATCH_UP + 1)
        assert stream.served + stream.given_up in (129, 130)


def test_a_stream_that_fails_is_taken_off_and_the_others_go_on():
    broken, sound = Broken(), Counter()
    _, loop = ticking(broken, sound)
    loop.run(1.0)
    assert (broken.calls, sound.served) == (1, 50)


def test_a_stream_taken_off_is_served_no_more():
    stream = Counter()
    clock, loop = ticking(stream)
    loop.run(1.0)
    clock.remove(stream)
    loop.run(1.0)
    assert stream.served in (49, 50)


def test_a_stopped_clock_ticks_no_more():
    stream = Counter()
    clock, loop = ticking(stream)
    loop.run(1.0)
    clock.stop()
    loop.run(1.0)
    assert stream.served in (49, 50)


def test_it_keeps_real_time_on_a_real_loop():
    async def run() -> float:
        clock, stream = MediaClock(), Counter()
        clock.add(stream)
        clock.start()
        started = time.monotonic()
        async with asyncio.timeout(10):
            while stream.served + stream.given_up < 25:
                await asyncio.sleep(0.005)
        clock.stop()
        return time.monotonic() - started

    assert 0.48 < asyncio.run(run()) < 5
