"""Conclusions: one per attempt, whoever brings the facts; a press always has exactly one lead."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from psycopg.errors import LockNotAvailable

from db import attempts, blacklist, campaigns, conclusion, flows, spool_apply
from db.blacklist import BlacklistReason
from db.claims import ClaimedAttempt, claim
from db.conclusion import Concluded, conclude
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState
from dialer.disposition import CallFacts
from dialer.outcome import Disposition, Outcome, Witness
from tests.db.conftest import Connect, World, new_ids

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def busy(attempt_id: str) -> CallFacts:
    return CallFacts(attempt_id, "USER_BUSY", NOW, sip_code=486)


def ended(
    attempt_id: str, outcome: Outcome | None = None, digits: str = "", cause: str = "NORMAL_CLEARING"
) -> CallFacts:
    answered_at = NOW - timedelta(seconds=10)
    return CallFacts(attempt_id, cause, NOW, 200, answered_at, 10, digits, outcome, message_started=True)


def unseen(attempt_id: str) -> CallFacts:
    """All that a reconciliation knows of a call that is gone."""
    return CallFacts(attempt_id, "", NOW)


@pytest.fixture
def claimed(world: World) -> ClaimedAttempt:
    return world.dial(world.campaign(contacts=1))[0]


def tallies(world: World) -> dict[str, tuple[int, int]]:
    rows = world.conn.execute(
        "SELECT disposition::text, sum(attempts)::int, sum(billsec)::int FROM campaign_tallies GROUP BY 1"
    )
    return {disposition: (count, billsec) for disposition, count, billsec in rows if count or billsec}


def leads_of(world: World, attempt_id: str) -> int:
    return int(world.value("SELECT count(*) FROM leads WHERE attempt_id = %s", attempt_id))


def test_an_interested_callee_yields_a_lead_and_a_concluded_contact(world: World, claimed: ClaimedAttempt) -> None:
    done = conclude(world.conn, ended(claimed.attempt_id, Outcome.INTERESTED, "1"), Witness.HOOK)
    assert done is not None
    assert (done.disposition, done.retry_at, done.billsec) == (Disposition.INTERESTED, None, 10)
    assert done.lead_id == world.value("SELECT id FROM leads WHERE attempt_id = %s", claimed.attempt_id)
    assert world.contact(claimed.contact_id) == ("concluded", "interested", 1)
    assert tallies(world) == {"interested": (1, 10)}


def test_a_busy_line_is_due_again_by_the_rules_and_owes_no_lead(world: World, claimed: ClaimedAttempt) -> None:
    done = conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert done is not None
    assert done.retry_at is not None
    assert done.lead_id is None
    assert world.contact(claimed.contact_id) == ("retry", "busy", 1)
    assert [c.number for c in world.claim(claimed.campaign_id)] == [2]


def test_retries_end_when_the_attempts_are_used_up(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    for number in (1, 2, 3):
        attempt = world.dial(campaign_id)[0]
        assert attempt.number == number
        conclude(world.conn, busy(attempt.attempt_id), Witness.HOOK)
    assert world.contact(attempt.contact_id) == ("concluded", "busy", 3)
    assert world.claim(campaign_id) == []


def test_a_second_witness_changes_nothing(world: World, claimed: ClaimedAttempt) -> None:
    assert conclude(world.conn, ended(claimed.attempt_id, Outcome.INTERESTED), Witness.HOOK) is not None
    assert conclude(world.conn, ended(claimed.attempt_id), Witness.EVENTS) is None
    assert conclude(world.conn, busy(claimed.attempt_id), Witness.REPLY) is None
    assert conclude(world.conn, ended(claimed.attempt_id, Outcome.INTERESTED), Witness.HOOK) is None
    assert tallies(world) == {"interested": (1, 10)}
    assert leads_of(world, claimed.attempt_id) == 1


def test_an_attempt_nobody_knows_is_not_concluded(world: World) -> None:
    assert conclude(world.conn, busy("11111111-1111-4111-8111-111111111111"), Witness.HOOK) is None


@pytest.mark.parametrize("round_", range(5))
def test_of_many_concurrent_witnesses_one_concludes(world: World, connect: Connect, round_: int) -> None:
    claimed = world.dial(world.campaign(contacts=1))[0]
    witnesses = [(connect(), witness) for witness in Witness]
    barrier = Barrier(len(witnesses))

    def bear_witness(pair) -> Concluded | None:
        barrier.wait()
        return conclude(pair[0], ended(claimed.attempt_id, Outcome.INTERESTED, "1"), pair[1])

    with ThreadPoolExecutor(len(witnesses)) as pool:
        done = [found for found in pool.map(bear_witness, witnesses) if found]
    assert len(done) == 1
    assert tallies(world) == {"interested": (1, 10)}
    assert leads_of(world, claimed.attempt_id) == 1


def test_a_press_and_a_poorer_conclusion_at_once_still_yield_one_lead(world: World, connect: Connect) -> None:
    for n in range(8):
        claimed = world.dial(world.campaign(contacts=1, first_phone=79170000000 + n))[0]
        barrier = Barrier(3)

        def press(attempt_id: str = claimed.attempt_id, barrier: Barrier = barrier) -> None:
            conn = connect()
            barrier.wait()
            attempts.record_outcome(conn, attempt_id, Outcome.INTERESTED, "1", "human", NOW)

        def end(witness: Witness, attempt_id: str = claimed.attempt_id, barrier: Barrier = barrier) -> None:
            conn = connect()
            barrier.wait()
            conclude(conn, ended(attempt_id), witness)

        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(press), pool.submit(end, Witness.EVENTS), pool.submit(end, Witness.RECONCILE)]
            for job in jobs:
                job.result(timeout=20)
        assert leads_of(world, claimed.attempt_id) == 1
        assert world.contact(claimed.contact_id) == ("concluded", "interested", 1)
    assert tallies(world) == {"interested": (8, 80)}


@pytest.mark.parametrize("witness", [Witness.EVENTS, Witness.RECONCILE])
def test_a_committed_press_wins_over_a_witness_that_knows_less(
    world: World, claimed: ClaimedAttempt, witness: Witness
) -> None:
    attempts.mark_answered(world.conn, claimed.attempt_id, NOW - timedelta(seconds=7))
    attempts.record_outcome(world.conn, claimed.attempt_id, Outcome.INTERESTED, "1", "human", NOW)
    done = conclude(world.conn, unseen(claimed.attempt_id), witness)
    assert done is not None
    assert done.disposition is Disposition.INTERESTED
    assert done.answered_at == NOW - timedelta(seconds=7)
    assert leads_of(world, claimed.attempt_id) == 1


def test_the_first_press_is_not_taken_back(world: World, claimed: ClaimedAttempt) -> None:
    attempts.record_outcome(world.conn, claimed.attempt_id, Outcome.MACHINE, "", "machine", NOW)
    attempts.record_outcome(world.conn, claimed.attempt_id, Outcome.INTERESTED, "1", None, NOW)
    attempts.record_outcome(world.conn, claimed.attempt_id, Outcome.NOT_INTERESTED, "12", None, NOW)
    attempts.record_outcome(world.conn, claimed.attempt_id, Outcome.NO_INPUT, "", None, NOW)
    assert world.value("SELECT outcome::text FROM attempts") == "interested"


def test_a_call_that_vanished_with_the_switch_is_lost_and_not_dialled_again(
    world: World, claimed: ClaimedAttempt
) -> None:
    attempts.mark_answered(world.conn, claimed.attempt_id, NOW)
    done = conclude(world.conn, unseen(claimed.attempt_id), Witness.RECONCILE)
    assert done is not None
    assert done.disposition is Disposition.LOST
    assert world.contact(claimed.contact_id) == ("concluded", "lost", 1)


@pytest.mark.parametrize(("facts", "before"), [(unseen, "lost"), (ended, "hung_up")])
def test_a_press_that_comes_after_the_conclusion_upgrades_it_once(
    world: World,
    claimed: ClaimedAttempt,
    facts,
    before: str,
) -> None:
    conclude(world.conn, facts(claimed.attempt_id), Witness.RECONCILE)
    assert list(tallies(world)) == [before]
    record = spool_apply.outcome(claimed.attempt_id, Outcome.INTERESTED, "1", "human", NOW)
    for _ in range(2):
        spool_apply.apply(world.conn, *record)
    assert leads_of(world, claimed.attempt_id) == 1
    assert world.contact(claimed.contact_id) == ("concluded", "interested", 1)
    assert list(tallies(world)) == ["interested"]
    assert world.value("SELECT concluded_by::text FROM attempts") == "reconcile"


def test_a_late_press_takes_the_contact_out_of_the_retry_queue(world: World) -> None:
    rules = {"hung_up": {"delay_s": 0, "growth": 1, "max_attempts": 3}}
    claimed = world.dial(world.campaign(contacts=1, retry_rules=rules))[0]
    conclude(world.conn, ended(claimed.attempt_id), Witness.EVENTS)
    assert world.contact(claimed.contact_id) == ("retry", "hung_up", 1)
    attempts.record_outcome(world.conn, claimed.attempt_id, Outcome.NOT_INTERESTED, "2", None, NOW)
    assert world.contact(claimed.contact_id) == ("concluded", "not_interested", 1)
    assert world.claim(claimed.campaign_id) == []


def test_a_late_opt_out_blacklists_and_stops_the_other_campaigns(world: World, claimed: ClaimedAttempt) -> None:
    other = world.campaign(contacts=1)
    conclude(world.conn, ended(claimed.attempt_id), Witness.EVENTS)
    attempts.record_outcome(world.conn, claimed.attempt_id, Outcome.OPTED_OUT, "9", None, NOW)
    entry = blacklist.find(world.conn, claimed.phone)
    assert entry is not None
    assert (entry.reason, entry.attempt_id) == (BlacklistReason.CUSTOMER_REQUEST, claimed.attempt_id)
    assert world.contact(claimed.contact_id) == ("concluded", "opted_out", 1)
    assert world.claim(other) == []


def test_the_hooks_own_late_conclusion_carries_the_press_too(world: World, claimed: ClaimedAttempt) -> None:
    conclude(world.conn, ended(claimed.attempt_id), Witness.EVENTS)
    record = spool_apply.concluded(ended(claimed.attempt_id, Outcome.INTERESTED, "1"), Witness.HOOK)
    spool_apply.apply(world.conn, *record)
    assert leads_of(world, claimed.attempt_id) == 1
    assert tallies(world) == {"interested": (1, 10)}


def test_the_end_of_a_call_given_up_as_lost_is_put_right(world: World, claimed: ClaimedAttempt) -> None:
    conclude(world.conn, unseen(claimed.attempt_id), Witness.RECONCILE)
    done = conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert done is not None
    assert done.was_upgrade
    assert tallies(world) == {"busy": (1, 0)}
    assert world.contact(claimed.contact_id) == ("retry", "busy", 1)


def test_an_opt_out_during_the_call_blacklists_before_the_call_has_ended(world: World, claimed: ClaimedAttempt) -> None:
    other = world.campaign(contacts=1)
    attempts.record_outcome(world.conn, claimed.attempt_id, Outcome.OPTED_OUT, "9", None, NOW)
    assert blacklist.find(world.conn, claimed.phone) is not None
    assert world.value("SELECT state::text FROM contacts WHERE campaign_id = %s", other) == "blocked"
    assert world.contact(claimed.contact_id)[0] == "dialing"
    done = conclude(world.conn, ended(claimed.attempt_id), Witness.HOOK)
    assert done is not None
    assert done.disposition is Disposition.OPTED_OUT


def test_a_number_listed_during_the_call_is_not_retried(world: World, claimed: ClaimedAttempt) -> None:
    blacklist.add(world.conn, claimed.phone, BlacklistReason.COMPLAINT)
    conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert world.contact(claimed.contact_id) == ("blocked", "busy", 1)


@pytest.mark.parametrize(("state", "contact"), [("paused", "retry"), ("completed", "concluded")])
def test_a_retry_is_planned_only_while_the_campaign_may_dial_again(
    world: World, claimed: ClaimedAttempt, state: str, contact: str
) -> None:
    campaigns.move(world.conn, claimed.campaign_id, CampaignState(state))
    conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert world.contact(claimed.contact_id)[0] == contact


def test_a_retry_lands_inside_the_calling_hours_of_all_the_contacts_zones(world: World) -> None:
    from datetime import time
    from zoneinfo import ZoneInfo

    zones = ("Asia/Vladivostok", "Europe/Kaliningrad")
    campaign_id = world.campaign(hours_start=time(10), hours_end=time(20))
    world.add_contacts(campaign_id, 1, 79160000000, world.zone_set(*zones))
    claimed = world.dial(campaign_id)[0]
    done = conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert done is not None
    assert done.retry_at is not None
    for zone in zones:
        assert 10 <= done.retry_at.astimezone(ZoneInfo(zone)).hour < 20


def test_billed_seconds_are_worked_out_when_only_the_script_saw_the_answer(
    world: World, claimed: ClaimedAttempt
) -> None:
    attempts.mark_answered(world.conn, claimed.attempt_id, NOW - timedelta(seconds=4))
    done = conclude(world.conn, CallFacts(claimed.attempt_id, "NORMAL_CLEARING", NOW), Witness.EVENTS)
    assert done is not None
    assert (done.disposition, done.billsec) == (Disposition.HUNG_UP, 4)


def test_answers_and_first_prompts_keep_their_first_time(world: World, claimed: ClaimedAttempt) -> None:
    assert attempts.mark_answered(world.conn, claimed.attempt_id, NOW)
    assert attempts.mark_answered(world.conn, claimed.attempt_id, NOW + timedelta(seconds=5))
    assert attempts.mark_message_started(world.conn, claimed.attempt_id, NOW + timedelta(seconds=1))
    conclude(world.conn, ended(claimed.attempt_id), Witness.HOOK)
    assert not attempts.mark_answered(world.conn, claimed.attempt_id, NOW)
    assert not attempts.mark_answered(world.conn, "11111111-1111-4111-8111-111111111111", NOW)
    assert world.value("SELECT answered_at FROM attempts") == NOW


@pytest.mark.parametrize("begins_message", [True, False])
def test_an_answer_says_what_holds_the_call_and_may_begin_the_message(
    world: World, claimed: ClaimedAttempt, *, begins_message: bool
) -> None:
    found = attempts.answer(world.conn, claimed.attempt_id, NOW, begins_message=begins_message)
    assert found == attempts.AnsweredBy(claimed.campaign_id, claimed.flow_version_id, is_recording=False)
    attempts.answer(world.conn, claimed.attempt_id, NOW + timedelta(seconds=5), begins_message=True)
    begun_at = NOW if begins_message else NOW + timedelta(seconds=5)
    assert world.value("SELECT answered_at FROM attempts") == NOW
    assert world.value("SELECT message_started_at FROM attempts") == begun_at
    assert attempts.answer(world.conn, "11111111-1111-4111-8111-111111111111", NOW, begins_message=False) is None


def test_open_attempts_and_recent_originates_are_listed(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    first, second = world.dial(campaign_id, 2)
    conclude(world.conn, busy(first.attempt_id), Witness.HOOK)
    assert [a.attempt_id for a in attempts.open_attempts(world.conn)] == [second.attempt_id]
    assert {a.attempt_id for a in attempts.recent_attempts(world.conn)} == {first.attempt_id, second.attempt_id}


def test_an_operators_leg_is_recent_although_its_callee_was_called_long_ago(world: World) -> None:
    recent, long_ago, not_connected = world.dial(world.campaign(contacts=3), 3)
    for attempt, outcome, ago_s in (
        (recent, "transferred", 75),
        (long_ago, "transferred", 90),
        (not_connected, "no_input", 9),
    ):
        world.conn.execute(
            "UPDATE attempts SET claimed_at = now() - interval '200 s', originated_at = now() - interval '199 s',"
            " outcome = %s, outcome_at = now() - make_interval(secs => %s) WHERE id = %s",
            [outcome, ago_s, attempt.attempt_id],
        )
    conclude(world.conn, busy(recent.attempt_id), Witness.HOOK)
    (found,) = attempts.recent_attempts(world.conn)
    assert (found.attempt_id, found.is_transferred) == (recent.attempt_id, True)


def test_the_conversation_reads_its_contact_and_frozen_flow(world: World, claimed: ClaimedAttempt) -> None:
    context = attempts.call_context(world.conn, claimed.attempt_id)
    assert context is not None
    assert (context.name, context.is_open, context.definition["language"]) == ("Contact 0", True, "ru")
    assert attempts.record_amd(world.conn, claimed.attempt_id, "human", {"energy": [1, 2]})


def test_a_campaign_completes_when_nobody_is_left_to_dial(world: World, claimed: ClaimedAttempt) -> None:
    assert campaigns.complete_finished(world.conn) == []
    conclude(world.conn, busy(claimed.attempt_id), Witness.HOOK)
    assert campaigns.complete_finished(world.conn) == []
    last = world.dial(claimed.campaign_id)[0]
    conclude(world.conn, replace(busy(last.attempt_id), hangup_cause="CALL_REJECTED", sip_code=603), Witness.HOOK)
    assert campaigns.complete_finished(world.conn) == [claimed.campaign_id]
    progress = campaigns.progress(world.conn, claimed.campaign_id)
    assert progress.state is CampaignState.COMPLETED
    assert (progress.contacts, progress.concluded, progress.attempts) == (1, 1, 2)
    assert progress.by_disposition == {Disposition.BUSY: 1, Disposition.REJECTED: 1}


def test_whoever_is_overtaken_between_reading_and_writing_looks_again(
    world: World, connect: Connect, claimed: ClaimedAttempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, read = connect(), conclusion.one_of
    overtakings = iter([True])

    def read_and_be_overtaken(*arguments):
        found = read(*arguments)
        if next(overtakings, False):
            attempts.record_outcome(other, claimed.attempt_id, Outcome.INTERESTED, "1", None, NOW)
        return found

    monkeypatch.setattr(conclusion, "one_of", read_and_be_overtaken)
    done = conclude(world.conn, ended(claimed.attempt_id), Witness.HOOK)
    assert done is not None
    assert done.disposition is Disposition.INTERESTED
    assert leads_of(world, claimed.attempt_id) == 1


def test_whoever_is_overtaken_every_time_takes_the_lock(
    world: World, connect: Connect, claimed: ClaimedAttempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, read = connect(), conclusion.one_of
    other.execute("SET lock_timeout = '100ms'")
    looks = []

    def read_and_be_overtaken(*arguments):
        found = read(*arguments)
        try:
            other.execute("UPDATE attempts SET digits = digits || '5' WHERE id = %s", [claimed.attempt_id])
            looks.append("overtaken")
        except LockNotAvailable:
            looks.append("locked")
        return found

    monkeypatch.setattr(conclusion, "one_of", read_and_be_overtaken)
    assert conclude(world.conn, ended(claimed.attempt_id), Witness.HOOK) is not None
    assert looks == ["overtaken"] * conclusion.LOOKS + ["locked"]
    assert world.value("SELECT digits FROM attempts") == "5" * conclusion.LOOKS


def test_who_asked_to_be_called_later_waits_for_the_time_that_was_chosen(world: World) -> None:
    keys = {"1": {"minutes": 60}, "2": {"minutes": 120}}
    callback = {"prompt": {"kind": "builtin", "name": "callback_when"}, "keys": keys}
    definition = default_definition() | {"keys": {"1": "interested", "7": "callback"}, "callback": callback}
    version = flows.create_version(world.conn, "with callbacks", definition)
    campaign_id = world.campaign(contacts=2, flow_version_id=version, retry_rules={"max_attempts": 1})
    call = world.dial(campaign_id)[0]
    facts = replace(ended(call.attempt_id, Outcome.CALLBACK_REQUESTED, "72"), ended_at=datetime.now(UTC))
    done = conclude(world.conn, facts, Witness.HOOK)
    assert done is not None
    assert done.retry_at == facts.ended_at + timedelta(hours=2)
    assert world.contact(call.contact_id) == ("retry", "callback_requested", 1)
    campaign, zone = world.dialing(campaign_id), [world.zone_set_id]
    early = done.retry_at - timedelta(seconds=1)
    assert [c.phone for c in claim(world.conn, campaign, campaign.gateways[0], new_ids(1), zone, early)] != [call.phone]
    again = claim(world.conn, campaign, campaign.gateways[0], new_ids(1), zone, done.retry_at)
    assert [(c.phone, c.number) for c in again] == [(call.phone, 2)]  # though the campaign allows one attempt
    conclude(world.conn, busy(again[0].attempt_id), Witness.HOOK)
    assert world.contact(call.contact_id)[0] == "concluded"
    assert world.value("SELECT callback_at FROM contacts WHERE id = %s", call.contact_id) is None


def test_what_a_day_has_cost_is_counted_once_for_each_call(world: World, claimed: ClaimedAttempt) -> None:
    today = "(now() AT TIME ZONE 'Europe/Moscow')::date"
    counted = f"SELECT sum(calls)::int, sum(billsec)::int, max(day) = {today} FROM day_tallies"
    conclude(world.conn, ended(claimed.attempt_id), Witness.HOOK)
    conclude(world.conn, ended(claimed.attempt_id), Witness.EVENTS)
    assert world.conn.execute(counted).fetchone() == (1, 10, True)
    conclude(world.conn, ended(claimed.attempt_id, Outcome.INTERESTED, "1"), Witness.HOOK)  # an upgrade
    assert world.conn.execute(counted).fetchone() == (1, 10, True)
