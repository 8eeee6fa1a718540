"""One clock for all audio: calls every stream once per 20 ms on absolute monotonic time, spread over four phases."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

logger = logging.getLogger(__name__)

FRAME_S = 0.020
PHASES = 4  # a tick of 5 ms serves a quarter of the streams, so a hundred calls do not leave as one burst
ROUNDING = 0.001  # of a slot: a timer may fire that little early, and what is due at its own time is due
MAX_CATCH_UP = 10  # frames sent at once after the process was held up; what is older is given up


class Stream(Protocol):
    """Something that lives on the media clock."""

    def tick(self, behind: int) -> None:
        """Do the work of one 20 ms frame. behind: frames given up before this one, usually 0."""


class Timer(Protocol):
    """What call_at returns."""

    def cancel(self) -> None:
        """Do not call."""


class Timers(Protocol):
    """The part of an event loop the clock needs."""

    def time(self) -> float:
        """Return seconds on a monotonic clock."""
        ...

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer:
        """Call once at that time."""
        ...


class MediaClock:
    """Ticks on the running event loop from start() to stop()."""

    def __init__(self) -> None:
        self._phases: list[dict[Stream, None]] = [{} for _ in range(PHASES)]
        self._phase_of: dict[Stream, int] = {}
        self._timer: Timer | None = None
        self._loop: Timers
        self._started = 0.0
        self._slot = 0  # counts 5 ms slots since the start; slot % PHASES is the phase to serve
        self._behind = [0] * PHASES  # frames given up that a phase has not been told of

    def start(self, loop: Timers | None = None) -> None:
        """Begin to tick on the running loop, or on another source of time."""
        self._loop = loop or asyncio.get_running_loop()
        self._started = self._loop.time()
        self._slot = 0
        self._schedule()

    def stop(self) -> None:
        """Tick no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def add(self, stream: Stream) -> None:
        """Serve a stream from its phase's next turn on; it goes to the emptiest phase."""
        phase = min(range(PHASES), key=lambda number: len(self._phases[number]))
        self._phases[phase][stream] = None
        self._phase_of[stream] = phase

    def remove(self, stream: Stream) -> None:
        """Serve a stream no more; nothing happens when it is unknown."""
        phase = self._phase_of.pop(stream, None)
        if phase is not None:
            self._phases[phase].pop(stream, None)

    def _schedule(self) -> None:
        due = self._started + (self._slot + 1) * FRAME_S / PHASES
        self._timer = self._loop.call_at(due, self._turn)

    def _turn(self) -> None:
        due_slot = int((self._loop.time() - self._started) * PHASES / FRAME_S + ROUNDING)
        given_up = (due_slot - self._slot) // PHASES - MAX_CATCH_UP
        if given_up > 0:
            self._slot += given_up * PHASES
            self._behind = [frames + given_up for frames in self._behind]
        while self._slot < due_slot:
            self._slot += 1
            self._serve(self._slot % PHASES)
        self._schedule()

    def _serve(self, phase: int) -> None:
        behind, self._behind[phase] = self._behind[phase], 0
        for stream in tuple(self._phases[phase]):
            try:
                stream.tick(behind)
            except Exception:
                logger.exception("media stream failed and was taken off the clock")
                self.remove(stream)
