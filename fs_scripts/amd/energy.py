"""The simplest honest rule, by energy alone: a short utterance and then silence is a person, long speech a machine.

It knows nothing of tones, voices or words: music and noise count as speech, and a person who talks for longer than
LONG_SPEECH_MS without a pause is called a machine. Whatever is not clear is `unsure`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fs_scripts.amd.detector import FRAME_MS, Frame, Verdict

LONG_SPEECH_MS = 2200
"""Speech of this length without a pause of PAUSE_MS is a machine's greeting."""
PAUSE_MS = 700
"""Silence of this length after speech: whoever spoke waits for an answer."""
NO_SPEECH_MS = 2500
"""Nothing heard for so long after the answer: unsure."""
SHORTEST_SPEECH_MS = 100
"""Less is a click or a breath."""

SPEECH_OVER_FLOOR = 3.0
"""A frame this many times louder than the noise floor is speech."""
LOUDEST_FLOOR = 200.0
"""The floor starts here and never rises above it (int16 RMS), so that a call that opens with speech is heard."""
QUIETEST_SPEECH = 120.0
"""Softer frames are silence whatever the floor is (int16 RMS)."""
FLOOR_RISE = 1.01
"""A frame lifts the floor by at most this factor; a softer one lowers it at once."""


class EnergyDetector:
    """Follows speech and pauses; one per call."""

    def __init__(self) -> None:
        self._floor = LOUDEST_FLOOR
        self._heard_ms = 0
        self._speech_ms = 0  # of the current utterance, short pauses included
        self._voiced_ms = 0
        self._silence_ms = 0  # since the utterance's last loud frame
        self._verdict: Verdict | None = None

    def feed(self, frame: Frame) -> Verdict | None:
        """Take the next 20 ms."""
        self._heard_ms += FRAME_MS
        if self._is_speech(frame):
            self._speech_ms += FRAME_MS + self._silence_ms
            self._voiced_ms += FRAME_MS
            self._silence_ms = 0
        elif self._speech_ms:
            self._silence_ms += FRAME_MS
        self._verdict = self._decide()
        return self._verdict

    def _is_speech(self, frame: Frame) -> bool:
        level = float(np.sqrt(np.mean(np.square(frame, dtype=np.float32))))
        threshold = max(self._floor * SPEECH_OVER_FLOOR, QUIETEST_SPEECH)
        self._floor = min(level if level < self._floor else self._floor * FLOOR_RISE, LOUDEST_FLOOR)
        self._floor = max(self._floor, 1.0)
        return level > threshold

    def _decide(self) -> Verdict | None:
        if self._silence_ms >= PAUSE_MS:
            if self._voiced_ms >= SHORTEST_SPEECH_MS:
                return Verdict.HUMAN
            self._speech_ms = self._voiced_ms = self._silence_ms = 0  # a click
        if self._speech_ms >= LONG_SPEECH_MS:
            return Verdict.MACHINE
        if not self._speech_ms and self._heard_ms >= NO_SPEECH_MS:
            return Verdict.UNSURE
        return None

    def give_up(self) -> Verdict:
        """Decide now; speech that is not yet long enough for a machine may be a person's."""
        self._verdict = Verdict.UNSURE
        return self._verdict

    def evidence(self) -> Mapping[str, Any]:
        """Return the times that decided, in milliseconds."""
        return {
            "detector": "energy",
            "verdict": self._verdict,
            "heard_ms": self._heard_ms,
            "speech_ms": self._speech_ms,
            "silence_ms": self._silence_ms,
            "noise_floor": round(self._floor, 1),
        }
