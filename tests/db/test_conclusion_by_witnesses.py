"""Of several witnesses one concludes, who knows more puts it right, and a press always has exactly one lead."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from psycopg.errors import LockNotAvailable

from db import attempts, blacklist, conclusion, spool_apply
from db.blacklist import BlacklistReason
from db.claims import ClaimedAttempt
from db.conclusion import Concluded, conclude
from dialer.disposition import CallFacts
from dialer.outcome import Disposition, Outcome, Witness
from tests.db.conftest import Connect, World
from tests.db.endings import NOW, busy, ended, leads_of, tallies, unseen


def test_a_second_witness_changes_nothing(world: World, claimed: ClaimedAttempt) -> None:
    assert conclude(world.conn, ended(claimed.attempt_id, Outcome.INTERESTED), Witness.HOOK) is not None
    assert conclude(world.conn, ended(claimed.attempt_id), Witness.EVENTS) is None
    assert conclude(world.conn, busy(claimed.attempt_id), Witness.REPLY) is None
    assert conclude(world.conn, ended(claimed.attempt_id, Outcome.INTERESTED), Witness.HOOK) is None
    assert tallies(world) == {"interested": (1, 10)}
    assert leads_of(world, claimed.attempt_id) == 1


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


def test_billed_seconds_are_worked_out_when_only_the_script_saw_the_answer(
    world: World, claimed: ClaimedAttempt
) -> None:
    attempts.mark_answered(world.conn, claimed.attempt_id, NOW - timedelta(seconds=4))
    done = conclude(world.conn, CallFacts(claimed.attempt_id, "NORMAL_CLEARING", NOW), Witness.EVENTS)
    assert done is not None
    assert (done.disposition, done.billsec) == (Disposition.HUNG_UP, 4)


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
