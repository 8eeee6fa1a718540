"""Calls in proportion to the people who take them: a table of cases for the one decision."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialer.adaptive_pacing import (
    STALE_AFTER,
    WARM_UP_CALLS,
    Live,
    News,
    PacingMode,
    PacingRules,
    PacingState,
    decide,
    learn,
    reset,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PREDICTIVE = PacingRules(PacingMode.PREDICTIVE, 20)
KNOWN = PacingState(calls=500, transfers=200, hit_rate=0.3, quick_hit_rate=0.3, caution=1.0, heard_at=NOW)
TRIPPED = replace(KNOWN, is_tripped=True)
QUIET = News()


def start(rules: PacingRules, live: Live, state: PacingState = KNOWN, news: News = QUIET, most: int = 1000) -> int:
    return decide(rules, live, news, state, most, NOW).start


def test_fixed_starts_what_the_limits_allow():
    assert start(PacingRules(PacingMode.FIXED, 0), Live(5, 5), most=7) == 7


@pytest.mark.parametrize(
    ("lines_per_operator", "live", "expected"),
    [
        (1.0, Live(lines=0, talking=12), 8),
        (1.0, Live(lines=5, talking=12), 3),
        (1.5, Live(lines=0, talking=12), 12),
        (1.0, Live(lines=0, talking=12, waiting=3), 5),
        (3.0, Live(lines=0, talking=20), 0),
        (1.0, Live(lines=9, talking=12), 0),
        (1.0, Live(lines=0, talking=25), 0),
    ],
)
def test_progressive_keeps_its_lines_for_each_free_operator(lines_per_operator, live, expected):
    assert start(PacingRules(PacingMode.PROGRESSIVE, 20, lines_per_operator), live) == expected


def test_nothing_starts_beyond_the_limits_or_for_nobody():
    assert start(PREDICTIVE, Live(0, 0), most=3) == 3
    assert start(PREDICTIVE, Live(0, 0), most=0) == 0
    assert start(replace(PREDICTIVE, operators=0), Live(0, 0)) == 0


def test_predictive_dials_more_than_one_line_an_operator_and_counts_on_those_who_will_be_free():
    assert start(PREDICTIVE, Live(0, 10)) > 10
    assert start(PREDICTIVE, Live(0, 20), replace(KNOWN, talk_s=20.0)) > 0
    assert start(PREDICTIVE, Live(0, 20, waiting=20)) == 0


@pytest.mark.parametrize("talking", [0, 5, 10, 19])
def test_predictive_never_dials_less_than_a_line_each(talking):
    assert start(PREDICTIVE, Live(0, talking), replace(KNOWN, hit_rate=1.0, caution=20.0)) >= 20 - talking


def test_the_more_callees_ask_the_fewer_lines_it_takes():
    lines = [start(PREDICTIVE, Live(0, 10), replace(KNOWN, hit_rate=p, quick_hit_rate=p)) for p in (0.1, 0.2, 0.4, 0.8)]
    assert lines == sorted(lines, reverse=True)
    assert len(set(lines)) == 4


def test_a_lower_cap_and_more_caution_mean_fewer_lines():
    usual = start(PREDICTIVE, Live(0, 10))
    assert start(replace(PREDICTIVE, abandon_cap=0.005), Live(0, 10)) < usual
    assert start(PREDICTIVE, Live(0, 10), replace(KNOWN, caution=10.0)) < usual


def test_the_higher_of_the_two_rates_is_believed():
    assert start(PREDICTIVE, Live(0, 10), replace(KNOWN, quick_hit_rate=0.6)) < start(PREDICTIVE, Live(0, 10))
    assert start(PREDICTIVE, Live(0, 10), replace(KNOWN, quick_hit_rate=0.1)) == start(PREDICTIVE, Live(0, 10))


def test_predictive_is_progressive_until_it_is_warm():
    cold = replace(KNOWN, calls=WARM_UP_CALLS - 1)
    found = decide(PREDICTIVE, Live(0, 10), QUIET, cold, 1000, NOW)
    assert (found.start, found.by) == (10, PacingMode.PROGRESSIVE)
    warm = decide(PREDICTIVE, Live(0, 10), News(ended=1), cold, 1000, NOW)
    assert warm.by is PacingMode.PREDICTIVE


def test_what_was_learnt_before_a_long_silence_is_learnt_anew():
    later = NOW + STALE_AFTER + timedelta(seconds=1)
    assert decide(PREDICTIVE, Live(0, 10), QUIET, KNOWN, 1000, later).by is PacingMode.PROGRESSIVE
    assert decide(PREDICTIVE, Live(0, 10), QUIET, KNOWN, 1000, NOW + STALE_AFTER).by is PacingMode.PREDICTIVE


def test_it_learns_rates_and_durations():
    state = PacingState()
    for _ in range(100):
        state = learn(PREDICTIVE, News(10, 4, 0, 15.0, 90.0), state, NOW)
    assert state.hit_rate == pytest.approx(0.4)
    assert (state.reach_s, state.talk_s) == (pytest.approx(15), pytest.approx(90))
    assert (state.calls, state.transfers, state.heard_at) == (1000, 400, NOW)
    turned = learn(PREDICTIVE, News(20, 0), state, NOW)
    assert turned.quick_hit_rate == pytest.approx(0.2)
    assert turned.hit_rate > 0.3


def abandoning(state: PacingState, share: float, transfers: int = 400) -> PacingState:
    for _ in range(transfers // 20):
        state = learn(PREDICTIVE, News(60, 20, round(20 * share), 20.0, 120.0), state, NOW)
    return state


def test_the_kill_switch_trips_above_the_cap_and_not_for_one_unlucky_callee():
    assert not abandoning(PacingState(), 0.0).is_tripped
    assert not learn(PREDICTIVE, News(30, 10, 5), PacingState(), NOW).is_tripped
    assert abandoning(PacingState(), 0.1).is_tripped


def test_tripped_it_never_dials_more_than_a_line_each_whatever_was_set():
    eager = replace(PREDICTIVE, lines_per_operator=3.0)
    found = decide(eager, Live(0, 10), QUIET, TRIPPED, 1000, NOW)
    assert (found.start, found.by) == (10, PacingMode.PROGRESSIVE)


def test_it_stays_tripped_however_good_the_rate_becomes_until_it_is_reset():
    tripped = abandoning(PacingState(), 0.1)
    good = abandoning(tripped, 0.0, 5000)
    assert good.abandon_rate < 0.001
    assert good.is_tripped
    assert decide(PREDICTIVE, Live(0, 10), QUIET, reset(good), 1000, NOW).state.is_tripped is False


def test_reset_while_the_rate_is_high_it_neither_trips_again_nor_predicts_until_the_rate_is_half_the_cap():
    state = learn(PREDICTIVE, News(1), reset(abandoning(PacingState(), 0.1)), NOW)
    assert (state.is_tripped, state.is_reset) == (False, True)
    assert decide(PREDICTIVE, Live(0, 10), QUIET, state, 1000, NOW).by is PacingMode.PROGRESSIVE
    better = abandoning(state, 0.0, 3000)
    assert (better.is_tripped, better.is_reset) == (False, False)
    assert decide(PREDICTIVE, Live(0, 10), QUIET, better, 1000, NOW).by is PacingMode.PREDICTIVE
    assert abandoning(better, 0.1, 2000).is_tripped


def test_caution_grows_with_each_abandoned_callee_and_fades_with_each_served():
    worse = learn(PREDICTIVE, News(10, 5, 3), KNOWN, NOW)
    assert worse.caution > KNOWN.caution
    assert learn(PREDICTIVE, News(1000, 300, 0), worse, NOW).caution == 1.0


def test_resetting_what_has_not_tripped_changes_nothing():
    assert reset(KNOWN) is KNOWN


def test_clocks_that_disagree_do_not_stop_the_dialing():
    assert start(PREDICTIVE, Live(0, 10), replace(KNOWN, reach_s=-1e9, talk_s=-5.0)) >= 10


@pytest.mark.parametrize("operators", [1_000, 2_000, 10_000])
@pytest.mark.parametrize("share_in_talk", [0.0, 0.5, 1.0])
def test_thousands_of_operators_are_paced(operators, share_in_talk):
    talking = round(operators * share_in_talk)
    lines = start(replace(PREDICTIVE, operators=operators), Live(0, talking), most=1_000_000)
    free_soon = operators - talking * math.exp(-0.5 * KNOWN.reach_s / KNOWN.talk_s)
    assert free_soon <= lines <= 10 * operators
    assert 0.8 * free_soon <= lines * KNOWN.hit_rate <= 1.02 * free_soon, (
        "as many as will ask are free, with some to spare"
    )


@pytest.mark.parametrize("share_in_talk", [0.0, 0.5, 0.9])
def test_the_many_are_paced_as_the_few(share_in_talk, monkeypatch):
    """Either way of counting chances finds the same to two lines."""
    rules, live = replace(PREDICTIVE, operators=100), Live(0, round(100 * share_in_talk))
    summed = start(rules, live)
    monkeypatch.setattr("dialer.adaptive_pacing.MANY_OPERATORS", 99)
    assert start(rules, live) == pytest.approx(summed, abs=2)
