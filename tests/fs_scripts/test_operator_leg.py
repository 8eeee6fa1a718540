"""An operator's leg is a call to the trunk like any other: it waits for a channel and a moment, and holds both."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg
import pytest

from db import attempts, gateway_health, leases, operator_legs, switches
from db.errors import DatabaseAway
from db.leases import TotalLimits
from db.redis_client import open_redis
from dialer.back_off import PROBE_CPS
from fs_scripts import operator_leg
from tests.db.conftest import World

NUMBER = "+74950000000"


class Line:
    """Remembers; on_pause may change the world, and the callee leaves after `patience` pauses."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.pauses = 0
        self.patience = 1000
        self.failure: tuple[str, int | None] | None = None
        self.on_pause = lambda: None

    def is_up(self) -> bool:
        return self.pauses < self.patience

    def pause(self, duration_ms: int) -> None:
        self.pauses += 1
        self.on_pause()

    def bridge(self, number: str) -> bool:
        self.done.append(number)
        return self.failure is None

    def bridge_failure(self) -> tuple[str, int | None]:
        return self.failure


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        yield World(conn)


@pytest.fixture
def shared(world: World, redis_url: str) -> Iterator[SimpleNamespace]:
    redis = open_redis(redis_url, 2000)
    leases.rebuild(redis, [])
    redis.delete("dialer:arrival:total")
    yield SimpleNamespace(
        settings=SimpleNamespace(max_channels=100, max_calls_per_second=1000, max_calls_per_minute=0, lease_ttl_s=60),
        redis=redis,
        postgres=SimpleNamespace(run=lambda job, **_: job(world.conn)),
    )
    redis.close()


@pytest.fixture
def attempt_id(world: World, shared: SimpleNamespace) -> str:
    """An attempt with its own lease, whose callee wants an operator."""
    world.conn.execute("UPDATE gateways SET max_channels = 2, calls_per_second = 500")
    (claimed,) = world.dial(world.campaign(contacts=1))
    world.conn.execute("UPDATE attempts SET outcome = 'transferred'")
    of = operator_legs.limits(world.conn, claimed.attempt_id)
    assert of is not None
    leases.reserve(shared.redis, of.gateway, of.campaign, TotalLimits(100, 1000), [claimed.attempt_id], 1000)
    return claimed.attempt_id


def test_the_callee_is_put_through_and_two_channels_are_held_until_the_call_ends(shared, world, attempt_id):
    line = Line()
    assert operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert line.done == [NUMBER]
    assert leases.counts(shared.redis, [world.gateway_id]).by_gateway == {world.gateway_id: 2}
    leases.release(shared.redis, [attempt_id])
    assert leases.counts(shared.redis).total == 0


def test_a_callee_waits_for_a_channel(shared, world, attempt_id):
    world.conn.execute("UPDATE gateways SET max_channels = 1")
    line = Line()

    def one_more() -> None:
        world.conn.execute("UPDATE gateways SET max_channels = 2")

    line.on_pause = one_more
    of = operator_legs.limits(world.conn, attempt_id)
    assert operator_legs.reserve(shared.redis, attempt_id, of, TotalLimits(100, 1000), 1000, 60) is None
    line.patience = 1
    assert not operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert line.done == []
    assert leases.counts(shared.redis).total == 1
    assert operator_leg.connect(Line(), shared, attempt_id, NUMBER), "now there is one"


@pytest.mark.parametrize("table", ["gateways", "campaigns"])
def test_a_limit_that_is_lowered_while_the_leg_waits_for_its_moment_holds_for_it(
    shared, world, attempt_id, monkeypatch, table
):
    monkeypatch.setattr(operator_leg, "LIMITS_FOR_S", 0.0)
    shared.redis.set("dialer:arrival:total", leases.time_us(shared.redis) + 1_000_000)
    line = Line()
    line.on_pause = lambda: world.conn.execute(f"UPDATE {table} SET max_channels = 1")
    line.patience = 3
    assert not operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert line.done == []
    assert leases.counts(shared.redis).total == 1, "the callee's"


