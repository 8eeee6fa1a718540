"""A campaign's thresholds take the place of the bars that were learnt, and no others."""

import dataclasses

from dialer.amd import Thresholds
from fs_scripts.amd import model
from fs_scripts.amd.bars import WAITS
from fs_scripts.thresholds import applied


def test_without_any_everything_stays_as_it_was_learnt():
    assert applied(Thresholds()) == (model.load(), WAITS)


def test_certainty_moves_the_machines_bar_and_leaves_the_persons_alone():
    learnt = model.load().bars
    strict, lenient = (applied(Thresholds(certainty=percent))[0].bars for percent in (99, 60))
    assert (strict.certain_least, lenient.certain_least) == (0.99, 0.6)
    assert strict.certain >= learnt.certain >= lenient.certain >= lenient.certain_least
    assert strict.even >= learnt.even >= lenient.even
    assert strict.silence_ms == learnt.silence_ms


def test_times_are_taken_over():
    learnt, waits = applied(Thresholds(silence_ms=800, nothing_ms=2000, longest_ms=2500))
    assert learnt.bars == dataclasses.replace(model.load().bars, silence_ms=800.0)
    assert (waits.nothing_ms, waits.longest_ms) == (2000, 2500)
