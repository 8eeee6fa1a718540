"""A clock that was set is told from one that runs, whatever its answers took."""

import pytest

from dialer.clock_step import Distance, distance, follow

AHEAD_S = 1_000_000.0


def set_by(*answers: tuple[float, float, float]) -> list[float]:
    """answers: (asked, answered, by how much the other clock was set until then), seconds."""
    known: Distance | None = None
    found = []
    for asked, answered, was_set in answers:
        told = (asked + answered) / 2 + AHEAD_S + was_set
        known, by_s = follow(known, distance(told, asked, answered))
        found.append(by_s)
    return found


def test_a_clock_that_runs_was_never_set():
    assert set_by((0, 0.001, 0), (1, 1.002, 0), (2, 4, 0), (5, 5.001, 0), (9999, 9999.1, 0)) == [0] * 5


@pytest.mark.parametrize("by_s", [0.5, 3.0, 3600.0, -0.5, -3600.0])
def test_one_that_was_set_is_noticed_once(by_s):
    before, at, after = set_by((0, 0.001, 0), (1, 1.001, by_s), (2, 2.001, by_s))
    assert (before, after) == (0, 0)
    assert at == pytest.approx(by_s, abs=0.01)


def test_a_slow_answer_hides_it_only_until_the_next():
    assert set_by((0, 0.001, 0), (1, 11, 3), (12, 12.001, 3)) == [0, 0, pytest.approx(3, abs=0.02)]


@pytest.mark.parametrize("rate", [0.0005, -0.0005, 0.05, -0.05])
def test_one_that_is_corrected_slowly_was_not_set(rate):
    assert set_by(*((0.5 * n, 0.5 * n + 0.001, 0.5 * n * rate) for n in range(200))) == [0] * 200