def test_a_leg_goes_on_waiting_while_postgres_is_away(shared, world, attempt_id, monkeypatch):
    monkeypatch.setattr(operator_leg, "LIMITS_FOR_S", 0.0)
    shared.redis.set("dialer:arrival:total", leases.time_us(shared.redis) + 1_000_000)
    line = Line()

    def go_away() -> None:
        shared.postgres.run = away

    line.on_pause = go_away
    assert operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert line.done == [NUMBER]


def away(_job, **_options):
    raise DatabaseAway


def test_nobody_is_put_through_while_the_leases_are_lost(shared, attempt_id):
    line = Line()
    line.patience = 3
    shared.redis.flushall()
    assert not operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert line.done == []


def test_a_leg_that_waits_while_redis_is_emptied_is_reserved_and_counted_anew(shared, world, attempt_id):
    switches.from_settings(world.conn, "127.0.0.1", 8021)
    world.conn.execute("UPDATE attempts SET switch_id = (SELECT id FROM switches)")
    shared.redis.set("dialer:arrival:total", leases.time_us(shared.redis) + 1_000_000)
    found = attempts.open_attempts(world.conn)
    line = Line()

    def empty() -> None:
        line.on_pause = lambda: None
        shared.redis.flushall()
        leases.rebuild(shared.redis, found, found)
        shared.redis.delete("dialer:arrival:total")

    line.on_pause = empty
    assert operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert leases.counts(shared.redis).total == 2
    assert leases.minute_count(shared.redis, found[0].campaign_id) == 2
    held = shared.redis.hexists(f"dialer:lease:{leases.of_operator(attempt_id)}", "total_after")
    assert held, "by a slot of its own, not by what was restored"


NOT_USABLE = {
    "the breaker is open": "INSERT INTO gateway_health (gateway_id, state) SELECT id, 'open' FROM gateways",
    "nobody may use it": "UPDATE gateways SET is_enabled = false",
}


@pytest.mark.parametrize("why", NOT_USABLE)
def test_a_leg_does_not_leave_over_a_gateway_that_is_not_used(shared, world, attempt_id, monkeypatch, why):
    monkeypatch.setattr(operator_leg, "LIMITS_FOR_S", 0.0)
    world.conn.execute(NOT_USABLE[why])
    line = Line()
    line.patience = 3
    assert not operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert leases.counts(shared.redis).total == 1, "the callee's"
    waiting = Line()
    waiting.on_pause = lambda: (
        world.conn.execute("UPDATE gateways SET is_enabled = true")
        and world.conn.execute("UPDATE gateway_health SET state = 'closed'")
    )
    assert operator_leg.connect(waiting, shared, attempt_id, NUMBER), "as soon as it is used again"


@pytest.mark.parametrize("why", NOT_USABLE)
def test_a_leg_that_waits_for_its_moment_holds_nothing_on_a_gateway_that_is_used_no_more(
    shared, world, attempt_id, monkeypatch, why
):
    monkeypatch.setattr(operator_leg, "LIMITS_FOR_S", 0.0)
    shared.redis.set("dialer:arrival:total", leases.time_us(shared.redis) + 1_000_000)
    counted = []
    line = Line()

    def close() -> None:
        counted.append(leases.counts(shared.redis).total)
        if line.pauses == 1:
            world.conn.execute(NOT_USABLE[why])

    line.on_pause, line.patience = close, 3
    assert not operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert counted == [2, 1, 1]


