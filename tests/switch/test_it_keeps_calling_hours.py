"""Calling hours through real calls: closed windows, weekdays, holidays, other zones, and calls that would not fit."""

import time as clock
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from db import holidays
from db.holidays import Holiday
from db.preflight import preflight
from dialer.calling_hours import CallingHours, is_open
from dialer.preflight import Obstacle
from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, invited, reject, trying

MOSCOW, VLADIVOSTOK = ZoneInfo("Europe/Moscow"), "Asia/Vladivostok"
ROUNDS_S = 3.0
"""The dial loop looks several times within this."""
SAYS_YES = (invited(), trying(), answer(), *presses("1"))
LONGEST_RING_S = 120


def around(moment: datetime, before: timedelta, after: timedelta) -> dict[str, Any]:
    """Return the hours from `before` that moment until `after` it, in whole minutes."""
    start, end = ((moment + step).astimezone(MOSCOW).replace(second=0, microsecond=0) for step in (-before, after))
    return {"hours_start": start.time(), "hours_end": end.time()}


NOW = datetime.now(UTC)
TODAY = NOW.astimezone(MOSCOW).isoweekday()
HOUR = timedelta(hours=1)
OPEN = Call("within_its_hours", SAYS_YES, campaign=around(NOW, 2 * HOUR, 2 * HOUR))
LATER = Call("before_its_hours", campaign=around(NOW, -2 * HOUR, 3 * HOUR))
EARLIER = Call("after_its_hours", campaign=around(NOW, 3 * HOUR, -HOUR))
OTHER_DAYS = Call(
    "on_other_weekdays", campaign={"weekdays": tuple(day for day in range(1, 8) if day not in (TODAY, TODAY % 7 + 1))}
)
HOLIDAY = Call("on_a_holiday", campaign={"keeps_holidays": True, "default_country": "KZ", "destinations": ("RU",)},
               is_placed_by_its_test=True)  # fmt: skip
ELSEWHERE = Call(
    "where_it_is_night",
    SAYS_YES,
    names=("here", "there"),
    zones=("Europe/Moscow", VLADIVOSTOK),
    campaign=around(NOW, 2 * HOUR, 2 * HOUR),
    answers=1,
)
BY_OWN_CLOCK = Call(
    "by_its_own_clock",
    SAYS_YES,
    zones=(VLADIVOSTOK,),
    campaign=around(NOW, 2 * HOUR, 2 * HOUR) | {"is_by_own_clock": True},
)
NO_LONGER_FITS = Call("ring_would_not_fit", ring_timeout_s=LONGEST_RING_S, is_placed_by_its_test=True)
STILL_FITS = Call("ring_still_fits", SAYS_YES, ring_timeout_s=15, is_placed_by_its_test=True)
INTO_TOMORROW = Call(
    "retry_in_tomorrows_hours",
    (invited(), trying(), reject("486 Busy Here")),
    campaign=around(NOW, 2 * HOUR, 2 * HOUR)
    | {"retry_rules": {"max_attempts": 3, "busy": {"delay_s": 3 * 3600, "max_attempts": 3}}},
)
STATES = "SELECT name, state::text, due_at FROM contacts WHERE campaign_id = %s ORDER BY id"


def set_hours(suite, call: Call, hours: dict[str, Any]):
    """Return what gives a call's campaign these hours when it is stored and not yet started."""

    def change(conn):
        conn.execute(
            "UPDATE campaigns SET hours_start = %s, hours_end = %s WHERE id = %s",
            [hours["hours_start"], hours["hours_end"], suite.placed[call.name].campaign_id],
        )

    return change


def test_a_campaign_calls_within_its_hours(dialled):
    assert dialled(OPEN) == answered("interested", digits="1", leads=1)


def test_outside_its_hours_and_days_it_calls_nobody(dialled):
    dialled(OPEN)  # the dial loop has looked at all of them meanwhile
    clock.sleep(ROUNDS_S)
    for call in (LATER, EARLIER, OTHER_DAYS):
        assert not dialled.has_attempts(call), call.name
        assert [row.state for row in dialled.select(STATES, dialled.placed[call.name].campaign_id)] == ["queued"]


