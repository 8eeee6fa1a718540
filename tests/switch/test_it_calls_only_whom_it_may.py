"""The rules of the dial boundary through real calls: who may not be called is not, nor does the carrier hear of it."""

import time as clock
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg

from db import campaigns, limits
from db.limits import Budgets
from db.preflight import preflight
from dialer.campaign import CampaignState
from dialer.preflight import Obstacle
from tests.switch.callee import presses
from tests.switch.calls import Call
from tests.switch.invites import invites
from tests.switch.scenario import answer, hung_up, invited, pause, play, reject, trying
from tests.switch.sounds import prompt, two_keys_capture

ROUNDS_S = 3.0
"""The dial loop looks several times within this."""
SAYS_YES = (invited(), trying(), answer(), *presses("1"))
KEYS = {"1": "interested", "7": "callback"}

CONSENT = Call(
    "only_with_consent", SAYS_YES, names=("asked", "silent"), consenting=("asked",), answers=1,
    campaign={"requires_consent": True},
)  # fmt: skip
ABROAD = Call(
    "only_where_it_may", SAYS_YES, names=("ours", "premium", "abroad"),
    phones=("+79167770001", "+78091112233", "+77012345678"), answers=1,
)  # fmt: skip
BUDGET = Call(
    "within_the_budget", SAYS_YES, names=("first", "second"), campaign={"max_calls_per_day": 1}, answers=1
)  # fmt: skip
BUDGET_OF_ALL = Call(
    "within_the_budget_of_all", SAYS_YES, names=("first", "second"), is_placed_by_its_test=True
)  # fmt: skip
SPENDS, LEFT_NOTHING = (
    Call(name, SAYS_YES, is_placed_by_its_test=True) for name in ("spends_the_minutes_of_all", "has_no_minutes_left")
)
ONCE_A_DAY = Call(
    "once_a_day",
    (invited(), trying(), reject("486 Busy Here")),
    campaign={"retry_rules": {"max_attempts": 3, "max_per_day": 1, "busy": {"delay_s": 0, "max_attempts": 3}}},
)
DEBTOR = "+79167770002"
FIRST_CREDITOR = Call("first_creditor", (invited(), trying(), reject("486 Busy Here")), phones=(DEBTOR,))
SECOND_CREDITOR = Call(
    "second_creditor", phones=(DEBTOR,), is_placed_by_its_test=True, campaign={"limit_profile_id": 1}
)
CALLBACK = Call(
    "callback_in_two_hours",
    (invited(), trying(), answer(), pause(2500), play(two_keys_capture("7", 1500, "2")), hung_up()),
    flow={
        "keys": KEYS,
        "callback": {"prompt": prompt("callback_when"), "keys": {"1": {"minutes": 60}, "2": {"minutes": 120}}},
        "thanks": {"callback_requested": prompt("callback")},
    },
)
CONTACTS = "SELECT name, state::text, blocked_reason FROM contacts WHERE campaign_id = %s ORDER BY id"
WAITING = """
SELECT c.attempt_count, c.due_at, c.callback_at, a.ended_at, a.digits, a.disposition::text
FROM contacts c LEFT JOIN attempts a ON a.contact_id = c.id
WHERE c.campaign_id = %s AND c.state IN ('queued', 'retry')"""


def test_without_a_consent_on_record_nobody_is_called(dialled):
    asked, silent = dialled.records(CONSENT)
    assert (asked.disposition, asked.contact_state) == ("interested", "concluded")
    assert (silent.id, silent.contact_state) == (None, "blocked")
    assert dialled.carrier_saw(CONSENT).count("INVITE sip:") == 1


def test_neither_a_foreign_nor_a_premium_number_is_dialled(dialled):
    ours, premium, abroad = dialled.records(ABROAD)
    assert (ours.disposition, premium.id, abroad.id) == ("interested", None, None)
    found = dialled.select(CONTACTS, dialled.placed[ABROAD.name].campaign_id)
    assert [row.blocked_reason for row in found] == [None, "destination: premium_rate", "destination: not_allowed"]


def test_no_call_starts_beyond_the_days_budget(dialled):
    campaign_id = dialled.placed[BUDGET.name].campaign_id
    dialled.wait_for("SELECT FROM attempts WHERE campaign_id = %s AND concluded_at IS NOT NULL", campaign_id)
    clock.sleep(ROUNDS_S)
    assert [row.state for row in dialled.select(CONTACTS, campaign_id)] == ["concluded", "queued"]


