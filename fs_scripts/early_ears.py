"""The thread that hears what comes before the answer, for every ringing call, and ends those nobody will answer."""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dialer.dial_string import TAP_SUFFIX, UUID
from fs_scripts.amd import together
from fs_scripts.amd.early_media import EarlyMedia, EarlyVerdict
from fs_scripts.amd.tap import Tap
from fs_scripts.channel import end_from_outside

logger = logging.getLogger(__name__)

POLL_S = 0.2
CAUSES = {EarlyVerdict.BUSY: "USER_BUSY", EarlyVerdict.UNREACHABLE: "SUBSCRIBER_ABSENT"}
"""Verdict → the cause the call is ended with, of which dialer.hangup_cause makes the disposition of the same name."""
ENDED = "the network says that nobody will answer, the call was ended"
FAILED = "listening before the answer failed, calls ring until their time is over"

Evidence = Mapping[str, Any]


class EarlyEars:
    """Follows every early tap that appears in the folder until it has decided or the file is gone."""

    def __init__(
        self,
        tap_dir: Path,
        keep: Callable[[str, Evidence], None],
        later: Callable[[Callable[[], None]], None],
        end: Callable[[str, str], None] = end_from_outside,
    ) -> None:
        """keep(attempt id, evidence) runs through `later`; end(attempt id, cause) ends the call."""
        self._tap_dir, self._keep, self._later, self._end = tap_dir, keep, later, end
        self._followed: dict[str, tuple[Tap, EarlyMedia]] = {}

    def run(self) -> None:
        """Listen for as long as the switch lives. Never raises."""
        while True:
            try:
                self.listen()
            except Exception:
                logger.exception(FAILED)
            time.sleep(POLL_S)

    def listen(self) -> None:
        """Hear once what was written since the last time."""
        attempt_ids = self._ringing()
        self._followed = {one: self._followed.get(one) or self._follow(one) for one in attempt_ids}
        undecided = {one: heard for one, heard in self._followed.items() if not heard[1].is_done}
        together.feed([(detector, tap.frames()) for tap, detector in undecided.values()])
        for attempt_id, (_, detector) in undecided.items():
            if detector.is_done:
                self._decided(attempt_id, detector)

    def _ringing(self) -> list[str]:
        names = (entry.name for entry in os.scandir(self._tap_dir) if entry.name.endswith(TAP_SUFFIX))
        return [found for name in names if UUID.fullmatch(found := name.removesuffix(TAP_SUFFIX))]

    def _follow(self, attempt_id: str) -> tuple[Tap, EarlyMedia]:
        path = self._tap_dir / f"{attempt_id}{TAP_SUFFIX}"
        with contextlib.suppress(FileNotFoundError):  # answered or over in this moment
            path.chmod(0o600)
        return Tap(path), EarlyMedia()

    def _decided(self, attempt_id: str, detector: EarlyMedia) -> None:
        assert detector.verdict is not None
        evidence = detector.evidence()
        self._end(attempt_id, CAUSES[detector.verdict])
        logger.info(ENDED, extra={"attempt_id": attempt_id, **evidence})
        self._later(lambda: self._keep(attempt_id, evidence))
