"""The witness concludes from the switch's events and replies, and only when the hangup hook stays silent."""

import pytest

from db import leases
from db.conclusion import conclude
from db.errors import DatabaseAway
from dialer.disposition import CallFacts
from dialer.outcome import Outcome, Witness
from dialer.switch_facts import facts_from_headers
from scheduler.event_socket import MaybeSent, NotSent
from scheduler.switch import UnclearAnswer
from scheduler.witness import DROPPED, MOST_TRIES, NOT_CONCLUDED, REPLY_GRACE_S, TheWitness, cause_in
from tests.scheduler.conftest import Clock

GRACE_S = 5.0
ANSWERED_US = 1_795_000_000_000_000


def hangup(attempt_id: str, cause: str = "USER_BUSY", **more: str) -> dict[str, str]:
    return {
        "Event-Name": "CHANNEL_HANGUP_COMPLETE",
        "Hangup-Cause": cause,
        "Caller-Channel-Answered-Time": "0",
        "Caller-Channel-Hangup-Time": str(ANSWERED_US + 9_000_000),
        "Unique-ID": attempt_id,
        "variable_dialer_call": "1:1:1",
        "variable_proto_specific_hangup_cause": "sip:486",
        **more,
    }


@pytest.fixture
def witness(database, redis, switch, clock: Clock) -> TheWitness:
    return TheWitness(database, redis, GRACE_S, clock)


@pytest.fixture
def attempt(world):
    (dialled,) = world.dial(world.campaign(contacts=1))
    return dialled.attempt_id


def concluded(world, attempt_id: str):
    return world.conn.execute(
        "SELECT disposition::text, concluded_by::text, hangup_cause, sip_code FROM attempts WHERE id = %s", [attempt_id]
    ).fetchone()


def test_it_waits_for_the_hook(witness, world, attempt, clock):
    witness.hear_hangup(hangup(attempt))
    clock.now += GRACE_S - 0.1
    witness.settle()
    assert concluded(world, attempt) == (None, None, None, None)


def test_it_concludes_when_the_hook_stays_silent(witness, world, attempt, clock):
    witness.hear_hangup(hangup(attempt))
    clock.now += GRACE_S
    witness.settle()
    assert concluded(world, attempt) == ("busy", "events", "USER_BUSY", 486)
    assert not witness.has_heard(attempt)


def test_it_leaves_what_the_hook_concluded(witness, world, attempt, clock):
    witness.hear_hangup(hangup(attempt))
    facts = facts_from_headers(hangup(attempt, "CALL_REJECTED").get, None)
    conclude(world.conn, facts, Witness.HOOK)
    clock.now += GRACE_S
    witness.settle()
    assert concluded(world, attempt)[1] == "hook"


def test_it_carries_what_the_conversation_decided(witness, world, attempt, clock):
    witness.hear_hangup(
        hangup(
            attempt,
            "NORMAL_CLEARING",
            **{
                "Caller-Channel-Answered-Time": str(ANSWERED_US),
                "variable_billsec": "9",
                "variable_dialer_outcome": "interested",
                "variable_dialer_digits": "01",
            },
        )
    )
    clock.now += GRACE_S
    witness.settle()
    assert concluded(world, attempt) == ("interested", "events", "NORMAL_CLEARING", 200)
    assert world.value("SELECT billsec FROM attempts WHERE id = %s", attempt) == 9
    assert world.value("SELECT digits FROM attempts WHERE id = %s", attempt) == "01"
    assert world.value("SELECT count(*) FROM leads WHERE attempt_id = %s", attempt) == 1


def test_it_frees_the_channel(witness, world, attempt, clock, redis):
    from db import attempts

    leases.rebuild(redis, attempts.open_attempts(world.conn))
    assert leases.counts(redis).total == 1
    witness.hear_hangup(hangup(attempt))
    clock.now += GRACE_S
    witness.settle()
    assert leases.counts(redis).total == 0


def test_a_reply_concludes_when_no_channel_ever_was(witness, world, attempt, clock, switch):
    witness.hear_reply(attempt, "-ERR INVALID_GATEWAY\n", switch)
    clock.now += GRACE_S - 0.1
    witness.settle()
    assert concluded(world, attempt)[0] is None
    clock.now += 0.1
    witness.settle()
    assert concluded(world, attempt) == ("failed", "reply", "INVALID_GATEWAY", None)
    assert switch.asked == [attempt]


def test_a_reply_concludes_nothing_while_the_channel_exists(witness, world, attempt, clock, switch):
    switch.existing.add(attempt)
    witness.hear_reply(attempt, "-ERR DESTINATION_OUT_OF_ORDER\n", switch)
    clock.now += GRACE_S
    witness.settle()
    assert concluded(world, attempt)[0] is None


def test_a_success_says_nothing_of_the_end(witness, attempt, switch):
    witness.hear_reply(attempt, f"+OK {attempt}\n", switch)
    assert not witness.has_heard(attempt)