@pytest.mark.parametrize(
    ("failure", "slows"),
    [
        (("NORMAL_TEMPORARY_FAILURE", 503), True),
        (("RECOVERY_ON_TIMER_EXPIRE", None), True),
        (("NORMAL_TEMPORARY_FAILURE", 500), False),
        (("USER_BUSY", 486), False),
        (("ORIGINATOR_CANCEL", 487), False),
    ],
)
def test_a_trunk_that_refuses_operators_legs_is_slowed_down(shared, world, attempt_id, failure, slows):
    campaign_id = world.campaign(contacts=2, first_phone=79170000000)
    for dialled in (attempt_id, *(claimed.attempt_id for claimed in world.dial(campaign_id, 2))):
        leases.release(shared.redis, [attempt_id])
        line = Line()
        line.failure = failure
        assert not operator_leg.connect(line, shared, dialled, NUMBER)
        assert line.done == [NUMBER]
    world.conn.execute("UPDATE gateway_health SET judged_at = judged_at - interval '1 second'")
    gateway_health.judge_all(world.conn, datetime.now(UTC))
    health = gateway_health.known(world.conn)[world.gateway_id]
    assert (health.share < 1) == slows
    if slows:
        assert health.failures == 3
        assert health.reason.startswith(failure[0])


def test_a_leg_whose_end_cannot_be_written_down_has_ended_all_the_same(shared, world, attempt_id):
    line = Line()
    line.failure = ("NORMAL_TEMPORARY_FAILURE", 503)
    bridge = line.bridge

    def and_postgres_goes(number: str) -> bool:
        shared.postgres.run = away
        return bridge(number)

    line.bridge = and_postgres_goes
    assert not operator_leg.connect(line, shared, attempt_id, NUMBER)


def test_a_leg_keeps_its_moment_while_a_trunk_recovers(shared, world, attempt_id, monkeypatch):
    monkeypatch.setattr(operator_leg, "LIMITS_FOR_S", 0.0)
    world.conn.execute("INSERT INTO gateway_health (gateway_id, share) SELECT id, 0.5 FROM gateways")
    shared.redis.set("dialer:departed:total", leases.time_us(shared.redis) + 5_000_000)  # another call left late
    moments = []
    line = Line()

    def recover() -> None:
        world.conn.execute("UPDATE gateway_health SET share = share + 0.1")
        moments.append(shared.redis.zscore("dialer:minute:total", f"{attempt_id}:operator"))

    line.on_pause, line.patience = recover, 3
    assert not operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert len(moments) == 3
    assert len(set(moments)) == 1


def test_a_leg_keeps_the_speed_at_which_the_trunk_takes_calls(world, attempt_id):
    def cps() -> float:
        return operator_legs.limits(world.conn, attempt_id).gateway.cps

    assert cps() == 500
    world.conn.execute("INSERT INTO gateway_health (gateway_id, share) SELECT id, 0.5 FROM gateways")
    assert cps() == 250
    world.conn.execute("UPDATE gateway_health SET state = 'half_open'")
    assert cps() == PROBE_CPS


@pytest.mark.parametrize("limited", ["its campaign's second", "the minute in all"])
def test_a_leg_counts_in_the_campaigns_second_and_the_minute_in_all(shared, world, attempt_id, limited):
    if limited == "the minute in all":
        shared.settings.max_calls_per_minute = 1
    else:
        shared.redis.set(f"dialer:arrival:campaign:{attempts.open_attempts(world.conn)[0].campaign_id}", "9" * 16)
        world.conn.execute("UPDATE campaigns SET calls_per_second = 0.05")
    line = Line()
    line.patience = 3
    assert not operator_leg.connect(line, shared, attempt_id, NUMBER), "the callee's own call was the last one"
    shared.settings.max_calls_per_minute = 2
    world.conn.execute("UPDATE campaigns SET calls_per_second = NULL")
    assert operator_leg.connect(Line(), shared, attempt_id, NUMBER)
    assert leases.minute_count_in_all(shared.redis) == 2


class SlowLine(Line):
    """Its pauses take as long as they do in a switch, or longer; notes when the leg left, by Redis's clock."""

    def __init__(self, redis, longer_s: float = 0.0) -> None:
        super().__init__()
        self._redis, self._longer_s = redis, longer_s
        self.left_us = 0

    def pause(self, duration_ms: int) -> None:
        time.sleep(duration_ms / 1000 + self._longer_s)
        super().pause(duration_ms)

    def bridge(self, number: str) -> bool:
        self.left_us = leases.time_us(self._redis)
        return super().bridge(number)


