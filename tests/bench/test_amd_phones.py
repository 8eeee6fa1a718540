"""A recording of a sentence is laid beside espeak-ng's own: which sound is heard when."""

import numpy as np
import pytest

from bench.amd.phones import Spoken, beside

SOUNDS = 12
LENGTH = 5
"""Frames of each sound."""


def sentence() -> Spoken:
    """Return a sentence of as many sounds, each with a colour of its own."""
    colours = np.random.default_rng(1).normal(-1, 0.6, (SOUNDS, 20)).astype(np.float32)
    at = np.repeat(np.arange(SOUNDS), LENGTH)
    return Spoken(colours[at], [f"s{number}" for number in at], (at // 4).tolist(), ["one", "two", "three"])


@pytest.mark.parametrize("rate", [0.7, 1.0, 1.4])
@pytest.mark.parametrize("louder", [-0.8, 0.0, 0.5])
def test_another_pace_and_loudness_are_the_same_sounds(rate: float, louder: float) -> None:
    """Slower, faster, louder, on a duller line and with some noise, each frame finds its sound."""
    known = sentence()
    said = (np.arange(round(SOUNDS * LENGTH / rate)) * rate).astype(int)
    noise = np.random.default_rng(2).normal(0, 0.15, (len(said), 20)).astype(np.float32)
    heard = beside(known.bands[said] + louder + np.linspace(0, -0.5, 20, dtype=np.float32) + noise, known)
    right = [known.sounds[found] == known.sounds[true] for found, true in zip(heard, said, strict=True)]
    assert np.mean(right) > 0.9


def test_a_drawled_word_takes_its_frames_from_no_other() -> None:
    """A sound three times as long as espeak-ng's stays one sound."""
    known = sentence()
    said = np.concatenate([np.arange(20), np.repeat(np.arange(20, 25), 3), np.arange(25, 60)])
    heard = beside(known.bands[said], known)
    assert [known.at_word[at] for at in heard] == [known.at_word[at] for at in said]


def test_the_beginning_of_a_sentence_keeps_all_its_words() -> None:
    """What is cut off at a recording's end is laid beside as much of the sentence."""
    beginning = sentence().until(17)
    assert len(beginning.bands) == len(beginning.sounds) == len(beginning.at_word) == 17
    assert beginning.words == ["one", "two", "three"]
