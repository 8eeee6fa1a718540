"""Cron expressions mean what crontab(5) says, by the wall clock of a zone, on the days the clock changes too."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from dialer.cron import moments, parse_cron
from dialer.errors import InvalidSchedule

BERLIN, MOSCOW = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Moscow")


def found(text: str, zone: ZoneInfo, after: datetime, count: int) -> list[str]:
    """Return the next moments as the zone's clock shows them."""
    return [
        m.astimezone(zone).strftime("%Y-%m-%d %H:%M %z") for m in islice(moments(parse_cron(text), zone, after), count)
    ]


def test_one_is_monday_and_both_zero_and_seven_are_sunday() -> None:
    friday = datetime(2026, 11, 20, tzinfo=UTC)
    assert found("0 10 * * 1", MOSCOW, friday, 1) == ["2026-11-23 10:00 +0300"]
    for sunday in ("0", "7", "sun", "Sun"):
        assert found(f"0 10 * * {sunday}", MOSCOW, friday, 1) == ["2026-11-22 10:00 +0300"]


def test_either_of_two_restricted_days_suffices() -> None:
    assert found("0 9 1 * 1", MOSCOW, datetime(2026, 11, 28, tzinfo=UTC), 3) == [
        "2026-11-30 09:00 +0300",  # a Monday
        "2026-12-01 09:00 +0300",  # the first
        "2026-12-07 09:00 +0300",
    ]


def test_a_moment_counts_only_after_it() -> None:
    at = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    assert found("0 10 * * *", MOSCOW, at, 1) == ["2026-11-24 10:00 +0300"]
    assert found("0 10 * * *", MOSCOW, at - timedelta(microseconds=1), 1) == ["2026-11-23 10:00 +0300"]


def test_a_time_that_the_clock_skips_comes_at_the_jump() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert found("30 2 * * *", BERLIN, before, 2) == ["2026-03-29 03:00 +0200", "2026-03-30 02:30 +0200"]
    # All that was skipped, and the run at three, come once.
    assert found("*/20 2-3 * * *", BERLIN, before, 3) == [
        "2026-03-29 03:00 +0200",
        "2026-03-29 03:20 +0200",
        "2026-03-29 03:40 +0200",
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    assert found("30 2 * * *", BERLIN, datetime(2026, 10, 24, 12, tzinfo=UTC), 2) == [
        "2026-10-25 02:30 +0200",
        "2026-10-26 02:30 +0100",
    ]


def test_it_keeps_the_wall_clock_through_the_year() -> None:
    every = islice(moments(parse_cron("0 10 * * *"), BERLIN, datetime(2026, 1, 1, tzinfo=UTC)), 365)
    assert {m.astimezone(BERLIN).strftime("%H:%M") for m in every} == {"10:00"}


def test_leap_days_are_found_and_impossible_days_end_the_search() -> None:
    assert found("0 0 29 feb *", MOSCOW, datetime(2026, 1, 1, tzinfo=UTC), 2) == [
        "2028-02-29 00:00 +0300",
        "2032-02-29 00:00 +0300",
    ]
    assert found("0 0 29 2 *", ZoneInfo("UTC"), datetime(2097, 1, 1, tzinfo=UTC), 1) == ["2104-02-29 00:00 +0000"]
    assert found("0 0 31 2 *", MOSCOW, datetime(2026, 1, 1, tzinfo=UTC), 1) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "weekday"),
        ("*/0 * * * *", "minute"),
        ("10-5 * * * *", "backwards"),
        ("1,,2 * * * *", "minute"),
        ("a * * * *", "minute"),
        ("-1 * * * *", "minute"),
        ("1- * * * *", "minute"),
        ("٣ * * * *", "minute"),
        ("*/5/2 * * * *", "minute"),
    ],
)
def test_what_is_wrong_is_named(text: str, named: str) -> None:
    with pytest.raises(InvalidSchedule, match=named):
        parse_cron(text)


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    """Draw a field: all, a number, a range, a step, or a list of these."""
    number = st.integers(low, high)
    spans = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    part = st.one_of(
        number.map(str),
        spans,
        st.tuples(spans, st.integers(1, 9)).map(lambda s: f"{s[0]}/{s[1]}"),
        st.integers(1, 9).map(lambda s: f"*/{s}"),
    )
    return st.one_of(st.just("*"), st.lists(part, min_size=1, max_size=3).map(",".join))


@settings(max_examples=150, deadline=None)
@given(
    minute=fields(0, 59),
    hour=fields(0, 23),
    day=fields(1, 28),
    month=fields(1, 12),
    weekday=st.sampled_from(["*", "1-5", "0,6", "2", "sun-tue"]),
    after=st.integers(1_735_689_600, 1_893_456_000).map(lambda s: datetime.fromtimestamp(s, UTC)),  # 2025 to 2029
)
def test_in_a_zone_without_clock_changes_it_agrees_with_apscheduler(
    minute: str, hour: str, day: str, month: str, weekday: str, after: datetime
) -> None:
    if day != "*" and weekday != "*":
        weekday = "*"  # APScheduler wants both, crontab(5) either
    names = {"*": "*", "1-5": "mon-fri", "0,6": "sun,sat", "2": "tue", "sun-tue": "sun,mon,tue"}
    spelled = {"minute": minute, "hour": hour, "day": day, "month": month, "day_of_week": names[weekday]}
    try:
        trigger = CronTrigger(**spelled, timezone=ZoneInfo("UTC"))
    except ValueError:  # it refuses a step that is longer than its range
        reject()
    expected, moment = [], after
    for _ in range(4):
        upcoming = trigger.get_next_fire_time(None, moment + timedelta(seconds=1))
        if upcoming is None:
            break
        expected.append(upcoming)
        moment = upcoming
    weekday = {"sun-tue": "0-2"}.get(weekday, weekday)
    cron = parse_cron(f"{minute} {hour} {day} {month} {weekday}")
    assert list(islice(moments(cron, ZoneInfo("UTC"), after), len(expected))) == expected


@settings(max_examples=60, deadline=None)
@given(
    minute=fields(0, 59),
    hour=fields(0, 5),
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Omsk"]
    ),
    day=st.dates(date(2026, 1, 1), date(2027, 12, 1)),
)
def test_on_every_day_each_wall_time_comes_once_as_a_slow_reading_of_the_clock_finds(
    minute: str, hour: str, zone: str, day: date
) -> None:
    cron, place = parse_cron(f"{minute} {hour} * * *"), ZoneInfo(zone)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    expected: list[datetime] = []
    seen: set[datetime] = set()
    moment, shown = start - timedelta(days=2), None
    while moment < start + timedelta(days=2):  # each minute, as somebody who watches the clock
        wall = moment.astimezone(place).replace(tzinfo=None)
        passed = (
            [wall]
            if shown is None or wall <= shown
            else [shown + timedelta(minutes=n + 1) for n in range(int((wall - shown).total_seconds() // 60))]
        )
        due = [w for w in passed if w.minute in cron.minutes and w.hour in cron.hours and w not in seen]
        seen.update(due)
        if due and moment > start:
            expected.append(moment)
        shown = wall if shown is None or wall > shown else shown
        moment += timedelta(minutes=1)
    got = [m for m in islice(moments(cron, place, start), len(expected) + 5) if m < start + timedelta(days=2)]
    assert got == expected
