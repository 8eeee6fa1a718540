"""The ear: puts a tap on a call's audio and asks the detectors who answered and when the beep is over."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fs_scripts.amd import listening
from fs_scripts.amd.detector import FRAME_MS, Detector, Frame, Verdict
from fs_scripts.amd.tap import Tap, path_for
from fs_scripts.background import start_thread
from fs_scripts.channel import Channel
from fs_scripts.roles import Waited

logger = logging.getLogger(__name__)

WHO_ANSWERED = "decided who answered"
FAILED = "listening failed, whoever answered is treated as a person"
BEEP_OVER = "waited for the beep"

BEEP_POLL_MS = 40
"""How often the tap is read while a beep is awaited: the message must follow its end within 300 ms."""
FRESH_BEEP_MS = 600
"""A beep that ended no longer before the verdict is the one to wait for."""
QUIET_MS = 5000
"""So long after its last word a machine records, if it beeps or not."""


class BeepDetector(Protocol):
    """A pure state machine like the detector's, fed with the same frames."""

    @property
    def silence_ms(self) -> int:
        """Return how long nobody has spoken."""

    def feed(self, frame: Frame) -> object | None:
        """Take the next 20 ms; return the beep that has just ended."""


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


class Both:
    """Feeds the detector and, where a beep will matter, the beep detector; both hear every frame once."""

    def __init__(self, detector: Detector, beeps: BeepDetector | None) -> None:
        self._detector, self._beeps = detector, beeps
        self.frames = 0
        self.beep_ended_at: int | None = None

    def feed(self, frame: Frame) -> Verdict | None:
        """Take the next 20 ms for both."""
        self.feed_beeps(frame)
        return self._detector.feed(frame)

    def feed_beeps(self, frame: Frame) -> None:
        """Take the next 20 ms after the verdict."""
        self.frames += 1
        if self._beeps is not None and self._beeps.feed(frame) is not None:
            self.beep_ended_at = self.frames

    def has_beep_since(self, frame: int) -> bool:
        """Say whether a beep has ended at this frame or later."""
        return self.beep_ended_at is not None and self.beep_ended_at >= frame

    def is_quiet(self) -> bool:
        """Say whether the machine has said nothing for so long that no beep will come."""
        return self._beeps is None or self._beeps.silence_ms >= QUIET_MS

    def give_up(self) -> Verdict:
        """Decide now."""
        return self._detector.give_up()

    def evidence(self) -> Mapping[str, Any]:
        """Return what led to the verdict."""
        return self._detector.evidence()


class Ear:
    """Listens to one call. The tap is closed and deleted as soon as it has served, unless its audio is kept."""

    def __init__(
        self,
        channel: Channel,
        attempt_id: str,
        tap_dir: Path,
        detector: Detector,
        keep: Callable[[Verdict, Mapping[str, Any]], None],
        beeps: BeepDetector | None = None,
        wishes: Wishes | None = None,
    ) -> None:
        self._channel = channel
        self._attempt_id = attempt_id
        self._tap = Tap(path_for(tap_dir, attempt_id))
        self._wishes = wishes or Wishes()
        self._detector = Both(detector, beeps if self._wishes.awaits_beep else None)
        self._keep = keep
        self._watch: Watch | None = None
        self._started_at = 0.0
        self._is_tapped = False
        self._said: tuple[Verdict, Mapping[str, Any]] | None = None

    def decide(self) -> Verdict | None:
        """Listen until it is clear who answered; None: the callee hung up first."""
        self._start()
        try:
            verdict = listening.listen(self._channel, self._detector, self._tap)
        except BaseException:
            self.stop()
            raise
        return self._decided(verdict)

    def listen_on(self) -> None:
        """Listen while the call goes on; a verdict that ends the message interrupts the prompt that plays."""
        self._start()
        self._watch = Watch(self._detector, self._tap, self._channel.interrupt, self._wishes.cut_short)

    def overheard(self) -> Verdict | None:
        """Return what listening on has decided, once; None: nothing yet, told already, or nobody listens."""
        if self._watch is None or not self._watch.is_done():
            return None
        verdict = self._watch.stop()
        self._watch = None
        return self._decided(verdict)

    def wait_for_beep(self, longest_ms: int) -> Waited:
        """Listen on for the end of the machine's beep, also of one that came with the verdict."""
        began = time.monotonic()
        try:
            beep = self._await_beep(began + longest_ms / 1000)
        finally:
            self.stop()
        waited_ms = round((time.monotonic() - began) * 1000)
        ended_at = self._detector.beep_ended_at
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
        since = self._detector.frames - FRESH_BEEP_MS // FRAME_MS
        self._channel.wait(FRAME_MS)  # takes an interruption that came too late for its prompt, or it cuts the message
        while self._channel.is_up():
            if self._channel.has_key():
                return Waited.KEY
            for frame in self._tap.frames():
                self._detector.feed_beeps(frame)
            if self._detector.has_beep_since(since):
                return Waited.HEARD
            if self._detector.is_quiet() or time.monotonic() >= deadline:
                return Waited.NONE
            self._channel.wait(BEEP_POLL_MS)
        return Waited.HUNG_UP

    def stop(self) -> None:
        """Listen no more."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if self._is_tapped and not self._wishes.keeps_audio:
            self._is_tapped = False
            self._channel.stop_recording(self._tap.path)
            self._tap.remove()

    def _start(self) -> None:
        self._channel.start_tap(self._tap.path, self._wishes.tap_s if self._wishes.keeps_audio else 0)
        self._is_tapped = True
        self._started_at = time.monotonic()

    def _decided(self, verdict: Verdict | None) -> Verdict | None:
        """Keep the evidence; the tap stays only where a beep is awaited on it."""
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
            self._said = verdict, evidence
        if not (verdict is Verdict.MACHINE and self._wishes.awaits_beep):
            self.stop()
        return verdict


class Watch:
    """Runs the listening loop on a thread of its own: the call's thread is inside the switch, playing."""

    def __init__(self, detector: Detector, tap: Tap, interrupt: Callable[[], None], cut_short: frozenset[str]) -> None:
        self._over = threading.Event()
        self._verdict: Verdict | None = None
        self._detector = detector
        self._tap = tap
        self._interrupt = interrupt
        self._cut_short = cut_short
        self._thread = start_thread("listening", self._run)

    def is_done(self) -> bool:
        """Say whether it has decided, or failed."""
        return not self._thread.is_alive() or self._verdict is not None

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
            if self._verdict is not None and self._verdict in self._cut_short:
                self._interrupt()
        except Exception:
            logger.exception(FAILED)
