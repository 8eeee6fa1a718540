"""How often a number is called, through real calls: delays, attempts, limits of a week, budgets, chosen times."""

import re
import time as clock
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import psycopg

from db import blacklist, limits
from db.blacklist import BlacklistReason
from db.limits import LimitProfile
from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.invites import calls_of
from tests.switch.scenario import answer, hung_up, invited, pause, play, reject, trying
from tests.switch.sounds import prompt, two_keys_capture

MOSCOW = ZoneInfo("Europe/Moscow")
ROUNDS_S = 3.0
"""The dial loop looks several times within this."""
BUSY = (invited(), trying(), reject("486 Busy Here"))
DELAY_S = 1.0
TIMES = 3

AGAIN = Call(
    "busy_again_and_again",
    BUSY,
    campaign={"retry_rules": {"max_attempts": TIMES, "busy": {"delay_s": DELAY_S, "growth": 2.0, "max_attempts": 9}}},
    answers=TIMES,
)
CROWD = tuple(f"person {n}" for n in range(8))
JITTERY_S = 2.0
JITTERED = Call(
    "busy_with_jitter",
    BUSY,
    names=CROWD,
    campaign={"retry_rules": {"max_attempts": 2, "jitter": 1, "busy": {"delay_s": JITTERY_S, "max_attempts": 2}}},
    answers=2 * len(CROWD),
    is_placed_by_its_test=True,
)
NOT_THIS_ONE = Call(
    "only_no_answer_is_retried",
    BUSY,
    campaign={"retry_rules": {"max_attempts": TIMES, "no_answer": {"delay_s": 0, "max_attempts": TIMES}}},
)
ELSEWHERE_TWICE = Call(
    "called_twice_this_week",
    BUSY,
    phones=("+79167780001",),
    campaign={"retry_rules": {"max_attempts": 2, "busy": {"delay_s": 0, "max_attempts": 2}}},
    answers=2,
)
NOT_A_THIRD_TIME = Call("not_a_third_time", phones=("+79167780001",), is_placed_by_its_test=True)
NOT_THIS_MONTH = Call("not_again_this_month", phones=("+79167780001",), is_placed_by_its_test=True)
MINUTES = Call(
    "within_the_minutes",
    (invited(), trying(), answer(), *presses("1")),
    names=("first", "second"),
    max_call_s=60,
    campaign={"max_minutes_per_day": 1},
    answers=1,
)
CALLED_BACK = Call(
    "called_back_when_asked_to",
    (invited(), trying(), answer(), pause(2500), play(two_keys_capture("7", 1500, "2")), hung_up()),
    flow={
        "keys": {"1": "interested", "7": "callback"},
        "callback": {"prompt": prompt("callback_when"), "keys": {"1": {"minutes": 60}, "2": {"minutes": 120}}},
        "thanks": {"callback_requested": prompt("callback")},
    },
    campaign={"retry_rules": {"max_attempts": 1}},
    answers=2,
)
EXPIRED = Call(
    "was_listed_until_yesterday",
    (invited(), trying(), answer(), *presses("1")),
    phones=("+79167780002",),
    is_placed_by_its_test=True,
)
TIMES_OF = """SELECT claimed_at, ended_at, number, disposition::text FROM attempts
WHERE campaign_id = %s AND concluded_at IS NOT NULL ORDER BY number"""
WAITING = "SELECT id, state::text, attempt_count, due_at, callback_at FROM contacts WHERE campaign_id = %s ORDER BY id"
SOON = timedelta(seconds=1)


def test_a_busy_number_is_called_again_after_growing_delays_and_no_more_often_than_it_may(dialled):
    campaign_id = dialled.placed[AGAIN.name].campaign_id
    dialled.wait_for("SELECT 1 FROM contacts WHERE campaign_id = %s AND state = 'concluded'", campaign_id)
    clock.sleep(ROUNDS_S)
    made = dialled.select(TIMES_OF, campaign_id)
    assert [(row.number, row.disposition) for row in made] == [(1, "busy"), (2, "busy"), (3, "busy")]
    waits = [(after.claimed_at - before.ended_at).total_seconds() for before, after in pairwise(made)]
    assert waits[0] >= DELAY_S  # how much later depends on what else this machine does
    assert waits[1] >= 2 * DELAY_S
    assert len(re.findall(r"^INVITE sip:", dialled.carrier_saw(AGAIN), re.MULTILINE)) == TIMES


