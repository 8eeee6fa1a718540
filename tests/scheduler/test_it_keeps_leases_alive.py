"""Every open attempt keeps its channel's lease, however long the call; what nobody keeps expires."""

from dataclasses import replace

import pytest

from db import attempts, leases
from db.errors import DatabaseAway
from scheduler.brakes import Brake, Brakes
from scheduler.jobs import LeaseKeeper
from tests.db.conftest import new_ids
from tests.scheduler.conftest import TTL_S
from tests.scheduler.scripted_switch import wait_until


def test_leases_of_open_attempts_are_renewed_and_those_redis_forgot_restored(world, database, ready_redis, clock):
    campaign_id = world.campaign(contacts=2)
    world.dial(campaign_id, 2)
    held, forgotten = attempts.open_attempts(world.conn)
    nobodys = replace(held, attempt_id=new_ids(1)[0])
    leases.restore(ready_redis, [held, nobodys], ttl_s=1)
    keeper = LeaseKeeper(database, ready_redis, TTL_S, clock)
    clock.now += TTL_S / 4
    keeper.tick()
    wait_until(lambda: not ready_redis.exists(f"dialer:lease:{nobodys.attempt_id}"))
    gateway_id = world.gateway_id
    both = leases.Counts(2, {gateway_id: 2}, {campaign_id: 2})
    assert leases.counts(ready_redis, [gateway_id], [campaign_id]) == both
    assert leases.renew(ready_redis, [held.attempt_id, forgotten.attempt_id]) == []


def test_dialing_is_held_while_leases_of_live_calls_may_have_expired(database, ready_redis, clock, monkeypatch):
    keeper = LeaseKeeper(database, ready_redis, TTL_S, clock)
    brakes = Brakes(frozenset, keeper.are_kept)
    brakes.reconciled()
    real = database.run

    def away(_job):
        raise DatabaseAway

    monkeypatch.setattr(database, "run", away)
    for _ in range(2):
        assert brakes.reason() is None
        clock.now += TTL_S / 4
        with pytest.raises(DatabaseAway):
            keeper.tick()
    assert brakes.reason() is Brake.LEASES_OLD
    monkeypatch.setattr(database, "run", real)
    keeper.tick()
    assert brakes.reason() is None
