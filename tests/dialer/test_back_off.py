"""A gateway slows down when its trunk refuses, speeds up bit by bit, rests when nothing gets through, tries again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialer.back_off import (
    FIRST_PAUSE_S,
    LEAST_SHARE,
    LONGEST_PAUSE_S,
    OPEN_AT_ROW,
    PROBE_CPS,
    REFUSALS,
    BreakerState,
    Health,
    Seen,
    judge,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HEALTHY = Health(judged_at=NOW, changed_at=NOW)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def refused(failures: int, tries: int, at: float, in_row: int = 0) -> Seen:
    return Seen(tries, failures, in_row, later(at), reason="NORMAL_TEMPORARY_FAILURE 503")


@pytest.mark.parametrize(
    ("seen", "share"),
    [
        (Seen(), 1.0),
        (Seen(tries=50), 1.0),
        (refused(1, 3, 0.5), 1.0),
        (refused(2, 40, 0.5), 1.0),
        (refused(2, 10, 0.5), 0.5),
        (refused(9, 30, 0.5), 0.5),
    ],
    ids=["no calls", "all well", "a single refusal", "some destinations are full", "a fifth", "nearly a third"],
)
def test_it_slows_down_when_the_trunk_refuses_more_than_a_few(seen, share):
    assert judge(HEALTHY, seen, later(1)).share == share


def test_a_cut_is_not_repeated_for_the_same_refusals_nor_within_two_seconds():
    once = judge(HEALTHY, refused(3, 10, 0.5), later(1))
    assert once.share == 0.5
    assert once.reason == "NORMAL_TEMPORARY_FAILURE 503"
    assert (once.failures, once.tries) == (3, 10)
    same = judge(once, refused(3, 10, 0.5), later(4))
    assert same.share > 0.5, "nothing new was refused"
    soon = judge(once, refused(4, 11, 1.5), later(2))
    assert soon.share == 0.5
    again = judge(soon, refused(5, 12, 2.5), later(3.5))
    assert again.share == 0.25


def test_it_never_stops_by_slowing_down_and_never_passes_its_limit():
    health = HEALTHY
    for step in range(1, 40):
        health = judge(health, refused(3, 10, step * 3 - 0.5), later(step * 3))
    assert health.share == LEAST_SHARE
    assert health.state is BreakerState.CLOSED
    for step in range(1, 60):
        health = judge(health, Seen(tries=10), later(120 + step))
        assert health.share <= 1
    assert health.share == 1
    assert health.calls_per_second(7) == 7


def test_speed_comes_back_bit_by_bit_and_a_pause_of_the_judges_is_no_leap():
    slow = replace(HEALTHY, share=0.2)
    assert judge(slow, Seen(), later(1)).share == pytest.approx(0.25)
    assert judge(slow, Seen(), later(3600)).share == pytest.approx(0.45)
    assert judge(slow, Seen(), later(-10)).share == 0.2


@pytest.mark.parametrize(
    ("seen", "opens"),
    [
        (refused(OPEN_AT_ROW - 1, OPEN_AT_ROW - 1, 0.5, in_row=OPEN_AT_ROW - 1), False),
        (refused(OPEN_AT_ROW, OPEN_AT_ROW, 0.5, in_row=OPEN_AT_ROW), True),
        (refused(13, 20, 0.5, in_row=3), False),
        (refused(14, 20, 0.5, in_row=3), True),
        (refused(9, 10, 0.5, in_row=3), False),
    ],
    ids=["nine in a row", "ten in a row", "two thirds of twenty", "seven tenths of twenty", "too few to say"],
)
def test_the_breaker_opens_when_nothing_gets_through(seen, opens):
    judged = judge(HEALTHY, seen, later(1))
    assert (judged.state is BreakerState.OPEN) == opens
    if opens:
        assert judged.open_until == later(1 + FIRST_PAUSE_S)
        assert judged.calls_per_second(50) == 0


def an_open_one() -> Health:
    return judge(HEALTHY, refused(10, 10, 0.5, in_row=10), later(1))


def test_an_open_breaker_waits_then_tries_with_single_calls():
    health = an_open_one()
    resting = judge(health, Seen(), later(FIRST_PAUSE_S))
    assert resting.state is BreakerState.OPEN
    trying = judge(resting, Seen(), later(FIRST_PAUSE_S + 1))
    assert trying.state is BreakerState.HALF_OPEN
    assert trying.calls_per_second(50) == PROBE_CPS
    assert trying.calls_per_second(0.1) == 0.1
    assert judge(trying, Seen(), later(FIRST_PAUSE_S + 30)).state is BreakerState.HALF_OPEN


def test_a_call_that_gets_through_closes_it_slowly():
    trying = judge(an_open_one(), Seen(), later(20))
    closed = judge(trying, Seen(probes_good=1), later(26))
    assert (closed.state, closed.share) == (BreakerState.CLOSED, LEAST_SHARE)
    old = refused(10, 11, 0.5, in_row=10)
    assert judge(closed, old, later(27)).state is BreakerState.CLOSED, "what failed before is paid for"
    assert judge(closed, Seen(tries=5), later(27)).share > LEAST_SHARE


def test_a_call_that_fails_opens_it_for_twice_as_long_up_to_five_minutes():
    health, at, pauses = an_open_one(), 1.0, []
    for _ in range(6):
        at += health.pause_s
        trying = judge(health, Seen(), later(at))
        health = judge(trying, Seen(probes_failed=1, last_failure_at=later(at)), later(at))
        assert health.state is BreakerState.OPEN
        assert health.reason == "NORMAL_TEMPORARY_FAILURE 503", "it still says why"
        pauses.append(health.pause_s)
    assert pauses == [30, 60, 120, 240, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_busy_and_silent_callees_are_no_refusals_of_the_trunk():
    assert {"NORMAL_CIRCUIT_CONGESTION", "RECOVERY_ON_TIMER_EXPIRE", "GATEWAY_DOWN"} <= set(REFUSALS)
    assert {"USER_BUSY", "NO_ANSWER", "CALL_REJECTED", "UNALLOCATED_NUMBER"}.isdisjoint(REFUSALS)
