"""The ear: puts a tap on a call's audio and asks the detector who answered, before the message or while it plays."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fs_scripts.amd import listening
from fs_scripts.amd.detector import Detector, Verdict
from fs_scripts.amd.tap import Tap, path_for
from fs_scripts.background import start_thread
from fs_scripts.channel import Channel

logger = logging.getLogger(__name__)

WHO_ANSWERED = "decided who answered"
FAILED = "listening failed, whoever answered is treated as a person"

CUT_SHORT = frozenset({Verdict.MACHINE, Verdict.FAX})
"""Verdicts that interrupt a message that has begun."""


class Ear:
    """Listens to one call. The tap is closed and deleted as soon as it has served."""

    def __init__(
        self,
        channel: Channel,
        attempt_id: str,
        tap_dir: Path,
        detector: Detector,
        keep: Callable[[Verdict, Mapping[str, Any]], None],
    ) -> None:
        self._channel = channel
        self._attempt_id = attempt_id
        self._tap = Tap(path_for(tap_dir, attempt_id))
        self._detector = detector
        self._keep = keep
        self._watch: Watch | None = None
        self._started_at = 0.0

    def decide(self) -> Verdict | None:
        """Listen until it is clear who answered; None: the callee hung up first."""
        self._start()
        try:
            return self._said(listening.listen(self._channel, self._detector, self._tap))
        finally:
            self._stop()

    def listen_on(self) -> None:
        """Listen while the call goes on; a machine interrupts the prompt that plays."""
        self._start()
        self._watch = Watch(self._detector, self._tap, self._channel.interrupt)

    def decide_on_what_was_heard(self) -> Verdict | None:
        """End listening on and return what was decided; None: nothing speaks against a person yet."""
        if self._watch is None:
            return None
        try:
            return self._said(self._watch.stop())
        finally:
            self._watch = None
            self._stop()

    def _start(self) -> None:
        self._channel.start_tap(self._tap.path)
        self._started_at = time.monotonic()

    def _stop(self) -> None:
        self._channel.stop_recording(self._tap.path)
        self._tap.remove()

    def _said(self, verdict: Verdict | None) -> Verdict | None:
        if verdict is not None:
            took_ms = round((time.monotonic() - self._started_at) * 1000)
            evidence = {
                **self._detector.evidence(),
                "verdict": verdict,
                "by_key": self._channel.has_key(),
                "decided_after_ms": took_ms,
            }
            logger.info(WHO_ANSWERED, extra={"attempt_id": self._attempt_id, **evidence})
            self._keep(verdict, evidence)
        return verdict


class Watch:
    """Runs the listening loop on a thread of its own: the call's thread is inside the switch, playing."""

    def __init__(self, detector: Detector, tap: Tap, interrupt: Callable[[], None]) -> None:
        self._over = threading.Event()
        self._verdict: Verdict | None = None
        self._detector = detector
        self._tap = tap
        self._interrupt = interrupt
        self._thread = start_thread("listening", self._run)

    def stop(self) -> Verdict | None:
        """End it and return the verdict, None when there is none yet."""
        self._over.set()
        self._thread.join()
        return self._verdict

    def is_up(self) -> bool:
        """Say whether to go on; the call itself is the other thread's."""
        return not self._over.is_set()

    def has_key(self) -> bool:
        """Keys are the other thread's."""
        return False

    def wait(self, duration_ms: int) -> None:
        """Wait until the time is over or the listening is."""
        self._over.wait(duration_ms / 1000)

    def _run(self) -> None:
        try:
            self._verdict = listening.listen(self, self._detector, self._tap)
            if self._verdict in CUT_SHORT:
                self._interrupt()
        except Exception:
            logger.exception(FAILED)
