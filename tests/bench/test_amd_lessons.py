"""What the network is taught of a recording's words, and when."""

import numpy as np
import pytest

from bench.amd import lessons, opinions, phones, texts
from bench.amd.corpus import Item
from bench.amd.learning import Heard
from bench.amd.lessons import LATER, Names
from bench.amd.opinions import LABEL, MEANING, Opinion
from bench.amd.phones import Spoken
from bench.amd.traces import FRAME_COUNT, Recording

WORDS = ["good", "day", "leave", "word"]
WORD_FRAMES = 10
BEGINS = (20, 80)
"""The frames in which its two sentences of two words each begin."""


def item(label="machine", category="personal", end=4000):
    said = "400-800:good day|1600-2000:leave word"
    return Item("1.wav", "train", label, category, "en", "v", 400, end, 40.0, "white", "20-99", said=said)


@pytest.fixture
def recording(monkeypatch):
    """Two sentences, each frame with a colour of its word."""
    colours = np.random.default_rng(1).normal(-1, 0.8, (2 * WORD_FRAMES, 20)).astype(np.float32)
    at = np.repeat([0, 1], WORD_FRAMES)

    def spoken(text, language):
        return Spoken(colours, [f"s{number}" for number in at], at.tolist(), text.split(), text)

    monkeypatch.setattr(phones, "spoken", spoken)
    inputs = np.full((FRAME_COUNT, 22), -5, np.float32)
    for begin in BEGINS:
        inputs[begin : begin + 2 * WORD_FRAMES, :20] = colours
    return Recording(item(), np.zeros((FRAME_COUNT, 1), np.float32), inputs)


def test_a_texts_words_have_a_border_between_sentences():
    assert texts.words("Hi, it's Ann. Beep! Don't... go? ") == [
        "hi",
        "it's",
        "ann",
        ".",
        "beep",
        ".",
        "don't",
        ".",
        "go",
    ]


def test_it_counts_the_words_that_were_said_by_each_frame(recording):
    said = lessons.taught(recording, Names({"": 0, "s0": 1, "s1": 2}, {"": 0})).said
    assert lessons.words_of(recording.item) == ["good", "day", ".", "leave", "word"]
    first, second = (begin + LATER for begin in BEGINS)
    assert not said[: first + WORD_FRAMES - 1].any()
    assert set(said[first + WORD_FRAMES + 1 : first + 2 * WORD_FRAMES - 1]) == {1}
    assert set(said[first + 2 * WORD_FRAMES : second - 1]) == {2}
    assert set(said[second + 1 : second + WORD_FRAMES - 1]) == {3}
    assert set(said[second + 2 * WORD_FRAMES :]) == {5}


OPINION = Opinion(np.linspace(0.5, 1, 6, dtype=np.float32), np.arange(6)[:, None] * np.ones((6, MEANING), np.float32))
SAID = np.minimum(np.arange(FRAME_COUNT) // 20, 9)
HEARD = Heard(np.zeros(0, np.float32), np.zeros(0, np.float32))


def test_a_readers_opinion_tempers_the_label_until_a_person_is_silent():
    machine, meaning, is_meant = opinions.wanted(item(), HEARD, SAID, OPINION)
    assert machine[[0, 5, 39]] == pytest.approx([LABEL + (1 - LABEL) * sure for sure in (0.5, 0.6, 1.0)])
    assert meaning[[0, 5, 39], 0].tolist() == [0, 1, 5]
    assert is_meant[[0, 3, 4, 39]].tolist() == [0, 0, 1, 1]
    person, *_ = opinions.wanted(item("human", end=1000), HEARD, SAID, OPINION)
    assert person[[0, 5]] == pytest.approx([(1 - LABEL) * 0.5, (1 - LABEL) * 0.6])
    assert not person[13:].any()
    assert person[:12].all()


def test_a_machine_that_begins_as_a_person_is_one_as_soon_as_its_words_are():
    machine, *_ = opinions.wanted(item(category="trick"), HEARD, SAID, OPINION)
    assert machine[[0, 5, 39]] == pytest.approx([0.5, 0.6, 1.0])


def test_what_nobody_read_is_taught_by_its_label_alone():
    machine, _, is_meant = opinions.wanted(item(), HEARD, SAID, None)
    assert machine.tolist() == [1.0] * 40
    assert not is_meant.any()
