"""The baseline: the rule of Asterisk's AMD() with its documented defaults, written out from their description."""

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES, Verdict

SILENCE_THRESHOLD = 256
"""A frame whose mean magnitude is lower is silence."""
INITIAL_SILENCE_MS = 2500
GREETING_MS = 1500
AFTER_GREETING_SILENCE_MS = 800
TOTAL_ANALYSIS_MS = 5000
MIN_WORD_MS = 100
BETWEEN_WORDS_MS = 50
MAXIMUM_WORDS = 2
MAXIMUM_WORD_MS = 5000


def decide(samples: npt.NDArray[np.int16]) -> tuple[Verdict, int]:
    """Return the verdict and when it came, in ms; NOTSURE is `unsure`."""
    silence_ms = voice_ms = word_ms = words = 0
    has_greeting, in_word = False, False
    at_ms = 0
    for start in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        at_ms += FRAME_MS
        if at_ms > TOTAL_ANALYSIS_MS:
            return Verdict.UNSURE, TOTAL_ANALYSIS_MS
        is_silent = np.abs(samples[start : start + FRAME_SAMPLES].astype(np.int32)).mean() < SILENCE_THRESHOLD
        if is_silent:
            silence_ms += FRAME_MS
            if silence_ms >= BETWEEN_WORDS_MS:
                word_ms, in_word = 0, False
            if not has_greeting and silence_ms >= INITIAL_SILENCE_MS:
                return Verdict.MACHINE, at_ms
            if has_greeting and silence_ms >= AFTER_GREETING_SILENCE_MS:
                return Verdict.HUMAN, at_ms
            continue
        word_ms += FRAME_MS
        voice_ms += FRAME_MS
        if word_ms >= MIN_WORD_MS and not in_word:
            words, in_word, has_greeting = words + 1, True, True
        silence_ms = 0
        if words > MAXIMUM_WORDS or word_ms > MAXIMUM_WORD_MS or (has_greeting and voice_ms >= GREETING_MS):
            return Verdict.MACHINE, at_ms
    return Verdict.UNSURE, at_ms
