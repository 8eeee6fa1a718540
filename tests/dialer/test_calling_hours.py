"""Calling hours against a slow, obvious reference: every minute is looked at by the wall clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.calling_hours import (
    EVERY_DAY,
    CallingHours,
    is_open,
    is_open_everywhere,
    next_open,
    open_zone_sets,
)

WORKDAYS = frozenset({1, 2, 3, 4, 5})
ZONES = [
    "Europe/Moscow", "Asia/Vladivostok", "Europe/Kaliningrad", "America/New_York", "Europe/Berlin", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Pacific/Auckland", "America/St_Johns", "UTC",
]  # fmt: skip


def at(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


@pytest.mark.parametrize(
    ("start", "end", "weekdays", "moment", "expected"),
    [
        (time(9), time(21), WORKDAYS, "2026-03-02 08:59:59", False),
        (time(9), time(21), WORKDAYS, "2026-03-02 09:00:00", True),
        (time(9), time(21), WORKDAYS, "2026-03-02 20:59:59", True),
        (time(9), time(21), WORKDAYS, "2026-03-02 21:00:00", False),
        (time(9), time(21), WORKDAYS, "2026-03-01 12:00:00", False),  # a Sunday
        (time(22), time(6), frozenset({5}), "2026-03-06 23:00:00", True),  # Friday night
        (time(22), time(6), frozenset({5}), "2026-03-07 05:59:00", True),  # the same night, on Saturday's date
        (time(22), time(6), frozenset({5}), "2026-03-07 22:30:00", False),
        (time(22), time(6), frozenset({5}), "2026-03-06 05:00:00", False),  # Thursday's night
        (time(22), time(6), frozenset({7}), "2026-03-02 01:00:00", True),  # Sunday's night into Monday
        (time(0), time(0), EVERY_DAY, "2026-03-01 03:00:00", True),
        (time(9), time(9), frozenset({1}), "2026-03-02 03:00:00", True),
        (time(9), time(9), frozenset({1}), "2026-03-03 03:00:00", False),
        (time(9), time(21), frozenset(), "2026-03-02 12:00:00", False),
    ],
)
def test_a_window_is_open_by_the_wall_clock(
    start: time,
    end: time,
    weekdays: frozenset[int],
    moment: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert is_open(CallingHours(start, end, weekdays), "Europe/Moscow", at("Europe/Moscow", moment)) is expected


def test_a_campaigns_own_clock_counts_for_everybody_when_it_says_so() -> None:
    hours = CallingHours(time(9), time(21), zone="Europe/Moscow")
    early = at("Asia/Vladivostok", "2026-03-02 12:00")  # five in the morning in Moscow
    assert not is_open(hours, "Asia/Vladivostok", early)
    assert next_open(hours, ["Asia/Vladivostok", "Europe/Berlin"], early) == at("Europe/Moscow", "2026-03-02 09:00")
    assert open_zone_sets(hours, {1: ["Asia/Vladivostok"], 2: ["Europe/Berlin"]}, early, 30) == []
    noon = at("Europe/Moscow", "2026-03-02 12:00")
    assert open_zone_sets(hours, {1: ["Asia/Vladivostok"], 2: ["Europe/Berlin"]}, noon, 30) == [1, 2]


def test_a_window_opens_at_the_clock_change_that_swallows_its_start() -> None:
    hours = CallingHours(time(2, 30), time(5))
    before = at("Europe/Berlin", "2026-03-29 01:00:00")
    assert next_open(hours, ["Europe/Berlin"], before) == at("Europe/Berlin", "2026-03-29 03:00:00")


def test_a_window_inside_the_repeated_hour_is_open_both_times() -> None:
    hours = CallingHours(time(2, 15), time(2, 45))
    for fold in (0, 1):
        assert is_open(hours, "Europe/Berlin", at("Europe/Berlin", "2026-10-25 02:30:00", fold).astimezone(UTC))
    between = at("Europe/Berlin", "2026-10-25 02:50:00", fold=0)
    again = at("Europe/Berlin", "2026-10-25 02:15:00", fold=1).astimezone(UTC)
    assert next_open(hours, ["Europe/Berlin"], between.astimezone(UTC)) == again


def test_the_next_opening_is_the_first_moment_all_zones_share() -> None:
    hours = CallingHours(time(9), time(21))
    evening = at("Europe/Moscow", "2026-03-02 20:30:00")
    opening = next_open(hours, ["Europe/Moscow", "Asia/Vladivostok"], evening)
    assert opening == at("Europe/Moscow", "2026-03-03 09:00:00")
    assert opening == at("Asia/Vladivostok", "2026-03-03 16:00:00")


def test_asking_earlier_or_later_than_before_is_answered_as_the_first_time() -> None:
    hours, zone = CallingHours(time(9), time(21)), ["Europe/Moscow"]
    monday, tuesday = (at("Europe/Moscow", f"2026-03-0{day} 09:00:00") for day in (2, 3))
    for hour, opening in ((3, monday), (8, monday), (1, monday), (22, tuesday), (5, monday), (9, monday)):
        assert next_open(hours, zone, monday.replace(hour=hour)) == opening
    assert next_open(hours, zone, tuesday.replace(hour=1)) == tuesday


@pytest.mark.parametrize(
    ("hours", "zones"),
    [
        (CallingHours(time(10), time(11)), ["Europe/Moscow", "Asia/Vladivostok"]),
        (CallingHours(time(9), time(21), frozenset()), ["Europe/Moscow"]),
        (CallingHours(time(9), time(21)), []),
    ],
    ids=["zones too far apart", "no weekday", "no zone"],
)
def test_hours_that_never_come_are_told_apart(hours: CallingHours, zones: list[str]) -> None:
    assert next_open(hours, zones, datetime(2026, 3, 2, tzinfo=UTC)) is None
    assert not is_open_everywhere(hours, zones, datetime(2026, 3, 2, 8, tzinfo=UTC))


def test_a_call_starts_only_where_its_longest_ring_still_fits() -> None:
    hours = CallingHours(time(9), time(21))
    sets = {1: ["Europe/Moscow"], 2: ["Europe/Kaliningrad"], 3: ["Europe/Kaliningrad", "Europe/Moscow"], 4: []}
    assert open_zone_sets(hours, sets, at("Europe/Moscow", "2026-03-02 20:59:20"), ring_s=30) == [1, 2, 3]
    assert open_zone_sets(hours, sets, at("Europe/Moscow", "2026-03-02 20:59:31"), ring_s=30) == [2]


def test_a_ring_may_not_reach_over_a_closing_and_an_opening() -> None:
    hours = CallingHours(time(12, 1), time(12))
    noon = at("Europe/Moscow", "2026-03-02 11:59:30")
    assert open_zone_sets(hours, {1: ["Europe/Moscow"]}, noon, ring_s=120) == []


def test_no_window_opens_on_a_holiday_and_the_next_opening_lies_behind_it() -> None:
    new_year = frozenset(date(2026, 1, day) for day in range(1, 12))
    hours = CallingHours(time(9), time(21), WORKDAYS, new_year)
    assert not is_open(hours, "Europe/Moscow", at("Europe/Moscow", "2026-01-05 12:00:00"))
    evening = at("Europe/Moscow", "2025-12-31 21:00:00")
    assert next_open(hours, ["Europe/Moscow"], evening) == at("Europe/Moscow", "2026-01-12 09:00:00")
    sets = {1: ["Europe/Moscow"], 2: ["America/New_York"]}
    midnight = at("Europe/Moscow", "2026-01-01 00:30:00")  # still the old year in New York
    around_the_clock = CallingHours(time(0), time(0), holidays=new_year)
    assert open_zone_sets(around_the_clock, sets, midnight, ring_s=30) == [2]


def test_a_night_that_began_before_a_holiday_goes_on_into_it() -> None:
    hours = CallingHours(time(22), time(6), holidays=frozenset({date(2026, 3, 8)}))
    assert is_open(hours, "Europe/Moscow", at("Europe/Moscow", "2026-03-08 05:59:00"))
    assert not is_open(hours, "Europe/Moscow", at("Europe/Moscow", "2026-03-08 23:00:00"))
    assert not is_open(hours, "Europe/Moscow", at("Europe/Moscow", "2026-03-09 05:59:00"))


minutes = st.integers(0, 24 * 60 - 1).map(lambda m: time(m // 60, m % 60))
some_holidays = st.frozensets(
    st.sampled_from([date(2026, 3, 8), date(2026, 3, 9), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1)])
)
windows = st.builds(CallingHours, minutes, minutes, st.frozensets(st.integers(1, 7)), some_holidays)
near_clock_changes = st.sampled_from(
    [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 7, 1)]
)
moments = st.builds(
    lambda day, minute: datetime.combine(day, time(0), UTC) + timedelta(minutes=minute),
    near_clock_changes,
    st.integers(-2000, 2000),
)
some_zones = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True)


def obviously_open(hours: CallingHours, zone: str, moment: datetime) -> bool:
    """Walk back minute by minute of the wall clock to where the window started, and look at that date."""
    local = moment.astimezone(ZoneInfo(zone))
    if hours.start == hours.end:
        return local.isoweekday() in hours.weekdays and local.date() not in hours.holidays
    clock = local.replace(tzinfo=None, second=0, microsecond=0)
    for _ in range(24 * 60):
        if clock.time() == hours.end:
            return False
        if clock.time() == hours.start:
            return clock.isoweekday() in hours.weekdays and clock.date() not in hours.holidays
        clock -= timedelta(minutes=1)
    return False


@settings(max_examples=300, deadline=None)
@given(windows, st.sampled_from(ZONES), moments)
def test_a_window_is_open_exactly_when_the_reference_says_so(hours: CallingHours, zone: str, moment: datetime) -> None:
    assert is_open(hours, zone, moment) == obviously_open(hours, zone, moment)


@settings(max_examples=150, deadline=None)
@given(windows, some_zones, moments)
def test_no_minute_before_the_next_opening_is_open_and_the_opening_is(
    hours: CallingHours, zones: list[str], moment: datetime
) -> None:
    opening = next_open(hours, zones, moment)
    last = opening or moment + timedelta(days=4)
    for passed in range(0, int((min(last, moment + timedelta(days=4)) - moment).total_seconds()), 60):
        assert not is_open_everywhere(hours, zones, moment + timedelta(seconds=passed))
    if opening is not None:
        assert opening >= moment
        assert is_open_everywhere(hours, zones, opening)
