"""Holidays reach every place that asks for calling hours: the dial loop, the preflight and the retry."""

from datetime import UTC, date, datetime, time, timedelta

from db import campaigns, holidays
from db.conclusion import conclude
from db.holidays import Holiday
from db.preflight import preflight
from dialer.disposition import CallFacts
from dialer.outcome import Witness
from dialer.preflight import Obstacle
from dialer.public_holidays import statutory
from tests.db.conftest import World


def test_russias_holidays_of_two_years_are_there(world: World) -> None:
    days = {h.day: h.name for h in holidays.list_all(world.conn)}
    by_law = statutory(2026) | statutory(2027)
    decree = {date(2026, 1, 9), date(2026, 12, 31)}  # 1466 of 24 September 2025; that for 2027 is not out
    assert {day: name for day, name in days.items() if day not in decree} == by_law
    assert set(days) == set(by_law) | decree
    assert {date(2026, 1, 1), date(2027, 1, 8), date(2026, 6, 12), date(2027, 11, 4)} <= set(days)
    moved = [day for day, name in days.items() if name.endswith("(перенос)")]
    assert moved == [date(2026, 3, 9), date(2026, 5, 11), date(2027, 5, 3), date(2027, 5, 10), date(2027, 6, 14)]


def test_a_day_is_added_renamed_and_removed(world: World) -> None:
    day = date(2026, 12, 31)
    holidays.add(world.conn, Holiday("KZ", day, "one"))
    holidays.add(world.conn, Holiday("KZ", day, "two"))
    assert [h for h in holidays.list_all(world.conn) if h.country == "KZ"] == [Holiday("KZ", day, "two")]
    assert holidays.remove(world.conn, "KZ", day)
    assert not holidays.remove(world.conn, "KZ", day)


def test_a_campaign_keeps_the_holidays_of_its_country_if_told_to(world: World) -> None:
    keeps = world.campaign(keeps_holidays=True)
    abroad = world.campaign(keeps_holidays=True, default_country="KZ")
    ignores = world.campaign()
    assert date(2026, 11, 4) in world.dialing(keeps).hours.holidays
    assert world.dialing(abroad).hours.holidays == frozenset()
    assert world.dialing(ignores).hours.holidays == frozenset()


def test_nobody_can_be_dialled_on_a_holiday(world: World) -> None:
    campaign_id = world.campaign(contacts=1, keeps_holidays=True)
    world.conn.execute("UPDATE contacts SET due_at = '2026-01-01'")
    found = preflight(world.conn, campaign_id, datetime(2026, 11, 4, 9, tzinfo=UTC))
    assert (found.obstacle, found.next_at) == (Obstacle.CLOSED, datetime(2026, 11, 4, 21, tzinfo=UTC))


def test_a_retry_waits_until_the_holiday_is_over(world: World) -> None:
    campaign_id = world.campaign(contacts=1, keeps_holidays=True, hours_start=time(0), hours_end=time(0))
    moscow = datetime.now(UTC) + timedelta(hours=3)
    holidays.add(world.conn, Holiday("RU", moscow.date(), "today"))
    attempt = world.dial(campaign_id)[0]
    done = conclude(world.conn, CallFacts(attempt.attempt_id, "USER_BUSY", datetime.now(UTC)), Witness.HOOK)
    assert done is not None
    assert done.retry_at is not None
    midnight = datetime.combine(moscow.date() + timedelta(days=1), time(0), UTC) - timedelta(hours=3)
    assert done.retry_at == midnight
    assert campaigns.get(world.conn, campaign_id).keeps_holidays


def test_a_retry_lands_inside_the_hours_of_the_campaigns_own_clock_when_it_keeps_that(world: World) -> None:
    now = datetime.now(UTC)
    start = (now + timedelta(hours=4)).replace(minute=0, second=0, microsecond=0)
    hours = {"hours_start": start.time(), "hours_end": (start + timedelta(hours=1)).time(), "time_zone": "UTC"}
    campaign_id = world.campaign(contacts=2, hours_start=time(0), hours_end=time(0), time_zone="UTC")
    first, second = world.dial(campaign_id, 2)
    world.conn.execute(
        "UPDATE campaigns SET hours_start = %(hours_start)s, hours_end = %(hours_end)s, weekdays = '{1,2,3,4,5,6,7}'",
        hours,
    )
    theirs = conclude(world.conn, CallFacts(first.attempt_id, "USER_BUSY", now), Witness.HOOK)
    world.conn.execute("UPDATE campaigns SET is_by_own_clock = true")
    ours = conclude(world.conn, CallFacts(second.attempt_id, "USER_BUSY", now), Witness.HOOK)
    assert theirs is not None
    assert ours is not None
    assert ours.retry_at == start
    assert theirs.retry_at != start  # the contacts are elsewhere
