"""Speech and silence, the longest waits, and that a verdict never depends on what comes later."""

from pathlib import Path

import numpy as np
import pytest

import sipp
from fs_scripts.amd.bars import WAITS, Bars
from fs_scripts.amd.decision import AnswerDetector, speech_verdict
from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES, Verdict
from fs_scripts.amd.sound_file import read
from tests.fs_scripts.amd.sounds import decide, heard, silence, tone, voice

VOICES = Path(sipp.__file__).parent / "voices"


@pytest.mark.parametrize("length_ms", [300, 600, 1000])
@pytest.mark.parametrize("level", [400, 3000, 9000])
@pytest.mark.parametrize("pitch", [110, 210])
def test_a_short_answer_and_silence_is_a_person_however_loud(length_ms, level, pitch):
    verdict, at_ms = decide(heard(silence(400), voice(length_ms, pitch, level)))
    assert verdict is Verdict.HUMAN
    assert at_ms <= 400 + length_ms + 1500


@pytest.mark.parametrize("name", ["machine_ru", "machine_ru_2"])
def test_a_machines_greeting_is_a_machine_in_time(name):
    verdict, at_ms = decide(heard(silence(100), read(VOICES / f"{name}.wav")))
    assert verdict is Verdict.MACHINE
    assert at_ms <= WAITS.longest_ms


@pytest.mark.parametrize("level", [0, 8, 150])
def test_nothing_heard_is_unsure(level):
    noise = np.random.default_rng(1).normal(0, level, 64_000).astype(np.int16)
    assert decide(noise) == (Verdict.UNSURE, WAITS.nothing_ms)


@pytest.mark.parametrize("before_ms", [0, 500])
@pytest.mark.parametrize("value", [1, 8, -8, 300])
def test_a_line_that_idles_at_one_value_is_nobody(before_ms, value):
    idle = np.full(48_000, value, np.int16)  # A-law has no zero: its silence is 8
    assert decide(np.concatenate([silence(before_ms), idle])) == (Verdict.UNSURE, WAITS.nothing_ms)


def test_a_click_is_no_machine():
    assert decide(heard(silence(300), voice(20), silence(4000)))[0] in {Verdict.UNSURE, Verdict.HUMAN}


def test_whatever_is_heard_the_wait_ends_in_time():
    late = heard(silence(2800), voice(3000))
    assert decide(late)[1] <= WAITS.longest_ms


def test_giving_up_before_anything_was_heard_is_unsure():
    detector = AnswerDetector()
    detector.feed(np.zeros(FRAME_SAMPLES, np.int16))
    assert detector.give_up() is Verdict.UNSURE
    assert detector.evidence()["reason"] == "nothing heard"


@pytest.mark.parametrize(
    "parts",
    [
        (silence(300), voice(500)),
        (silence(300), voice(6000)),
        (silence(300), tone(1000, 400)),
        (silence(300), voice(400), tone(440, 400)),
        (silence(4000),),
        (silence(2500), voice(3000)),
    ],
)
def test_the_verdict_stays_when_the_audio_is_cut_20_ms_later(parts):
    samples = heard(*parts)
    verdict, at_ms = decide(samples)
    assert decide(samples[: (at_ms + FRAME_MS) * 8]) == (verdict, at_ms)


def test_the_evidence_says_what_decided():
    detector = AnswerDetector()
    samples = heard(silence(300), voice(500))
    for start in range(0, len(samples), FRAME_SAMPLES):
        if detector.feed(samples[start : start + FRAME_SAMPLES]):
            break
    evidence = detector.evidence()
    assert evidence["verdict"] is Verdict.HUMAN
    assert evidence["onset_ms"] == pytest.approx(300, abs=60)
    assert evidence["features"]["speech"] == pytest.approx(0.5, abs=0.2)


BARS = Bars(silence_ms=500, doubt_ms=300, certain=0.95, certain_falls=0.1, certain_least=0.8, earliest_ms=1000)


@pytest.mark.parametrize(
    ("score", "since_ms", "trailing_ms", "verdict"),
    [
        (0.0, 900, 500, Verdict.HUMAN),
        (0.0, 900, 480, None),
        (0.5, 900, 780, None),  # doubt waits longer
        (0.5, 900, 800, Verdict.HUMAN),
        (0.94, 1000, 0, Verdict.MACHINE),
        (0.84, 1000, 0, None),
        (0.84, 1200, 0, Verdict.MACHINE),
        (0.99, 900, 0, None),  # too soon for any machine
        (0.79, 9000, 0, None),
    ],
)
def test_the_bars(score, since_ms, trailing_ms, verdict):
    assert speech_verdict(BARS, score, since_ms, trailing_ms) is verdict
