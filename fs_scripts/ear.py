"""The ear: puts a tap on a call's audio and asks the detector who answered."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fs_scripts.amd import listening
from fs_scripts.amd.detector import Detector, Verdict
from fs_scripts.amd.tap import Tap, path_for
from fs_scripts.channel import Channel

logger = logging.getLogger(__name__)

WHO_ANSWERED = "decided who answered"


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
        self._is_listening = False
        self._started_at = 0.0

    def start(self) -> None:
        """Begin to take the callee's audio in."""
        self._channel.start_tap(self._tap.path)
        self._is_listening = True
        self._started_at = time.monotonic()

    def decide(self) -> Verdict | None:
        """Listen until it is clear who answered; None: the callee hung up first."""
        try:
            return self._said(listening.listen(self._channel, self._detector, self._tap))
        finally:
            self.stop()

    def decide_on_what_was_heard(self) -> Verdict | None:
        """Decide on what was heard so far, without waiting; None: nothing speaks against a person."""
        try:
            verdicts = (self._detector.feed(frame) for frame in self._tap.frames())
            return self._said(next((verdict for verdict in verdicts if verdict is not None), None))
        finally:
            self.stop()

    def stop(self) -> None:
        """Close and delete the tap; nothing happens when there is none."""
        if self._is_listening:
            self._is_listening = False
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
