"""What is mixed into a recording while it is learnt sounds as it would on the line."""

import numpy as np
import pytest

from bench.amd import learning, mixing
from bench.amd.corpus import Item
from bench.amd.mixing import loud, mixed, speech_db
from bench.amd.traces import FRAME_COUNT, Recording, analysed
from fs_scripts.amd.colours import BANDS
from tests.fs_scripts.amd.sounds import heard, silence, voice

ONSET = 60
"""The frame in which the callee begins to speak."""
FIRST = 8
"""The frame in which our greeting begins."""


def recording(samples, first, label="machine"):
    return Recording(
        Item("1.wav", "train", label, "personal", "ru", "v", first * 20, 4000, 40.0, "white", f"{first}-{FRAME_COUNT}"),
        *analysed(samples),
    )


CALLEE = heard(silence(ONSET * 20), voice(1000, seed=2), silence(500), voice(2500, seed=4))
OURS = heard(voice(6000, 210, seed=3))


@pytest.fixture
def callee():
    return recording(CALLEE, ONSET, "human")


@pytest.fixture
def ours():
    return recording(OURS, 0)


@pytest.fixture
def only_echoes(monkeypatch):
    monkeypatch.setattr(mixing, "ECHOED", 1.0)
    monkeypatch.setattr(mixing, "BESIDE", 0.0)
    monkeypatch.setattr(mixing, "NOISY", 0.0)
    monkeypatch.setattr(mixing, "ECHO_DB", (-20.0, -20.0))
    monkeypatch.setattr(mixing, "ECHO_BEGINS_MS", (FIRST * 20, FIRST * 20 + 1))


def test_without_anything_else_the_inputs_stay_what_they_were(callee):
    assert loud(callee).inputs() == pytest.approx(callee.inputs, abs=1e-4)


def test_a_louder_line_is_the_same_to_the_network(callee):
    assert loud(callee).louder(12.0).inputs()[1:] == pytest.approx(callee.inputs[1:], abs=1e-4)


def test_two_sounds_are_as_loud_as_both_on_one_line(callee, ours):
    both = recording((CALLEE + 0.1 * OURS).astype(np.int16), ONSET)
    quieter = recording((0.1 * OURS).astype(np.int16), 0)
    made = mixed(loud(callee), loud(quieter))
    assert made.level_db == pytest.approx(both.sounds[:, 0], abs=4)
    assert np.abs(made.level_db - both.sounds[:, 0]).mean() < 0.5
    assert np.abs(made.inputs() - both.inputs).mean() < 0.1
    before, speaking = slice(FIRST, ONSET - 2), slice(ONSET + 10, 200)
    for part in (before, speaking):
        assert made.inputs()[part, BANDS].mean() == pytest.approx(both.inputs[part, BANDS].mean(), abs=0.05)


@pytest.mark.usefixtures("only_echoes")
def test_an_echo_is_as_loud_as_on_a_line_before_the_callee_speaks_and_while_he_does(callee, ours):
    late = np.concatenate([np.zeros(FIRST * 160), OURS])[: len(CALLEE)]
    line = recording((CALLEE + 0.1 * late).astype(np.int16), ONSET).inputs[:, BANDS]
    made = mixing.beside(np.random.default_rng(1), loud(callee), speech_db(callee), [ours]).inputs()[:, BANDS]
    assert np.quantile(line[FIRST + 5 : ONSET - 2], 0.8) > -0.6
    assert np.abs(made - line)[: ONSET - 2].mean() < 0.1
    assert np.abs(made - line)[ONSET + 2 : 200].mean() < 0.1
    pause = slice(ONSET + 55, ONSET + 73)
    assert made[pause].mean() > callee.inputs[pause, BANDS].mean() + 1


@pytest.mark.usefixtures("only_echoes")
def test_with_an_echo_only_the_callee_is_speech(callee, ours):
    made, known = learning.batch([callee, ours], np.random.default_rng(5))
    begins = round(known[0].place(ONSET))
    assert begins > FIRST
    assert not made.speech[:begins, 0].any()
    assert made.speech[begins + 1 :, 0].all()