def test_no_call_starts_beyond_the_days_budget_of_all_campaigns_and_one_does_when_it_grows(dialled):
    # Others must not spend it meanwhile, nor wait for it in vain.
    dialled.wait_for("SELECT 1 FROM attempts HAVING count(*) = count(concluded_at)", timeout_s=90)
    spent = dialled.select(
        "SELECT coalesce(sum(attempts), 0)::bigint AS s FROM campaign_tallies WHERE day = %s", _today()
    )
    budget = spent[0].s + 1
    try:
        dialled.place([BUDGET_OF_ALL], before=lambda conn: limits.set_budgets(conn, Budgets(budget, None)))
        campaign_id = dialled.placed[BUDGET_OF_ALL.name].campaign_id
        dialled.wait_for("SELECT FROM attempts WHERE campaign_id = %s AND concluded_at IS NOT NULL", campaign_id)
        clock.sleep(ROUNDS_S)
        assert [row.state for row in dialled.select(CONTACTS, campaign_id)] == ["concluded", "queued"]
        with psycopg.connect(dialled.postgres.url) as conn:
            assert preflight(conn, campaign_id, datetime.now(UTC)).obstacle is Obstacle.BUDGET_SPENT
            limits.set_budgets(conn, Budgets(budget + 1, None))
        assert [row.disposition for row in dialled.rows(BUDGET_OF_ALL)] == ["interested"] * 2
    finally:
        with psycopg.connect(dialled.postgres.url) as conn:
            limits.set_budgets(conn, Budgets(None, None))


def test_no_call_starts_beyond_the_days_minutes_of_all_campaigns_and_one_does_when_they_grow(dialled):
    dialled.wait_for("SELECT 1 FROM attempts HAVING count(*) = count(concluded_at)", timeout_s=90)
    tallies = dialled.select(
        "SELECT coalesce(sum(billsec), 0)::bigint AS s FROM campaign_tallies WHERE day = %s", _today()
    )
    minutes = tallies[0].s // 60 + 2

    def leave_room_for_one_call(conn):
        limits.set_budgets(conn, Budgets(None, minutes))
        for call in (SPENDS, LEFT_NOTHING):
            longest_s = minutes * 60 - tallies[0].s
            conn.execute("UPDATE campaigns SET max_call_s = %s WHERE name = %s", [longest_s, call.name])

    try:
        dialled.store(LEFT_NOTHING)
        dialled.place([SPENDS], before=leave_room_for_one_call)
        dialled.wait_for(
            "SELECT FROM attempts WHERE campaign_id = %s AND answered_at IS NOT NULL",
            dialled.placed[SPENDS.name].campaign_id,
        )
        campaign_id = dialled.placed[LEFT_NOTHING.name].campaign_id
        with psycopg.connect(dialled.postgres.url) as conn:
            campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
        assert dialled(SPENDS).disposition == "interested"  # meanwhile it might still have taken them all
        clock.sleep(ROUNDS_S)
        assert not dialled.has_attempts(LEFT_NOTHING)
        assert invites(dialled, LEFT_NOTHING) == []
        with psycopg.connect(dialled.postgres.url) as conn:
            assert preflight(conn, campaign_id, datetime.now(UTC)).obstacle is Obstacle.BUDGET_SPENT
            limits.set_budgets(conn, Budgets(None, minutes + 1))
        assert dialled(LEFT_NOTHING).disposition == "interested"
    finally:
        with psycopg.connect(dialled.postgres.url) as conn:
            limits.set_budgets(conn, Budgets(None, None))


def _today() -> date:
    return datetime.now(ZoneInfo("Europe/Moscow")).date()


def test_a_busy_callee_is_not_called_again_on_the_same_day(dialled):
    campaign_id = dialled.placed[ONCE_A_DAY.name].campaign_id
    put_off = dialled.wait_for(WAITING + " AND c.due_at > now()", campaign_id)
    assert (put_off.attempt_count, put_off.disposition) == (1, "busy")


def test_a_number_another_campaign_called_today_waits_for_tomorrow(dialled):
    dialled(FIRST_CREDITOR)
    dialled.place([SECOND_CREDITOR])
    put_off = dialled.wait_for(WAITING + " AND c.due_at > now()", dialled.placed[SECOND_CREDITOR.name].campaign_id)
    assert (put_off.attempt_count, put_off.ended_at) == (0, None)


def test_who_asks_for_a_later_call_is_due_at_the_time_that_was_chosen(dialled):
    asked = dialled.wait_for(WAITING + " AND c.callback_at IS NOT NULL", dialled.placed[CALLBACK.name].campaign_id)
    assert (asked.disposition, asked.digits) == ("callback_requested", "72")
    assert asked.due_at == asked.callback_at
    assert asked.callback_at - asked.ended_at == timedelta(hours=2)
