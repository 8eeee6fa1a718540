"""The time a callee chooses: read from the flow, chosen by the keys, inside calling hours by the callee's clock."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from dialer.call_flow import CallFlow, default_definition, parse_flow
from dialer.callback import CallbackTime, callback_due
from dialer.calling_hours import CallingHours
from dialer.errors import InvalidFlow

PROMPT = {"kind": "builtin", "name": "callback_when"}
TIMES: dict[str, Any] = {"1": {"minutes": 60}, "2": {"days": 0, "at": "18:00"}, "3": {"days": 1, "at": "10:00"}}
HOURS = CallingHours(time(9), time(21), frozenset({1, 2, 3, 4, 5}))
NOON = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a Wednesday in Moscow


def flow(**changes: Any) -> CallFlow:
    keys = {"1": "interested", "0": "repeat", "7": "callback"}
    return parse_flow(default_definition() | {"keys": keys, "callback": {"prompt": PROMPT, "keys": TIMES}} | changes)


@pytest.mark.parametrize(
    ("digits", "chosen"),
    [
        ("71", CallbackTime(minutes=60)),
        ("0573", CallbackTime(days=1, at=time(10))),
        ("7582", CallbackTime(days=0, at=time(18))),
        ("7", CallbackTime(minutes=60)),
        ("798", CallbackTime(minutes=60)),
        ("17", None),
        ("", None),
        ("05", None),
    ],
)
def test_the_keys_of_a_call_say_which_time_was_chosen(digits: str, chosen: CallbackTime | None) -> None:
    assert flow().chosen_callback(digits) == chosen


def test_without_times_to_choose_from_a_person_sees_to_it() -> None:
    assert flow(callback=None).chosen_callback("71") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": PROMPT, "keys": {}},
        {"keys": TIMES},
        {"prompt": PROMPT, "keys": {"A": {"minutes": 5}}},
        *({"prompt": PROMPT, "keys": {"1": when}} for when in (
            None, {}, {"minutes": 0}, {"minutes": 5, "at": "10:00", "days": 1}, {"days": 1}, {"days": 1, "at": "25:00"},
            {"days": 99, "at": "10:00"}, {"minutes": True},
        )),
    ],
)  # fmt: skip
def test_a_time_nobody_can_understand_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidFlow, match="callback"):
        flow(callback=wrong)


@pytest.mark.parametrize(
    ("chosen", "zones", "due"),
    [
        (CallbackTime(minutes=60), ["Europe/Moscow"], NOON + timedelta(hours=1)),
        (CallbackTime(at=time(18)), ["Europe/Moscow"], datetime(2026, 3, 4, 15, tzinfo=UTC)),
        (CallbackTime(at=time(18)), ["Asia/Omsk"], datetime(2026, 3, 4, 12, tzinfo=UTC)),
        (CallbackTime(at=time(10)), ["Europe/Moscow"], datetime(2026, 3, 5, 7, tzinfo=UTC)),  # ten is over today
        (CallbackTime(minutes=600), ["Europe/Moscow"], datetime(2026, 3, 5, 6, tzinfo=UTC)),  # opens at nine
        (
            CallbackTime(days=3, at=time(10)),
            ["Europe/Moscow"],
            datetime(2026, 3, 9, 6, tzinfo=UTC),
        ),  # after the weekend
        (CallbackTime(at=time(18)), ["Europe/Moscow", "Europe/Samara"], datetime(2026, 3, 4, 15, tzinfo=UTC)),
    ],
)
def test_it_is_due_at_that_time_by_the_callees_clock_or_when_the_hours_open(
    chosen: CallbackTime, zones: list[str], due: datetime
) -> None:
    assert callback_due(chosen, NOON, NOON, HOURS, zones, "Europe/Moscow") == due


def test_a_time_that_has_passed_when_it_becomes_known_means_now() -> None:
    late = NOON + timedelta(hours=3)
    assert callback_due(CallbackTime(minutes=60), NOON, late, HOURS, ["Europe/Moscow"], "Europe/Moscow") == late