def test_on_a_holiday_of_its_country_it_calls_nobody_until_the_day_is_struck_out(dialled):
    days = [datetime.now(MOSCOW).date() + timedelta(days=offset) for offset in (0, 1)]  # midnight may come meanwhile

    def declare(conn):
        for day in days:
            holidays.add(conn, Holiday("KZ", day, "made up"))

    dialled.place([HOLIDAY], before=declare)
    clock.sleep(ROUNDS_S)
    campaign_id = dialled.placed[HOLIDAY.name].campaign_id
    assert not dialled.has_attempts(HOLIDAY)
    with psycopg.connect(dialled.postgres.url) as conn:
        for day in days:
            assert holidays.remove(conn, "KZ", day)
    dialled.wait_for("SELECT 1 FROM attempts WHERE campaign_id = %s", campaign_id)


def test_who_is_where_it_is_night_waits_while_others_are_called(dialled):
    campaign_id = dialled.placed[ELSEWHERE.name].campaign_id
    hours = CallingHours(ELSEWHERE.campaign["hours_start"], ELSEWHERE.campaign["hours_end"])
    assert not is_open(hours, VLADIVOSTOK, datetime.now(UTC))
    dialled.wait_for("SELECT 1 FROM contacts WHERE campaign_id = %s AND disposition = 'interested'", campaign_id)
    clock.sleep(ROUNDS_S)
    assert [(row.name, row.state) for row in dialled.select(STATES, campaign_id)] == [
        ("here", "concluded"), ("there", "queued"),
    ]  # fmt: skip
    assert dialled.carrier_saw(ELSEWHERE).count("INVITE sip:") == 1


def test_a_campaign_that_keeps_its_own_clock_calls_where_it_is_night(dialled):
    assert dialled(BY_OWN_CLOCK) == answered("interested", digits="1", leads=1)


def test_a_call_never_starts_unless_its_longest_ring_still_fits(dialled):
    # It closes within two minutes, but not within one: 15 s of ringing fit into it, 120 s do not.
    closes_soon = around(datetime.now(UTC), 2 * HOUR, timedelta(seconds=LONGEST_RING_S))
    for call in (NO_LONGER_FITS, STILL_FITS):
        dialled.place([call], before=set_hours(dialled, call, closes_soon))
    assert dialled(STILL_FITS) == answered("interested", digits="1", leads=1)
    clock.sleep(ROUNDS_S)
    hours = CallingHours(closes_soon["hours_start"], closes_soon["hours_end"])
    assert is_open(hours, "Europe/Moscow", datetime.now(UTC)), "it took too long to show anything"
    assert not dialled.has_attempts(NO_LONGER_FITS)


def test_a_retry_that_would_come_after_hours_comes_when_they_open_again(dialled):
    campaign_id = dialled.placed[INTO_TOMORROW.name].campaign_id
    due = dialled.wait_for(f"{STATES.removesuffix('ORDER BY id')} AND state = 'retry'", campaign_id).due_at
    opens = INTO_TOMORROW.campaign["hours_start"]
    assert due.astimezone(MOSCOW).time() == opens
    assert due > datetime.now(UTC) + 3 * HOUR


def test_why_nothing_dials_says_that_the_hours_are_closed_and_when_they_open(dialled):
    with psycopg.connect(dialled.postgres.url) as conn:
        found = {
            call.name: preflight(conn, dialled.placed[call.name].campaign_id, datetime.now(UTC))
            for call in (LATER, EARLIER, OTHER_DAYS)
        }
    assert {name: one.obstacle for name, one in found.items()} == dict.fromkeys(found, Obstacle.CLOSED)
    opens = found[LATER.name].next_at
    assert opens is not None
    assert opens.astimezone(MOSCOW).time() == LATER.campaign["hours_start"]
