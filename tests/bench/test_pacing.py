"""The simulation of pacings can tell a good rule from a bad one: faults planted in the rule are found."""

from dataclasses import replace

import pytest

from bench.pacing.__main__ import CAP, OPERATORS, broken, last_line, scene
from bench.pacing.chart import recent_share
from bench.pacing.simulator import Minute, Run, simulate
from dialer.adaptive_pacing import PacingMode, PacingRules, decide

SECONDS = 4200  # into the second hour, a little


def run(mode: PacingMode, rule=decide) -> Run:
    return simulate(PacingRules(mode, OPERATORS, 1.0, CAP), scene(mode, seconds=SECONDS), rule)


@pytest.fixture(scope="module")
def progressive() -> Run:
    return run(PacingMode.PROGRESSIVE)


def test_predictive_keeps_the_cap_and_its_operators_busier(progressive):
    runs = {PacingMode.PREDICTIVE: run(PacingMode.PREDICTIVE), PacingMode.PROGRESSIVE: progressive}
    assert broken(runs) == []
    assert last_line(runs).startswith("pacing: predictive ")


def test_a_rule_that_starts_twice_as_many_is_found_out(progressive):
    def reckless(rules, live, news, state, most, now):
        found = decide(rules, live, news, replace(state, is_tripped=False), most, now)
        return replace(found, start=min(most, 3 * found.start + 2))

    runs = {PacingMode.PREDICTIVE: run(PacingMode.PREDICTIVE, reckless), PacingMode.PROGRESSIVE: progressive}
    assert "abandoned" in broken(runs)


def test_a_rule_that_dares_nothing_is_found_out(progressive):
    def timid(rules, live, news, state, most, now):
        found = decide(rules, live, news, state, most, now)
        return replace(found, start=found.start // 2 if live.lines else found.start)

    def never(rules, live, news, state, most, now):
        return timid(replace(rules, mode=PacingMode.PROGRESSIVE), live, news, state, most, now)

    runs = {PacingMode.PREDICTIVE: run(PacingMode.PREDICTIVE, never), PacingMode.PROGRESSIVE: progressive}
    assert broken(runs) == ["occupancy"]


def test_nobody_asking_is_no_success():
    assert Run(PacingRules(PacingMode.PREDICTIVE, 1)).abandoned == 1.0


def test_the_share_shown_is_of_the_last_minutes():
    minutes = [Minute(transferred=10, abandoned=5), *(Minute(transferred=10) for _ in range(15))]
    assert recent_share(minutes, 0) == 0.5
    assert recent_share(minutes, 15) == 0.0
