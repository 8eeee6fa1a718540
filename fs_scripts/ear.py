"""The ear: puts a tap on a call's audio and waits for what the listening thread makes of it, and for a beep."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fs_scripts.amd.detector import FRAME_MS, Verdict
from fs_scripts.amd.tap import Tap, path_for
from fs_scripts.amd.together import Detector
from fs_scripts.channel import Channel
from fs_scripts.listeners import LONGEST_S, BeepDetector, Listener, Listeners
from fs_scripts.roles import Waited

logger = logging.getLogger(__name__)

WHO_ANSWERED = "decided who answered"
BEEP_OVER = "waited for the beep"
LATE = "the listening thread is late, it was decided without it"

POLL_MS = 40
LATE_S = 0.15
"""So long after its time a verdict is not waited for any more."""
BEEP_POLL_MS = 40
"""How often the tap is read while a beep is awaited: the message must follow its end within 300 ms."""
FRESH_BEEP_MS = 600
"""A beep that ended no longer before the verdict is the one to wait for."""
QUIET_MS = 5000
"""So long after its last word a machine records, if it beeps or not."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the campaign wants of the ear.

    cut_short: verdicts that interrupt a message which has begun. awaits_beep: a machine is left a message.
    keeps_audio: the tap stays for the hook to keep; it is then bounded to `tap_s` seconds.
    """

    cut_short: frozenset[str] = frozenset({Verdict.MACHINE, Verdict.FAX})
    awaits_beep: bool = False
    keeps_audio: bool = False
    tap_s: int = 8


class Deaf:
    """The ear where nobody listens for machines: a detector costs more to make than the rest of a call."""

    def decide(self) -> Verdict | None:
        """Say that nobody knows."""
        return None

    def listen_on(self) -> None:
        """Hear nothing."""

    def overheard(self) -> Verdict | None:
        """Say that nothing was decided."""
        return None

    def wait_for_beep(self, longest_ms: int) -> Waited:  # noqa: ARG002 - whatever is wished
        """Hear none."""
        return Waited.NONE

    def stop(self) -> None:
        """Go on hearing nothing."""


class Ear:
    """Listens to one call. The tap is closed and deleted as soon as it has served, unless its audio is kept."""

    def __init__(
        self,
        channel: Channel,
        attempt_id: str,
        tap_dir: Path,
        detector: Detector,
        keep: Callable[[Verdict, Mapping[str, Any]], None],
        listeners: Listeners,
        beeps: BeepDetector | None = None,
        wishes: Wishes | None = None,
    ) -> None:
        self._channel = channel
        self._attempt_id = attempt_id
        self._tap = Tap(path_for(tap_dir, attempt_id))
        self._wishes = wishes or Wishes()
        self._listeners = listeners
        self._listener = Listener(self._tap, detector, beeps if self._wishes.awaits_beep else None)
        self._keep = keep
        self._started_at = 0.0
        self._is_tapped = self._listens_on = False
        self._said: tuple[Verdict, Mapping[str, Any]] | None = None

    def decide(self) -> Verdict | None:
        """Listen until it is clear who answered; None: the callee hung up first."""
        self._start()
        try:
            verdict = self._listen()
        except BaseException:
            self.stop()
            raise
        return self._decided(verdict)

    def listen_on(self) -> None:
        """Listen while the call goes on; a verdict that ends the message interrupts the prompt that plays."""
        self._listens_on = True
        self._start(self._interrupt)

    def overheard(self) -> Verdict | None:
        """Return what listening on has decided, once; None: nothing yet, told already, or nobody listens."""
        if not self._listens_on or self._listener.verdict is None:
            return None
        self._listens_on = False
        return self._decided(self._listeners.stop(self._listener))

    def wait_for_beep(self, longest_ms: int) -> Waited:
        """Listen on for the end of the machine's beep, also of one that came with the verdict."""
        began = time.monotonic()
        try:
            beep = self._await_beep(began + longest_ms / 1000)
        finally:
            self.stop()
        waited_ms = round((time.monotonic() - began) * 1000)
        ended_at = self._listener.beep_ended_at
        facts = {
            "beep": beep.value,
            "beep_waited_ms": waited_ms,
            "beep_ended_ms": ended_at * FRAME_MS if ended_at and beep is Waited.HEARD else None,
        }
        logger.info(BEEP_OVER, extra={"attempt_id": self._attempt_id, **facts})
        if self._said is not None:
            verdict, evidence = self._said
            self._keep(verdict, {**evidence, **facts})
        return beep

    def _await_beep(self, deadline: float) -> Waited:
        since = self._listener.frames - FRESH_BEEP_MS // FRAME_MS
        self._channel.wait(FRAME_MS)  # takes an interruption that came too late for its prompt, or it cuts the message
        while self._channel.is_up():
            if self._channel.has_key():
                return Waited.KEY
            self._listener.hear_beeps()
            if self._listener.has_beep_since(since):
                return Waited.HEARD
            if self._listener.silence_ms() >= QUIET_MS or time.monotonic() >= deadline:
                return Waited.NONE
            self._channel.wait(BEEP_POLL_MS)
        return Waited.HUNG_UP

    def stop(self) -> None:
        """Listen no more."""
        self._listens_on = False
        self._listeners.stop(self._listener)
        if self._is_tapped and not self._wishes.keeps_audio:
            self._is_tapped = False
            self._channel.stop_recording(self._tap.path)
            self._tap.remove()

    def _start(self, told: Callable[[Verdict], None] | None = None) -> None:
        self._channel.start_tap(self._tap.path, self._wishes.tap_s if self._wishes.keeps_audio else 0)
        self._is_tapped = True
        self._started_at = time.monotonic()
        self._listeners.start(self._listener, told)

    def _listen(self) -> Verdict | None:
        """Wait for the verdict; a key means a person."""
        deadline = self._started_at + LONGEST_S + LATE_S
        while self._channel.is_up():
            if self._channel.has_key():
                return Verdict.HUMAN
            if self._listener.verdict is not None:
                return self._listener.verdict
            if time.monotonic() >= deadline:
                logger.error(LATE, extra={"attempt_id": self._attempt_id})
                return self._listeners.stop(self._listener) or self._listener.decide(is_over=True)
            self._channel.wait(POLL_MS)
        return None

    def _interrupt(self, verdict: Verdict) -> None:
        if verdict in self._wishes.cut_short:
            self._channel.interrupt()

    def _decided(self, verdict: Verdict | None) -> Verdict | None:
        """Keep the evidence; the tap stays only where a beep is awaited on it."""
        self._listeners.stop(self._listener)
        if verdict is not None:
            took_ms = round((time.monotonic() - self._started_at) * 1000)
            evidence = {
                **self._listener.evidence(),
                "verdict": verdict,
                "by_key": self._channel.has_key(),
                "decided_after_ms": took_ms,
            }
            logger.info(WHO_ANSWERED, extra={"attempt_id": self._attempt_id, **evidence})
            self._keep(verdict, evidence)
            self._said = verdict, evidence
        if not (verdict is Verdict.MACHINE and self._wishes.awaits_beep):
            self.stop()
        return verdict
