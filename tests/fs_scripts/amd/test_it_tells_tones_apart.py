"""Tones decide by themselves, in time, and never make a machine of a person."""

import numpy as np
import pytest

from fs_scripts.amd.detector import Verdict
from tests.fs_scripts.amd.sounds import decide, heard, silence, tone, voice

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