@pytest.mark.parametrize("order", ["reply first", "event first"])
def test_the_legs_end_counts_more_than_the_reply(witness, world, attempt, clock, switch, order):
    if order == "reply first":
        witness.hear_reply(attempt, "-ERR USER_BUSY\n", switch)
    witness.hear_hangup(hangup(attempt))
    witness.hear_reply(attempt, "-ERR NORMAL_TEMPORARY_FAILURE\n", switch)
    clock.now += GRACE_S
    witness.settle()
    assert concluded(world, attempt) == ("busy", "events", "USER_BUSY", 486)


def test_it_keeps_what_it_heard_while_postgres_is_away(witness, world, attempt, clock, database, monkeypatch):
    witness.hear_hangup(hangup(attempt))
    clock.now += GRACE_S

    def away(_: object) -> None:
        raise DatabaseAway

    with monkeypatch.context() as patch:
        patch.setattr(database, "run", away)
        witness.settle()
    assert witness.has_heard(attempt)
    witness.settle()
    assert concluded(world, attempt)[0] == "busy"


def test_it_keeps_a_reply_while_the_switch_cannot_be_asked(witness, world, attempt, clock, switch):
    witness.hear_reply(attempt, "-ERR INVALID_GATEWAY\n", switch)
    clock.now += GRACE_S
    switch.fails = [NotSent()]
    witness.settle()
    assert concluded(world, attempt)[0] is None
    witness.settle()
    assert concluded(world, attempt)[0] == "failed"


@pytest.fixture
def two_attempts(world):
    return [dialled.attempt_id for dialled in world.dial(world.campaign(contacts=2), 2)]


@pytest.mark.parametrize("failure", [UnclearAnswer(), NotSent(), MaybeSent(), ValueError("a surprise")])
def test_a_testimony_that_cannot_be_settled_does_not_hold_up_the_next(
    witness, world, two_attempts, clock, switch, failure
):
    first, second = two_attempts
    witness.hear_reply(first, "-ERR INVALID_GATEWAY\n", switch)
    witness.hear_hangup(hangup(second))
    clock.now += GRACE_S
    switch.fails = [failure]
    witness.settle()
    assert concluded(world, first)[0] is None
    assert concluded(world, second)[0] == "busy"
    witness.settle()
    assert concluded(world, first)[0] == "failed"


def test_a_testimony_nobody_can_write_down_is_dropped_in_the_end(witness, attempt, clock, switch, caplog):
    witness.hear_reply(attempt, "-ERR INVALID_GATEWAY\n", switch)
    clock.now += GRACE_S
    for _ in range(MOST_TRIES):
        assert witness.has_heard(attempt)
        switch.fails = [ValueError("a surprise")]
        witness.settle()
    assert not witness.has_heard(attempt), "reconciliation may judge it now"
    assert [record.getMessage() for record in caplog.records] == [NOT_CONCLUDED] * (MOST_TRIES - 1) + [DROPPED]


def test_a_reply_waits_for_the_hook_also_where_the_hook_has_a_shorter_grace(
    database, redis, switch, clock, world, attempt
):
    witness = TheWitness(database, redis, 1.0, clock)
    witness.hear_reply(attempt, "-ERR INVALID_GATEWAY\n", switch)
    clock.now += REPLY_GRACE_S - 0.1
    witness.settle()
    assert concluded(world, attempt)[0] is None
    clock.now += 0.1
    witness.settle()
    assert concluded(world, attempt)[0] == "failed"


def test_it_hears_nothing_of_legs_that_are_not_ours(witness):
    witness.hear_hangup({"Hangup-Cause": "NORMAL_CLEARING", "Unique-ID": "x"})
    assert not witness.has_heard("x")


def test_a_press_on_record_is_never_taken_back(witness, world, attempt, clock):
    world.conn.execute("UPDATE attempts SET outcome = 'opted_out', answered_at = now() WHERE id = %s", [attempt])
    witness.hear_hangup(hangup(attempt, "NORMAL_CLEARING"))
    clock.now += GRACE_S
    witness.settle()
    assert concluded(world, attempt)[0] == "opted_out"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("-ERR USER_BUSY\n", "USER_BUSY"),
        ("-ERR INVALID_GATEWAY", "INVALID_GATEWAY"),
        ("-ERR Parse Error!\n", "DESTINATION_OUT_OF_ORDER"),
        ("-ERR", "DESTINATION_OUT_OF_ORDER"),
        ("-ERR no such command", "DESTINATION_OUT_OF_ORDER"),
    ],
)
def test_it_reads_the_cause_of_a_reply(answer, cause):
    assert cause_in(answer) == cause


def test_facts_know_an_unanswered_leg(attempt):
    facts = facts_from_headers(hangup(attempt).get, None)
    assert facts == CallFacts(attempt, "USER_BUSY", facts.ended_at, sip_code=486)
    assert facts.ended_at.timestamp() == ANSWERED_US / 1_000_000 + 9


def test_facts_ignore_an_outcome_nobody_knows(attempt):
    facts = facts_from_headers(hangup(attempt, variable_dialer_outcome="delighted").get, None)
    assert facts.outcome is None
    known = facts_from_headers(hangup(attempt, variable_dialer_outcome="machine").get, None)
    assert known.outcome is Outcome.MACHINE