def test_what_failed_together_is_not_called_again_together_but_within_the_jitter(dialled):
    dialled.place([JITTERED])
    campaign_id = dialled.placed[JITTERED.name].campaign_id
    firsts = {row.phone: row for row in dialled.records(JITTERED) if row.number == 1}
    due = dict(dialled.select("SELECT phone, due_at FROM contacts WHERE campaign_id = %s", campaign_id))
    delays = sorted((due[phone] - row.ended_at).total_seconds() for phone, row in firsts.items())
    assert delays[0] >= JITTERY_S
    assert delays[-1] - delays[0] > 0.1 * JITTERY_S, "they came together"
    for phone, row in firsts.items():  # a delay is counted from when the call's end was learned of
        assert due[phone] <= row.concluded_at + timedelta(seconds=2 * JITTERY_S)
    dialled.carrier_saw(JITTERED)
    for phone, calls in calls_of(dialled, JITTERED).items():
        _, again = (call.at for call in calls)
        assert due[phone] <= again <= due[phone] + timedelta(seconds=ROUNDS_S)


def test_what_no_rule_retries_is_called_once(dialled):
    assert dialled(NOT_THIS_ONE).disposition == "busy"
    clock.sleep(ROUNDS_S)
    (contact,) = dialled.select(WAITING, dialled.placed[NOT_THIS_ONE.name].campaign_id)
    assert (contact.state, contact.attempt_count) == ("concluded", 1)


def put_off_until(suite, call: Call, profile: LimitProfile) -> datetime:
    """Place a call whose campaign keeps the profile; return until when its contact, never called, is put off."""
    with psycopg.connect(suite.postgres.url) as conn:
        profile_id = limits.add_profile(conn, profile)

    def keep_the_profile(conn):
        campaign_id = suite.placed[call.name].campaign_id
        conn.execute("UPDATE campaigns SET limit_profile_id = %s WHERE id = %s", [profile_id, campaign_id])

    suite.place([call], before=keep_the_profile)
    query = f"SELECT * FROM ({WAITING}) c WHERE due_at > now() AND attempt_count = 0"
    put_off = suite.wait_for(query, suite.placed[call.name].campaign_id)
    assert not suite.has_attempts(call)
    return put_off.due_at.astimezone(MOSCOW)


def test_a_number_called_twice_by_another_campaign_waits_for_monday_or_the_first_of_the_month(dialled):
    assert [row.disposition for row in dialled.rows(ELSEWHERE_TWICE)] == ["busy", "busy"]
    monday = put_off_until(dialled, NOT_A_THIRD_TIME, LimitProfile(0, "twice a week", None, 2, None))
    assert (monday.isoweekday(), monday.hour, monday.minute) == (1, 0, 0)
    first = put_off_until(dialled, NOT_THIS_MONTH, LimitProfile(0, "twice a month", None, None, 2))
    assert (first.day, first.hour, first.minute) == (1, 0, 0)


def test_no_call_starts_that_could_exceed_the_days_minutes(dialled):
    campaign_id = dialled.placed[MINUTES.name].campaign_id
    dialled.wait_for("SELECT 1 FROM attempts WHERE campaign_id = %s AND concluded_at IS NOT NULL", campaign_id)
    clock.sleep(ROUNDS_S)
    assert [row.state for row in dialled.select(WAITING, campaign_id)] == ["concluded", "queued"]


def test_who_chose_a_time_is_called_then_though_no_attempt_is_left(dialled):
    campaign_id = dialled.placed[CALLED_BACK.name].campaign_id
    asked = dialled.wait_for(f"SELECT * FROM ({WAITING}) c WHERE callback_at IS NOT NULL", campaign_id)
    assert (asked.state, asked.attempt_count) == ("retry", 1)
    with psycopg.connect(dialled.postgres.url) as conn:  # two hours are over
        conn.execute(
            "UPDATE contacts SET due_at = now() + %s, callback_at = now() + %s WHERE id = %s", [SOON, SOON, asked.id]
        )
        called_at = conn.execute("SELECT now() + %s", [SOON]).fetchone()
    dialled.wait_for(f"SELECT * FROM ({TIMES_OF}) a WHERE number = 2", campaign_id, timeout_s=40)
    made = dialled.select(TIMES_OF, campaign_id)
    assert [row.disposition for row in made] == ["callback_requested", "callback_requested"]
    assert called_at is not None
    assert made[1].claimed_at >= called_at[0]


def test_a_number_whose_entry_has_expired_is_called(dialled):
    def list_the_number(conn):
        blacklist.add(
            conn, EXPIRED.phones[0], BlacklistReason.OTHER, expires_at=datetime.now(MOSCOW) - timedelta(days=1)
        )

    dialled.place([EXPIRED], before=list_the_number)
    assert dialled(EXPIRED) == answered("interested", digits="1", leads=1)
