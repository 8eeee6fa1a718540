"""Reconciliation calls lost only what is certainly gone, and undoes what certainly never was."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from db import attempts, conclusion, leases
from dialer.disposition import CallFacts
from dialer.outcome import Outcome, Witness
from dialer.switches import Out
from scheduler.event_socket import MaybeSent, NotSent
from scheduler.reconcile import LOOK_AGAIN_S, UNSETTLED_S, Reconciler
from tests.scheduler.conftest import TTL_S, OneNode, Remembering
from tests.scheduler.scripted_switch import wait_until

EVERY_S = 60.0
RESTARTED = "99999999-2222-4333-8444-555555555555"


@pytest.fixture
def heard() -> set[str]:
    return set()


@pytest.fixture
def reconciler(database, redis, nodes, brakes, clock, heard) -> Reconciler:
    brakes.unreconciled()
    return Reconciler(database, redis, nodes.nodes, brakes, heard.__contains__, EVERY_S, TTL_S, clock)


@pytest.fixture
def attempt(world, node):
    (dialled,) = world.dial(world.campaign(contacts=1))
    world.conn.execute("UPDATE attempts SET switch_id = %s", [node.id])
    return dialled.attempt_id


def later(seconds: float = 60) -> datetime:
    """A moment at which what was just originated is old enough to be judged."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def look_twice(reconciler, clock) -> None:
    reconciler.tick(later())
    clock.now += LOOK_AGAIN_S
    reconciler.tick(later(60 + LOOK_AGAIN_S))


def disposition(world, attempt_id):
    return world.value("SELECT disposition::text FROM attempts WHERE id = %s", attempt_id)


def test_an_attempt_is_lost_when_it_was_answered_and_is_missing_twice(reconciler, clock, world, attempt):
    attempts.mark_answered(world.conn, attempt, datetime.now(UTC))
    look_twice(reconciler, clock)
    assert disposition(world, attempt) == "lost"
    assert world.value("SELECT concluded_by::text FROM attempts WHERE id = %s", attempt) == "reconcile"


def test_an_originate_of_which_a_living_switch_knows_nothing_was_never_sent_and_has_failed(
    reconciler, clock, world, attempt
):
    look_twice(reconciler, clock)
    assert disposition(world, attempt) == "failed"
    assert world.value("SELECT concluded_by::text FROM attempts WHERE id = %s", attempt) == "reconcile"


def test_one_look_loses_nothing(reconciler, world, attempt):
    reconciler.tick(later())
    assert disposition(world, attempt) is None


def test_the_second_look_comes_no_sooner_than_five_seconds_later(reconciler, clock, world, attempt):
    reconciler.tick(later())
    clock.now += LOOK_AGAIN_S - 0.1
    reconciler.tick(later(65))
    reconciler.wake()
    reconciler.tick(later(65))
    assert disposition(world, attempt) is None


def test_lost_contacts_are_not_dialled_again(reconciler, clock, world, attempt, switch):
    switch.core_uuid = RESTARTED
    look_twice(reconciler, clock)
    assert world.value("SELECT state::text FROM contacts") == "concluded"


@pytest.mark.parametrize("where", ["existing", "listed"])
def test_a_channel_the_switch_knows_by_one_of_its_answers_lives(reconciler, clock, world, attempt, switch, where):
    getattr(switch, where).add(attempt)
    look_twice(reconciler, clock)
    assert disposition(world, attempt) is None


def test_a_channel_that_comes_back_between_the_looks_starts_anew(reconciler, clock, world, attempt, switch):
    reconciler.tick(later())
    switch.listed.add(attempt)
    clock.now += LOOK_AGAIN_S
    reconciler.tick(later())
    switch.listed.clear()
    clock.now += EVERY_S
    reconciler.tick(later())
    assert disposition(world, attempt) is None


def test_an_originate_that_was_just_sent_is_not_judged(reconciler, clock, world, attempt):
    reconciler.tick(datetime.now(UTC))
    clock.now += LOOK_AGAIN_S
    reconciler.tick(datetime.now(UTC))
    assert disposition(world, attempt) is None


def test_nothing_is_lost_while_facts_wait_in_the_spool_of_its_switch(reconciler, clock, world, attempt, node):
    node.is_spool_empty = False
    look_twice(reconciler, clock)
    assert disposition(world, attempt) is None
    node.is_spool_empty = True
    clock.now += LOOK_AGAIN_S
    reconciler.tick(later())
    assert disposition(world, attempt) == "failed"


