"""Keeps a program running: notices that it ended, starts it again, and knows when it is ready."""

import contextlib
import os
import signal
import time
from collections.abc import Callable

from devstack.supervise import Child, descendants

RESTART_AFTER_S = 0.5
"""A supervisor's usual pause before it starts again what died."""
LOOK_EVERY_S = 0.2


class Keeper:
    """One supervised program. `tick` is called often, from the thread that started it.

    start: runs it once more. answers: whether it serves; asked only until it does.
    """

    def __init__(self, name: str, start: Callable[[], Child], answers: Callable[[], bool]) -> None:
        self.name = name
        self._start, self._answers = start, answers
        self.child = start()
        self.is_ready = False
        self.starts = 1
        self._ended_at: float | None = None
        self._look_at = 0.0
        self._is_kept_down = False
        self._is_dying = False

    def tick(self) -> None:
        """Start it again when it has ended, and find out whether it is ready."""
        now = time.monotonic()
        if not self.child.is_running():
            self.is_ready = False
            if self._ended_at is None:
                self._ended_at = now
            if not self._is_kept_down and now - self._ended_at >= RESTART_AFTER_S:
                self.child.stop()  # what is left of its group
                self.child, self._ended_at, self._is_dying = self._start(), None, False
                self.starts += 1
        elif not self.is_ready and not self._is_dying and now >= self._look_at:
            self._look_at = now + LOOK_EVERY_S
            self.is_ready = self._answers()

    def processes(self) -> list[int]:
        """Return its process and all below it."""
        return [self.child.pid, *descendants(self.child.pid)]

    def kill(self) -> tuple[float, float]:
        """End all its processes at once; return between which moments (epoch s) they were."""
        pids = self.processes()  # looking for them takes its time on a busy machine
        began = time.time()
        _send(pids, signal.SIGKILL)
        self.is_ready, self._is_dying = False, True  # it may take a moment to be gone
        return began, time.time()

    def freeze(self) -> float:
        """Let none of its processes go on; return since when (epoch s)."""
        self._signal(signal.SIGSTOP)
        return time.time()

    def thaw(self) -> None:
        """Undo `freeze`."""
        self._signal(signal.SIGCONT)

    def keep_down(self) -> None:
        """Ask it to end in good order, and do not start it again until `let_up`."""
        self._is_kept_down = self._is_dying = True
        self.is_ready = False
        with contextlib.suppress(ProcessLookupError):
            self.child.process.send_signal(self.child.stop_signal)

    def let_up(self) -> None:
        """Undo `keep_down`."""
        self._is_kept_down = False

    def end(self) -> None:
        """Stop it for good."""
        self._is_kept_down = True
        self.thaw()
        self.child.stop()

    def _signal(self, number: signal.Signals) -> None:
        _send(self.processes(), number)


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
