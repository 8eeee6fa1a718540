"""The estimated finish: at the pace the narrowest limit allows, inside calling hours only."""

from datetime import UTC, datetime, time, timedelta

import pytest

from dialer.calling_hours import CallingHours
from dialer.preflight import Pace, estimated_finish

WORKDAY = CallingHours(time(9), time(18), frozenset({1, 2, 3, 4, 5}))
MOSCOW = ("Europe/Moscow",)
MONDAY_9 = datetime(2026, 3, 2, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pace", "per_minute"),
    [
        (Pace(10, 1000, [(100, 10, None)], call_s=30), 20),
        (Pace(100, 50, [(100, 10, None)], call_s=30), 50),
        (Pace(100, 1000, [(100, 0.5, None), (100, 10, 12)], call_s=30), 42),
        (Pace(100, 1000, [(3, 10, None)], call_s=30), 6),
        (Pace(100, 1000, []), 0),
        (Pace(100, 1000, [(100, 10, None)], call_s=1, calls_per_second=0.5), 30),
    ],
)
def test_the_narrowest_limit_sets_the_pace(pace: Pace, per_minute: float) -> None:
    assert pace.per_minute == pytest.approx(per_minute)


@pytest.mark.parametrize(
    ("contacts", "now", "finish"),
    [
        (600, MONDAY_9, MONDAY_9 + timedelta(hours=1)),
        (600, MONDAY_9 - timedelta(hours=3), MONDAY_9 + timedelta(hours=1)),
        (5400 + 600, MONDAY_9, MONDAY_9 + timedelta(hours=25)),  # nine hours a day
        (5400 * 5 + 600, MONDAY_9, MONDAY_9 + timedelta(days=7, hours=1)),  # over the weekend
        (5400 * 100, MONDAY_9, None),
    ],
)
def test_the_finish_lies_inside_calling_hours(contacts: int, now: datetime, finish: datetime | None) -> None:
    pace = Pace(100, 10, [(100, 10, None)], call_s=1)
    assert estimated_finish(WORKDAY, {MOSCOW: contacts}, pace, now) == finish


def test_each_zone_waits_for_its_own_morning() -> None:
    pace = Pace(100, 10, [(100, 10, None)], call_s=1)
    both = {MOSCOW: 300, ("America/New_York",): 300}
    finish = estimated_finish(WORKDAY, both, pace, MONDAY_9)
    assert finish == datetime(2026, 3, 2, 14, 30, tzinfo=UTC)  # half an hour after nine in New York


def test_nobody_is_reached_where_the_hours_never_open() -> None:
    pace = Pace(1, 1, [(1, 1, None)])
    assert estimated_finish(CallingHours(time(9), time(18), frozenset()), {MOSCOW: 1}, pace, MONDAY_9) is None
