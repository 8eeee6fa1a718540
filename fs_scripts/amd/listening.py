"""The loop that hands the call's audio to a detector until it decides."""

import time
from collections.abc import Callable
from typing import Protocol

from fs_scripts.amd.detector import Detector, Verdict
from fs_scripts.amd.tap import Tap

LONGEST_MS = 3750
"""The message must begin within 4 s of the answer, so listening ends before that."""
POLL_MS = 100


class Line(Protocol):
    """What listening needs of a channel."""

    def is_up(self) -> bool:
        """Say whether the call is still there."""

    def has_key(self) -> bool:
        """Say whether a key was pressed."""

    def wait(self, duration_ms: int) -> None:
        """Wait until a key, the end of the call, or the time is over."""


def listen(line: Line, detector: Detector, tap: Tap, clock: Callable[[], float] = time.monotonic) -> Verdict | None:
    """Return who answered; a key means a person. None: the callee hung up first."""
    deadline = clock() + LONGEST_MS / 1000
    while line.is_up():
        if line.has_key():
            return Verdict.HUMAN
        for frame in tap.frames():
            verdict = detector.feed(frame)
            if verdict is not None:
                return verdict
        if clock() >= deadline:
            return detector.give_up()
        line.wait(POLL_MS)
    return None
