"""The bench's figures are computed from verdicts: seeded faults move them as they must."""

from dataclasses import replace

import numpy as np
import pytest

from bench.amd import app_amd, texts, voices
from bench.amd.corpus import Item
from bench.amd.figures import Heard, quantile, summary, wilson
from fs_scripts.amd.detector import Verdict
from tests.fs_scripts.amd.sounds import heard, silence, voice


def item(label, number):
    return Item(f"{number}.wav", "test", label, "short", "ru", "v", 300, 900, 20.0, "white")


RIGHT = [
    *(Heard(item("human", n), Verdict.HUMAN, 1500, Verdict.HUMAN) for n in range(10)),
    *(Heard(item("machine", n), Verdict.MACHINE, 2500, Verdict.HUMAN) for n in range(8)),
    *(Heard(item("fax", n), Verdict.FAX, 600, Verdict.MACHINE) for n in range(2)),
]


def changed(heard, *numbers, verdict):
    return [replace(one, verdict=verdict) if n in numbers else one for n, one in enumerate(heard)]


def test_all_right_is_one_and_the_baseline_is_its_own():
    assert str(summary(RIGHT)) == ("bench-amd: balanced 1.000, humans lost 0.000, machine recall 1.000, baseline 0.600")


@pytest.mark.parametrize("verdict", [Verdict.MACHINE, Verdict.FAX])
def test_people_called_machines_are_lost(verdict):
    figures = summary(changed(RIGHT, 0, 1, verdict=verdict))
    assert (figures.humans_lost, figures.machine_recall, figures.balanced) == (0.2, 1.0, 0.9)


def test_an_unsure_person_is_not_lost_and_an_unsure_machine_is_missed():
    assert summary(changed(RIGHT, 0, verdict=Verdict.UNSURE)).humans_lost == 0
    assert summary(changed(RIGHT, 10, 11, verdict=Verdict.UNSURE)).machine_recall == 0.8


def test_the_interval_is_wilsons():
    assert wilson(95, 100) == pytest.approx((0.888, 0.978), abs=0.001)
    assert wilson(0, 10)[0] == 0


def test_quantiles_are_of_the_values():
    assert [quantile([3, 1, 2], part) for part in (0.5, 0.95)] == [2, 3]


def test_the_baseline_tells_a_short_answer_from_a_long_greeting():
    assert app_amd.decide(heard(silence(300), voice(500)))[0] is Verdict.HUMAN
    assert app_amd.decide(heard(silence(300), voice(6000)))[0] is Verdict.MACHINE
    assert app_amd.decide(heard(silence(6000))) == (Verdict.MACHINE, app_amd.INITIAL_SILENCE_MS)


def test_no_text_and_no_voice_is_in_two_parts():
    for language in ("ru", "en"):
        every = [
            {line.lower() for kind in (*texts.PERSON, *texts.MACHINE) for line in texts.of(part, language, kind)}
            for part in texts.PARTS
        ]
        assert all(every)
        assert sum(map(len, every)) == len(set.union(*every))
    names = [str(voice) for voice in voices.VOICES]
    assert len(names) == len(set(names))


def test_a_line_is_filled_with_its_own_parts_names():
    chance = np.random.default_rng(1)
    line = "[Good/Bad] day, {firm}, {name}"
    for part in texts.PARTS:
        firms = "|".join(texts.lines("en")[f"{texts.speakers(part)} firm"]).split("|")
        said = texts.filled(chance, part, "en", line)
        assert said.split(", ")[0] in {"Good day", "Bad day"}
        assert said.split(", ")[1] in firms


def test_an_item_says_in_which_frames_the_callee_speaks():
    assert replace(item("human", 1), speech="2-3 5-5").is_speech(7).tolist() == [0, 0, 1, 1, 0, 1, 0]
