"""The thread that listens to every answered call at once, and what it knows of each."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fs_scripts.amd import together
from fs_scripts.amd.detector import Frame, Verdict
from fs_scripts.amd.network import Listening
from fs_scripts.amd.spectrum import Analyser, Sound
from fs_scripts.amd.together import Detector

logger = logging.getLogger(__name__)

LONGEST_S = 3.75
"""The message must begin within 4 s of the answer, so listening ends before that."""
POLL_S = 0.05
FAILED = "listening failed, whoever answered is treated as a person"


class BeepDetector(Protocol):
    """A pure state machine like the detector's, which hears the same sounds."""

    @property
    def silence_ms(self) -> int:
        """Return how long nobody has spoken."""

    def hear(self, sound: Sound) -> object | None:
        """Take the next frame; return the beep that has just ended."""


class Tap(Protocol):
    """Where the call's audio comes from, as fs_scripts.amd.tap.Tap offers it."""

    def frames(self) -> Iterable[Frame]:
        """Return every whole frame that came since the last time."""


class Listener:
    """One call: feeds its detector and, where a beep will matter, the beep detector, each sound once to both.

    It is the listening thread's from `Listeners.start` until it has a verdict or `Listeners.stop` has returned.
    """

    def __init__(self, tap: Tap, detector: Detector, beeps: BeepDetector | None = None) -> None:
        self.verdict: Verdict | None = None
        self.frames = 0
        self.beep_ended_at: int | None = None
        self.deadline = 0.0
        self.told: Callable[[Verdict], None] = _nobody
        self._tap, self._detector, self._beeps = tap, detector, beeps
        self._has_failed = False

    @property
    def analyser(self) -> Analyser:
        """Return the detector's."""
        return self._detector.analyser

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        """Return the detector's full block."""
        return self._detector.samples

    @property
    def is_done(self) -> bool:
        """Say that nothing more is to be heard: it has decided, or it broke."""
        return self._has_failed or self._detector.is_done

    def new_frames(self) -> Iterator[Frame]:
        """Yield what came since the last time; what is not taken comes again."""
        with self.guarded():
            yield from self._tap.frames()

    def take(self, frame: Frame) -> bool:
        """Take the next 20 ms; True: the detector's block is full."""
        with self.guarded():
            return self._detector.take(frame)
        return False

    def analysed(self, sounds: Sequence[Sound]) -> Listening | None:
        """Hand the block's sounds to both detectors."""
        with self.guarded():
            self._hear_beeps(sounds)
            return self._detector.analysed(sounds)
        return None

    def understood(self, speech: Sequence[float]) -> None:
        """Hand the detector what the network says."""
        with self.guarded():
            self._detector.understood(speech)

    def decide(self, *, is_over: bool) -> Verdict | None:
        """Return the verdict, None when there is none yet; is_over: now or never."""
        with self.guarded():
            self.verdict = self._detector.give_up() if is_over and not self.is_done else self._detector.verdict
        if self._has_failed:
            self.verdict = Verdict.UNSURE
        return self.verdict

    def evidence(self) -> dict[str, Any]:
        """Return what led to the verdict."""
        return {"reason": "failed"} if self._has_failed else dict(self._detector.evidence())

    def hear_beeps(self) -> None:
        """Go on after the verdict, for the beep alone; on the call's own thread."""
        frames = list(self._tap.frames())
        if frames:
            self._hear_beeps(self.analyser.analyse(np.concatenate(frames)))

    def has_beep_since(self, frame: int) -> bool:
        """Say whether a beep has ended at this frame or later."""
        return self.beep_ended_at is not None and self.beep_ended_at >= frame

    def silence_ms(self) -> int:
        """Return how long nobody has spoken, as far as the beep detector knows."""
        return self._beeps.silence_ms if self._beeps else 0

    def _hear_beeps(self, sounds: Sequence[Sound]) -> None:
        for sound in sounds:
            self.frames += 1
            if self._beeps is not None and self._beeps.hear(sound) is not None:
                self.beep_ended_at = self.frames

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """One call's failure is not the others'."""
        try:
            yield
        except Exception:
            logger.exception(FAILED)
            self._has_failed = True


class Listeners:
    """All calls that are being listened to. One detector for many calls costs a third of one for each."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: set[Listener] = set()
        self._round = threading.Lock()
        self._some = threading.Event()

    def start(self, listener: Listener, told: Callable[[Verdict], None] | None = None) -> None:
        """Listen to this call until there is a verdict, at most LONGEST_S; `told` then runs on the listening thread."""
        listener.deadline = self._clock() + LONGEST_S
        listener.told = told or _nobody
        self._calls.add(listener)
        self._some.set()

    def stop(self, listener: Listener) -> Verdict | None:
        """Listen to this call no more; return its verdict, None when there is none."""
        with self._round:
            self._calls.discard(listener)
        return listener.verdict

    def listen(self) -> None:
        """Hear what every call has said since the last time, and decide where that can be done."""
        with self._round:
            calls = list(self._calls)
            together.feed([(one, one.new_frames()) for one in calls])
            now = self._clock()
            for one in calls:
                verdict = one.decide(is_over=now >= one.deadline)
                if verdict is not None:
                    self._calls.discard(one)
                    with one.guarded():
                        one.told(verdict)

    def run(self) -> None:
        """Listen for as long as the switch lives. Never raises."""
        while True:
            self._some.wait()
            self._some.clear()
            while self._calls:
                try:
                    self.listen()
                except Exception:
                    logger.exception(FAILED)
                time.sleep(POLL_S)


def _nobody(verdict: Verdict) -> None:
    """Nobody waits to be told."""
