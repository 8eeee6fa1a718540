"""A channel that is reserved for nothing is freed soon, and no other is."""

from dataclasses import replace

import pytest

from db import attempts, conclusion, leases
from dialer.disposition import CallFacts
from dialer.outcome import Witness
from scheduler.idle_leases import EVERY_S, IDLE_S, IdleLeases
from tests.db.conftest import new_ids
from tests.scheduler.conftest import TTL_S


@pytest.fixture
def idle(database, ready_redis, clock):
    return IdleLeases(database, ready_redis, clock)


@pytest.fixture
def open_attempt(world, ready_redis):
    world.dial(world.campaign(contacts=1))
    (found,) = attempts.open_attempts(world.conn)
    leases.restore(ready_redis, [found], TTL_S)
    return found


def wait_s(idle, clock, seconds):
    until = clock.now + seconds
    while clock.now < until:
        idle.tick()
        clock.now += 1
    idle.tick()


def test_what_a_dead_scheduler_reserved_and_never_claimed_is_freed(idle, clock, open_attempt, ready_redis):
    leases.restore(ready_redis, [replace(open_attempt, attempt_id=new_ids(1)[0])], TTL_S)
    wait_s(idle, clock, IDLE_S - EVERY_S)
    assert leases.counts(ready_redis).total == 2, "a living scheduler may be about to claim it"
    wait_s(idle, clock, 2 * EVERY_S)
    assert leases.held(ready_redis) == {open_attempt.attempt_id}


def test_the_channel_of_a_call_that_ended_while_redis_was_away_is_freed(idle, clock, open_attempt, ready_redis, world):
    wait_s(idle, clock, 3 * IDLE_S)
    assert leases.counts(ready_redis).total == 1, "the call is up"
    facts = CallFacts(open_attempt.attempt_id, "NORMAL_CLEARING", open_attempt.claimed_at)
    conclusion.conclude(world.conn, facts, Witness.HOOK)
    wait_s(idle, clock, IDLE_S + 2 * EVERY_S)
    assert leases.counts(ready_redis).total == 0


def test_the_operators_channel_of_a_call_that_is_up_is_kept(idle, clock, open_attempt, ready_redis):
    leases.restore(ready_redis, [replace(open_attempt, is_transferred=True)], TTL_S)
    before = leases.counts(ready_redis).total
    wait_s(idle, clock, 3 * IDLE_S)
    assert leases.counts(ready_redis).total == before == 2