def test_an_attempt_that_stored_rules_hold_up_keeps_no_other_from_its_end(reconciler, clock, world, node):
    held_up, *others = (world.dial(world.campaign(contacts=1, first_phone=79160000000 + n))[0] for n in range(3))
    world.conn.execute("UPDATE attempts SET switch_id = %s", [node.id])
    rules = "UPDATE campaigns SET retry_rules = %s WHERE id = %s"
    world.conn.execute(rules, ['{"of old": 1}', held_up.campaign_id])
    look_twice(reconciler, clock)
    assert [disposition(world, other.attempt_id) for other in others] == ["failed", "failed"]
    assert disposition(world, held_up.attempt_id) is None
    assert node.compared_in == node.visit, "its switch takes calls"
    world.conn.execute(rules, ["{}", held_up.campaign_id])
    clock.now += LOOK_AGAIN_S
    reconciler.tick(later(60 + 2 * LOOK_AGAIN_S))
    assert disposition(world, held_up.attempt_id) == "failed"


def test_nothing_is_lost_of_which_the_witness_heard(reconciler, clock, world, attempt, heard):
    heard.add(attempt)
    look_twice(reconciler, clock)
    assert disposition(world, attempt) is None


def test_a_restarted_switch_has_lost_its_calls_even_if_it_is_not_asked(reconciler, clock, world, attempt, switch):
    switch.core_uuid = RESTARTED
    switch.existing.add(attempt)  # it can't be the same channel
    look_twice(reconciler, clock)
    assert disposition(world, attempt) == "lost"
    assert switch.asked == []


def test_a_committed_press_survives_the_loss_of_its_call(reconciler, clock, world, attempt, switch):
    attempts.mark_answered(world.conn, attempt, datetime.now(UTC))
    attempts.record_outcome(world.conn, attempt, Outcome.INTERESTED, "1", None, datetime.now(UTC))
    switch.core_uuid = RESTARTED
    look_twice(reconciler, clock)
    assert disposition(world, attempt) == "interested"
    assert world.value("SELECT count(*) FROM leads") == 1


def test_what_comes_after_the_loss_corrects_it(reconciler, clock, world, attempt, switch):
    switch.core_uuid = RESTARTED
    look_twice(reconciler, clock)
    facts = CallFacts(
        attempt, "NORMAL_CLEARING", datetime.now(UTC), answered_at=datetime.now(UTC), outcome=Outcome.NOT_INTERESTED
    )
    conclusion.conclude(world.conn, facts, Witness.HOOK)
    assert disposition(world, attempt) == "not_interested"


def test_a_claim_nobody_originated_goes_back_to_the_queue(reconciler, world):
    campaign_id = world.campaign(contacts=1)
    (claimed,) = world.claim(campaign_id)
    reconciler.undo_stale_claims()
    assert world.contact(claimed.contact_id) == ("dialing", None, 1), "its owner may be about to send it"
    world.conn.execute("UPDATE attempts SET claimed_at = now() - interval '11 seconds'")
    reconciler.undo_stale_claims()
    assert world.contact(claimed.contact_id) == ("queued", None, 0)
    assert world.value("SELECT count(*) FROM attempts") == 0


def test_it_rebuilds_leases_after_redis_was_emptied(reconciler, world, redis):
    world.dial(world.campaign(contacts=3), 3)
    reconciler.tick(datetime.now(UTC))
    assert leases.counts(redis).total == 3


def test_it_restores_leases_that_expired(reconciler, world, redis):
    leases.rebuild(redis, [])
    world.dial(world.campaign(contacts=2), 2)
    reconciler.tick(datetime.now(UTC))
    assert leases.counts(redis).total == 2


def test_it_keeps_no_list_of_what_left_while_redis_knows_the_leases(reconciler, clock, world, redis, monkeypatch):
    read = []
    recent_attempts = attempts.recent_attempts
    monkeypatch.setattr(attempts, "recent_attempts", lambda conn: read.append(conn) or recent_attempts(conn))
    world.dial(world.campaign(contacts=3), 3)
    leases.rebuild(redis, [])
    for _ in range(3):
        reconciler.tick(datetime.now(UTC))
        clock.now += EVERY_S
    assert read == []
    redis.flushall()
    reconciler.tick(datetime.now(UTC))
    assert len(read) == 1
    assert leases.counts(redis).total == 3


def test_it_lifts_the_brake_once_leases_agree(reconciler, brakes):
    assert brakes.reason() == "not_reconciled"
    reconciler.tick()
    assert brakes.reason() is None


def test_a_switch_that_went_away_during_the_look_gets_no_calls_for_it(reconciler, node, switch, world, monkeypatch):
    node.compared(-1)
    real = reconciler._agree_on_leases

    def meanwhile(found) -> None:
        node.visit += 1  # it is back already, under the same Core-UUID or another
        real(found)

    monkeypatch.setattr(reconciler, "_agree_on_leases", meanwhile)
    reconciler.tick()
    assert node.why_out() is Out.RETURNING
    monkeypatch.undo()
    reconciler.wake()
    reconciler.tick()
    assert node.why_out() is None


