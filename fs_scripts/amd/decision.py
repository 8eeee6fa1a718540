"""The detector: tones decide at once; speech when the network is sure enough for how long it has gone on."""

from collections.abc import Mapping, Sequence
from typing import Any

from fs_scripts.amd import model, together
from fs_scripts.amd.bars import WAITS, Bars, Waits
from fs_scripts.amd.detector import FRAME_MS, Frame, Verdict
from fs_scripts.amd.network import Listening
from fs_scripts.amd.signals import Signals
from fs_scripts.amd.spectrum import Sound
from fs_scripts.amd.timeline import FEATURES, Timeline
from fs_scripts.amd.together import Block


class AnswerDetector(Block):
    """Listens to one call; decides only every 100 ms of audio, so a verdict never depends on what comes later."""

    def __init__(self, learnt: model.Model | None = None, waits: Waits = WAITS, bars: Bars | None = None) -> None:
        """Take the model and, where a campaign has its own, the longest waits and the bars."""
        super().__init__()
        self._network, self._calibration, learnt_bars = learnt or model.load()
        self._bars = bars or learnt_bars
        self._waits = waits
        self._listening = Listening(self._network)
        self._sounds: Sequence[Sound] = ()
        self.signals = Signals()
        self.timeline = Timeline()
        self.score = 0.5
        self.verdict: Verdict | None = None
        self.reason = ""

    @property
    def heard_ms(self) -> int:
        """Return the audio fed so far."""
        return self.fed * FRAME_MS

    @property
    def is_done(self) -> bool:
        """Say that it has decided."""
        return self.verdict is not None

    def feed(self, frame: Frame) -> Verdict | None:
        """Take the next 20 ms of this call alone."""
        together.feed([(self, [frame])])
        return self.verdict

    def analysed(self, sounds: Sequence[Sound]) -> Listening:
        """Take the block's sounds; the network always listens."""
        self._sounds = sounds
        return self._listening

    def understood(self, speech: Sequence[float]) -> None:
        """Take how likely each frame is speech, and decide."""
        for sound, likely in zip(self._sounds, speech, strict=True):
            if verdict := self.signals.hear(sound):
                self.score = 0.0 if verdict is Verdict.HUMAN else 1.0
                self._said(verdict, "signal")
                return
            self.timeline.hear(sound, likely, is_signal=self.signals.is_ring_back(sound))
        self._decide()

    def _decide(self) -> None:
        since_ms = self.timeline.since_onset_ms()
        if since_ms:
            self.score = self._calibration.probability(self._listening.machine)
            if verdict := speech_verdict(self._bars, self.score, since_ms, self.timeline.trailing_ms()):
                self._said(verdict, "speech")
        elif self.heard_ms - self.signals.last_ring_ms >= self._waits.nothing_ms:
            self._said(Verdict.UNSURE, "nothing heard")
        if self.verdict is None and self.heard_ms >= self._waits.longest_ms:
            self.give_up()

    def give_up(self) -> Verdict:
        """Decide now, on what was heard."""
        if self.timeline.onset is None:
            return self._said(Verdict.UNSURE, "nothing heard")
        return self._said(Verdict.MACHINE if self.score >= self._bars.even else Verdict.HUMAN, "longest wait")

    def _said(self, verdict: Verdict, reason: str) -> Verdict:
        self.verdict, self.reason = verdict, reason
        return verdict

    def evidence(self) -> Mapping[str, Any]:
        """Return what decided: score, times in milliseconds, tone and features."""
        has_spoken = self.timeline.onset is not None
        features = self.timeline.features() if has_spoken else []
        return {
            "detector": "network",
            "verdict": self.verdict,
            "reason": self.reason,
            "score": round(self.score, 3),
            "heard_ms": self.heard_ms,
            "onset_ms": (self.timeline.onset or 1) * FRAME_MS - FRAME_MS if has_spoken else None,
            "silence_ms": self.timeline.trailing_ms() if has_spoken else self.heard_ms,
            "segments": self.timeline.segments_ms(),
            "tone": self.signals.kind,
            "rings": self.signals.rings,
            "features": {name: round(value, 3) for name, value in zip(FEATURES, features, strict=False)},
        }


def speech_verdict(bars: Bars, score: float, since_onset_ms: int, trailing_ms: int) -> Verdict | None:
    """Return the verdict on speech, None to go on. Calling a person a machine is the dearer mistake."""
    if trailing_ms >= bars.silence_ms + bars.doubt_ms * 2 * score:
        return Verdict.HUMAN
    bar = max(bars.certain - bars.certain_falls * since_onset_ms / 1000, bars.certain_least)
    if since_onset_ms >= bars.earliest_ms and score >= bar:
        return Verdict.MACHINE
    return None
