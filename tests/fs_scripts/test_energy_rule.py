"""The energy rule on made-up audio: what it can tell apart, and what it honestly can't."""

import numpy as np
import pytest

from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES, Verdict
from fs_scripts.amd.energy import LONG_SPEECH_MS, NO_SPEECH_MS, PAUSE_MS, EnergyDetector

SPEECH, SILENCE, NOISE = 3000, 8, 60
"""RMS of int16 samples; A-law's silence is not zero."""


def audio(*parts: tuple[int, int], seed: int = 1) -> np.ndarray:
    """Return noise-like audio of (RMS, duration in ms) parts."""
    chance = np.random.default_rng(seed)
    return np.concatenate([chance.normal(0, level, ms * 8) for level, ms in parts]).astype(np.int16)


def decide(samples: np.ndarray) -> tuple[Verdict | None, int]:
    """Feed the audio; return the verdict and the milliseconds it took."""
    detector = EnergyDetector()
    for number, start in enumerate(range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES), start=1):
        verdict = detector.feed(samples[start : start + FRAME_SAMPLES])
        if verdict is not None:
            return verdict, number * FRAME_MS
    return None, len(samples) // 8


@pytest.mark.parametrize("background", [0, SILENCE, NOISE])
def test_a_short_answer_and_silence_is_a_person(background):
    verdict, ms = decide(audio((background, 300), (SPEECH, 500), (background, 2000)))
    assert verdict is Verdict.HUMAN
    assert ms == pytest.approx(800 + PAUSE_MS, abs=60)


def test_an_answer_that_begins_at_once_is_heard():
    assert decide(audio((SPEECH, 600), (SILENCE, 2000)))[0] is Verdict.HUMAN


@pytest.mark.parametrize("background", [0, SILENCE, NOISE])
def test_long_speech_is_a_machine(background):
    verdict, ms = decide(audio((background, 200), (SPEECH, 6000)))
    assert verdict is Verdict.MACHINE
    assert ms == pytest.approx(200 + LONG_SPEECH_MS, abs=60)


def test_short_pauses_do_not_end_an_utterance():
    syllables = [(SPEECH, 400), (SILENCE, 200)] * 6
    assert decide(audio(*syllables))[0] is Verdict.MACHINE


def test_nothing_heard_is_unsure():
    assert decide(audio((SILENCE, 5000))) == (Verdict.UNSURE, NO_SPEECH_MS)


def test_a_click_is_no_answer():
    assert decide(audio((SILENCE, 300), (SPEECH, 40), (SILENCE, 3000)))[0] is Verdict.UNSURE


def test_giving_up_is_unsure_even_in_the_middle_of_speech():
    detector = EnergyDetector()
    assert detector.feed(audio((SPEECH, 20))) is None
    assert detector.give_up() is Verdict.UNSURE
    assert detector.evidence()["verdict"] is Verdict.UNSURE


def test_the_verdict_does_not_depend_on_what_comes_later():
    short = audio((SILENCE, 300), (SPEECH, 500), (SILENCE, 3000))
    verdict, ms = decide(short)
    assert decide(short[: (ms + FRAME_MS) * 8]) == (verdict, ms)