def test_each_switch_is_asked_for_its_own_calls_alone(reconciler, nodes, clock, world, attempt):
    other = OneNode(Remembering(), switch_id=-1)
    nodes.all.append(other)
    other.line.existing.add(attempt)  # what others know of it says nothing
    look_twice(reconciler, clock)
    assert other.line.asked == []
    assert disposition(world, attempt) == "failed"


def test_a_restarted_switch_ends_its_own_calls_alone(reconciler, nodes, clock, world, node, switch):
    mine, others = world.dial(world.campaign(contacts=2), 2)
    other = OneNode(Remembering(), switch_id=-1)
    nodes.all.append(other)
    place = "UPDATE attempts SET switch_id = %s WHERE id = %s"
    world.conn.execute(place, [node.id, mine.attempt_id])
    world.conn.execute(place, [-1, others.attempt_id])
    other.line.existing.add(others.attempt_id)
    switch.core_uuid = RESTARTED
    look_twice(reconciler, clock)
    assert disposition(world, mine.attempt_id) == "lost"
    assert disposition(world, others.attempt_id) is None


def test_one_switch_that_does_not_answer_holds_up_no_other(reconciler, nodes, clock, world, attempt, node):
    silent = OneNode(Remembering(), switch_id=-1)
    (second,) = world.dial(world.campaign(contacts=1, first_phone=79160001000))
    world.conn.execute("UPDATE attempts SET switch_id = -1 WHERE id = %s", [second.attempt_id])
    nodes.all.insert(0, silent)
    silent.line.fails = [NotSent() for _ in range(10)]
    reconciler.tick(later())
    assert silent.why_out() is Out.RETURNING
    clock.now += LOOK_AGAIN_S
    reconciler.tick(later())
    assert disposition(world, attempt) == "failed"
    assert disposition(world, second.attempt_id) is None


def test_one_switch_that_hangs_delays_no_others_look(reconciler, nodes, clock, world, attempt, monkeypatch):
    hanging, goes_on = OneNode(Remembering(), switch_id=-1), threading.Event()
    (second,) = world.dial(world.campaign(contacts=1, first_phone=79160001000))
    world.conn.execute("UPDATE attempts SET switch_id = -1 WHERE id = %s", [second.attempt_id])
    nodes.all.insert(0, hanging)
    asked: list[float] = []

    def channels() -> frozenset[str]:
        asked.append(clock.now)
        assert goes_on.wait(60)
        return frozenset()

    monkeypatch.setattr(hanging.line, "channels", channels)
    try:
        look_twice(reconciler, clock)
        assert disposition(world, attempt) == "failed"
        assert len(asked) == 1, "it still owes its first answer"
        assert hanging.why_out() is Out.RETURNING
        assert disposition(world, second.attempt_id) is None
    finally:
        goes_on.set()
    wait_until(lambda: hanging.why_out() is None)
    clock.now += EVERY_S
    reconciler.tick(later())
    assert disposition(world, second.attempt_id) == "failed", "it was missing then, and is now"


def test_a_switch_that_comes_back_during_a_long_look_is_looked_at_right_after_it(
    reconciler, nodes, clock, world, attempt, node, switch, monkeypatch
):
    goes_on = threading.Event()

    def channels() -> frozenset[str]:
        assert goes_on.wait(60)
        return frozenset({attempt})

    with monkeypatch.context() as slow:
        slow.setattr(switch, "channels", channels)
        reconciler.tick(later())
        node.visit += 1
        reconciler.wake()
        reconciler.tick(later())
        goes_on.set()
        wait_until(lambda: node.compared_in == 0)
    assert node.why_out() is Out.RETURNING

    def is_compared() -> bool:
        reconciler.tick(later())  # the clock stands still: only who was woken looks
        return node.why_out() is None

    wait_until(is_compared)


@pytest.mark.parametrize("failure", [NotSent(), MaybeSent()])
def test_it_looks_again_when_the_switch_could_not_be_asked(reconciler, clock, world, attempt, switch, failure):
    switch.fails = [failure]
    reconciler.tick(later())
    clock.now += 1
    reconciler.tick(later())
    clock.now += LOOK_AGAIN_S
    reconciler.tick(later())
    assert disposition(world, attempt) == "failed"


def test_nothing_is_judged_while_the_switch_is_away(reconciler, clock, world, attempt, switch, brakes):
    switch.core_uuid = None
    look_twice(reconciler, clock)
    assert disposition(world, attempt) is None
    assert brakes.reason() == "switch_away"


def test_it_looks_at_start_again_when_the_young_are_settled_and_then_each_minute(reconciler, clock, monkeypatch):
    looks = []
    monkeypatch.setattr(reconciler, "look", lambda now: looks.append(clock.now))
    for _ in range(200):
        reconciler.tick()
        clock.now += 1
    start = looks[0]
    assert [at - start for at in looks] == [0, UNSETTLED_S, UNSETTLED_S + EVERY_S, UNSETTLED_S + 2 * EVERY_S, 185]
    reconciler.wake()
    reconciler.tick()
    assert len(looks) == 6
