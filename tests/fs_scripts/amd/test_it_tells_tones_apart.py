"""Tones decide by themselves, in time, and never make a machine of a person."""

import numpy as np
import pytest

from fs_scripts.amd.detector import FRAME_SAMPLES, Verdict
from fs_scripts.amd.signals import Signals
from fs_scripts.amd.spectrum import Analyser
from tests.fs_scripts.amd.sounds import RATE, decide, heard, silence, tone, voice

SIT = [tone(950, 330), tone(1400, 330), tone(1800, 330)]


def noisy(samples, level):
    return (samples + np.random.default_rng(5).normal(0, level, len(samples))).astype(np.int16)


def test_the_special_information_tone_is_a_machine_within_400_ms():
    verdict, at_ms = decide(heard(silence(500), *SIT))
    assert verdict is Verdict.MACHINE
    assert at_ms <= 900


@pytest.mark.parametrize("hertz", [440, 620, 800, 1000, 1400, 2000])
def test_a_beep_is_a_machine_also_in_noise(hertz):
    verdict, at_ms = decide(noisy(heard(silence(300), tone(hertz, 500)), 250))
    assert verdict is Verdict.MACHINE
    assert at_ms <= 700


@pytest.mark.parametrize(("hertz", "ms"), [(2100, 3000), (1100, 500)])
def test_a_fax_is_a_fax(hertz, ms):
    verdict, at_ms = decide(heard(silence(300), tone(hertz, ms)))
    assert verdict is Verdict.FAX
    assert at_ms <= 700


def test_busy_is_a_machine():
    cadence = [part for _ in range(6) for part in (tone(425, 350), silence(350))]
    assert decide(heard(silence(300), *cadence))[0] is Verdict.MACHINE


@pytest.mark.parametrize("ring_ms", [800, 1000])
def test_ring_back_after_the_answer_is_no_machine_and_the_person_after_it_a_person(ring_ms):
    assert decide(heard(silence(200), tone(425, ring_ms), silence(600), voice(600)))[0] is Verdict.HUMAN
    assert decide(heard(silence(200), tone(425, ring_ms), silence(3200), tone(425, ring_ms)))[0] is Verdict.UNSURE


@pytest.mark.parametrize(
    "ring",
    [
        [tone((440, 480), 2000)],
        [tone((440, 480), 700)],
        [tone((400, 450), 400), silence(200), tone((400, 450), 400)],
    ],
)
@pytest.mark.parametrize("noise", [0, 150])
def test_neither_is_the_ring_back_of_other_countries(ring, noise):
    assert decide(noisy(heard(silence(200), *ring, silence(500), voice(500)), noise))[0] is Verdict.HUMAN
    assert decide(noisy(heard(silence(200), *ring, silence(8000)), noise))[0] is Verdict.UNSURE


@pytest.mark.parametrize(("hertz", "ms"), [(425, 350), (425, 500), (425, 200), (400, 375), ((480, 620), 500)])
def test_every_busy_is_a_machine_by_its_second_tone(hertz, ms):
    cadence = [part for _ in range(6) for part in (tone(hertz, ms), silence(ms))]
    verdict, at_ms = decide(heard(silence(300), *cadence))
    assert verdict is Verdict.MACHINE
    assert at_ms <= 300 + 2 * ms + 200


def gliding(low_hz, high_hz, ms):
    """Return a tone that wanders up and down, as the second overtone of a woman's voice does."""
    at = np.arange(ms * 8) / RATE
    hertz = (low_hz + high_hz) / 2 + (high_hz - low_hz) / 2 * np.sin(2 * np.pi * 5 * at)
    return np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * 3000


def kind_of(*parts):
    """Return what decided by itself, nothing when no tone did."""
    samples, signals, analyser = heard(silence(300), *parts), Signals(), Analyser()
    for start in range(0, len(samples), FRAME_SAMPLES):
        if any(signals.hear(sound) for sound in analyser.analyse(samples[start : start + FRAME_SAMPLES])):
            return signals.kind
    return ""


@pytest.mark.parametrize(("low_hz", "high_hz"), [(398, 434), (404, 430), (415, 435)])
@pytest.mark.parametrize("ms", [200, 300])
def test_a_voice_that_wanders_about_425_hz_in_syllables_is_no_busy(low_hz, high_hz, ms):
    assert kind_of(*[part for _ in range(6) for part in (gliding(low_hz, high_hz, ms), silence(ms))]) == ""
    assert kind_of(*[part for _ in range(6) for part in (tone(425, ms), silence(ms))]) == "425 Hz"


def test_two_steady_tones_of_different_pitch_are_no_busy():
    assert kind_of(*[part for hertz in (405, 430) * 3 for part in (tone(hertz, 300), silence(300))]) == ""


def test_a_ring_that_the_answer_cut_is_no_busy():
    assert decide(heard(tone(425, 400), silence(4000)))[0] is Verdict.UNSURE


@pytest.mark.parametrize("key", [(697, 1209), (770, 1336), (941, 1477), (852, 1633)])
def test_a_key_is_a_person_at_once(key):
    verdict, at_ms = decide(heard(silence(300), tone(key, 100)))
    assert verdict is Verdict.HUMAN
    assert at_ms <= 500


def test_a_key_after_long_speech_is_still_a_person():
    assert decide(heard(silence(300), voice(500), tone((697, 1209), 120)))[0] is Verdict.HUMAN


def test_two_tones_that_are_no_key_are_no_person_at_once():
    verdict, at_ms = decide(heard(silence(300), tone((697, 770), 300)))
    assert (verdict, at_ms) != (Verdict.HUMAN, 400)