def on_a_switch(world, channels: int) -> int:
    switches.from_settings(world.conn, "127.0.0.1", 8021)
    world.conn.execute("UPDATE attempts SET switch_id = (SELECT id FROM switches)")
    world.conn.execute("UPDATE switches SET max_channels = %s", [channels])
    return world.value("SELECT id FROM switches")


def late_s(line: SlowLine, world, redis, attempt_id) -> float:
    """How long after the moment at which the minute counts it the leg left."""
    campaign_id = operator_legs.limits(world.conn, attempt_id).campaign.id
    return (line.left_us - redis.zscore(f"dialer:minute:campaign:{campaign_id}", f"{attempt_id}:operator")) / 1e6


def test_a_leg_that_waits_for_a_channel_of_its_switch_is_counted_when_it_leaves(shared, world, attempt_id):
    switch_id = on_a_switch(world, channels=1)
    shared.redis.zadd(f"dialer:leases:switch:{switch_id}", {"other": leases.time_us(shared.redis) + 1_000_000})
    line = SlowLine(shared.redis)
    assert operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert late_s(line, world, shared.redis, attempt_id) < 0.25
    assert leases.counts(shared.redis, switch_ids=[switch_id]).by_switch == {switch_id: 1}


def test_a_leg_whose_moment_went_by_gets_another_one(shared, world, attempt_id):
    shared.redis.set("dialer:arrival:total", leases.time_us(shared.redis) + 300_000)
    line = SlowLine(shared.redis, longer_s=0.5)
    line.on_pause = lambda: setattr(line, "_longer_s", 0.0)
    assert operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert late_s(line, world, shared.redis, attempt_id) < 0.25
    assert leases.minute_count(shared.redis, attempts.open_attempts(world.conn)[0].campaign_id) == 2, "each once"


def test_the_lease_keeper_takes_no_channel_for_a_leg_that_waits_for_one(shared, world, attempt_id):
    of, total = operator_legs.limits(world.conn, attempt_id), TotalLimits(100, 1000)
    leases.reserve(shared.redis, of.gateway, of.campaign, total, ["another"], 1000)
    assert operator_legs.reserve(shared.redis, attempt_id, of, total, 1000, 60) is None, "the gateway is full"
    leases.renew_open(shared.redis, attempts.open_attempts(world.conn))
    assert leases.counts(shared.redis).total == 2, "the callee's and another's"
    leases.release(shared.redis, ["another"])
    assert operator_legs.reserve(shared.redis, attempt_id, of, total, 1000, 60) is not None


def test_what_was_restored_for_a_leg_before_it_asked_does_not_keep_it_waiting(shared, world, attempt_id):
    leases.renew_open(shared.redis, attempts.open_attempts(world.conn))
    assert leases.counts(shared.redis).total == 2, "its outcome was seen before it asked"
    assert operator_leg.connect(Line(), shared, attempt_id, NUMBER)
    assert leases.counts(shared.redis).total == 2


def test_a_callee_who_leaves_while_the_leg_waits_for_its_moment_leaves_nothing_of_it(shared, world, attempt_id):
    shared.redis.set("dialer:arrival:total", leases.time_us(shared.redis) + 1_000_000)
    line = Line()
    line.patience = 1
    assert not operator_leg.connect(line, shared, attempt_id, NUMBER)
    assert leases.counts(shared.redis).total == 1, "the callee's"
    assert leases.minute_count(shared.redis, attempts.open_attempts(world.conn)[0].campaign_id) == 1


def test_the_scheduler_keeps_and_restores_the_operators_lease(shared, world, attempt_id):
    assert operator_leg.connect(Line(), shared, attempt_id, NUMBER)
    found = attempts.open_attempts(world.conn)
    assert [a.is_transferred for a in found] == [True]
    shared.redis.flushall()
    assert leases.rebuild(shared.redis, found, found)
    assert leases.counts(shared.redis).total == 2
    shared.redis.zrem("dialer:leases:total", leases.of_operator(attempt_id))
    shared.redis.delete(f"dialer:lease:{leases.of_operator(attempt_id)}")
    leases.renew_open(shared.redis, found)
    assert leases.counts(shared.redis).total == 2
