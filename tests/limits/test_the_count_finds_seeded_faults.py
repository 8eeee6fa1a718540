"""The count accepts what just keeps to the limits, and finds every call that is one too many."""

import json
from dataclasses import replace

import pytest

from tests.limits.counting import (
    GRACE_S,
    LATEST_S,
    Call,
    Limit,
    Limits,
    busiest,
    excesses,
    in_a_minute,
    margin_s,
    most_at_once,
)
from tests.limits.permissions import operators_legs, originates
from tests.limits.run import Plan


def limit(value: float) -> Limit:
    return Limit([(0.0, value)])


def evenly(count: int, apart_s: float, lasting_s: float = 0.01, since: float = 100.0) -> list[Call]:
    return [Call(since + n * apart_s, since + n * apart_s + lasting_s, "a", "first") for n in range(count)]


def found(calls: list[Call], limits: Limits) -> list[str]:
    return [excess.what for excess in excesses("a", calls, limits)]


@pytest.mark.parametrize(
    ("calls", "limits"),
    [
        (evenly(20, 0.25), Limits(per_second=limit(4))),
        (evenly(20, 0.4), Limits(per_second=limit(2.5))),
        (evenly(20, 2.0), Limits(per_second=limit(0.5))),
        (evenly(50, 2.0), Limits(per_minute=limit(30))),
        (evenly(50, 1.0, lasting_s=2.9), Limits(channels=limit(3))),
        (evenly(50, 0.01, lasting_s=9), Limits()),
    ],
)
def test_it_accepts_what_just_keeps_to_the_limit(calls, limits):
    assert found(calls, limits) == []


@pytest.mark.parametrize(
    ("calls", "limits", "what"),
    [
        (evenly(5, 0.24), Limits(per_second=limit(4)), "calls per second"),
        (evenly(4, 0.39), Limits(per_second=limit(2.5)), "calls per second"),
        (evenly(2, 1.9), Limits(per_second=limit(0.5)), "calls per second"),
        (evenly(31, 1.9), Limits(per_minute=limit(30)), "calls per minute"),
        (evenly(4, 1.0, lasting_s=3.1), Limits(channels=limit(3)), "channels"),
        ([replace(call, ended_at=None) for call in evenly(4, 9)], Limits(channels=limit(3)), "channels"),
    ],
)
def test_it_finds_the_one_call_that_is_too_many(calls, limits, what):
    assert found(calls, limits) == [what]
    assert found(calls[:-1], limits) == []


def test_it_says_by_how_much_a_full_minute_was_kept():
    line = evenly(40, 2.05)
    assert margin_s(line, limit(30), in_a_minute) == pytest.approx(30 * 2.05 - 60)
    assert margin_s(evenly(31, 1.9), limit(30), in_a_minute) == pytest.approx(-3.0)
    assert margin_s(line[:30], limit(30), in_a_minute) == float("inf")


def test_one_call_more_anywhere_is_found():
    """Whichever moment of a line that uses its limits up another call comes at."""
    line = evenly(120, 0.5, lasting_s=1.9)
    limits = Limits(per_second=limit(2), per_minute=limit(120), channels=limit(4))
    assert found(line, limits) == []
    for place in range(0, 118, 7):
        extra = replace(line[place], invited_at=line[place].invited_at + 0.3, ended_at=line[place].invited_at + 2.2)
        assert set(found([*line, extra], limits)) == {"calls per second", "calls per minute", "channels"}


def test_a_lowered_limit_counts_after_a_moments_grace_and_ends_no_call():
    lowered = Limit([(0.0, 4), (110.0, 2)])
    fast = evenly(60, 0.25, lasting_s=0.1)
    at = [excess.at for excess in excesses("a", fast, Limits(per_second=lowered))]
    assert at
    assert min(at) > 110.0
    assert min(at) <= 110.0 + GRACE_S + 0.25
    long_ones = evenly(4, 0.1, lasting_s=60, since=100.0)
    assert found(long_ones, Limits(channels=lowered)) == []
    assert found([*long_ones, *evenly(1, 1, since=113.0)], Limits(channels=lowered)) == ["channels"]


def test_a_raised_limit_counts_at_once():
    raised = Limit([(0.0, 2), (110.0, 4)])
    assert found([*evenly(20, 0.5), *evenly(20, 0.25, since=110.0)], Limits(per_second=raised)) == []
    assert found([*evenly(20, 0.5), *evenly(20, 0.25, since=108.0)], Limits(per_second=raised))


def test_only_what_the_machine_held_up_is_excused():
    line = evenly(8, 0.25)
    late = [replace(line[0], invited_at=line[0].invited_at + 0.1), *line[1:]]
    limits = Limits(per_second=limit(4))
    assert found(late, limits) == ["calls per second"]
    assert found([replace(late[0], held_up_s=0.1), *late[1:]], limits) == []
    assert found([replace(late[0], held_up_s=0.05), *late[1:]], limits) == ["calls per second"]
    assert found([replace(late[0], held_up_s=LATEST_S + 0.1), *late[1:]], limits) == ["calls per second"]


def test_permissions_are_counted_in_all_by_gateway_and_by_campaign():
    """A campaign's minute is full of permissions over two gateways, each of which has room."""
    line = [replace(call, gateway="ab"[n % 2], campaign="first") for n, call in enumerate(evenly(31, 1.9))]
    plan = Plan({"a": Limits(per_minute=limit(30))}, {"first": Limits(per_minute=limit(31))}, Limits())
    assert list(plan.excesses("permissions of ", line)) == []
    plan.of_campaign["first"] = Limits(per_minute=limit(30))
    assert [each.scope for each in plan.excesses("permissions of ", line)] == ["permissions of campaign first"]
    plan.of_gateway["a"], plan.of_campaign["first"] = Limits(per_minute=limit(15)), Limits()
    assert [each.scope for each in plan.excesses("permissions of ", line)] == ["permissions of gateway a"]
    plan.of_gateway["a"], plan.total = Limits(), Limits(per_minute=limit(30))
    assert [each.scope for each in plan.excesses("permissions of ", line)] == ["permissions of all"]


def test_what_was_allowed_is_read_from_the_logs(tmp_path):
    scheduler, switch, copy = (tmp_path / name for name in ("scheduler.log", "a_switch.log", "switch.console.log"))
    call = {"event": "an originate was sent", "gateway": "a", "campaign_id": 7, "allowed_at": 1.5}
    scheduler.write_text(f"not JSON\n{json.dumps(call)}\n{json.dumps({'event': 'another'})}\n")
    assert list(originates([scheduler])) == [call]
    leg = {"event": "an operator is called", "attempt_id": "x", "allowed_at": 2.5}
    switch.write_text(f"2026-11-21 [INFO] {json.dumps(leg)}\n")
    copy.write_text(f"{json.dumps(leg)}\n")
    assert operators_legs([switch, copy]) == [leg]


def test_it_says_how_much_there_was():
    calls = evenly(10, 0.25, lasting_s=1.1)
    assert busiest(calls, 1.0) == 4
    assert busiest(calls, 60.0) == 10
    assert most_at_once(calls) == 5
    assert busiest([], 1.0) == most_at_once([]) == 0
