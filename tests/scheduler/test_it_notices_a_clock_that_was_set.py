"""Redis's clock may be set: nothing leaves beyond a limit, and nothing stays silent until the clock is there again."""

import time
from datetime import UTC, datetime

import pytest
from redis import Redis

from db import attempts, leases, rate_bucket
from db.errors import LeasesLost
from db.leases import CampaignLimits, GatewayLimits, TotalLimits
from scheduler.brakes import Brake, Brakes
from scheduler.redis_clock import RedisClock
from tests.db.conftest import new_ids
from tests.scheduler.conftest import make_planner

HOUR_S = 3600.0
GATEWAY, CAMPAIGN, TOTAL = GatewayLimits(1, 3, 10), CampaignLimits(1, 10, 3), TotalLimits(10, 10)
MINUTE_MS = 60_000


class Shifted:
    """Our clock. Set back, it sees Redis's set forward."""

    def __init__(self) -> None:
        self.by_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.by_s


@pytest.fixture
def ours() -> Shifted:
    return Shifted()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def watch(ready_redis: Redis, ours: Shifted, told: list[str]) -> RedisClock:
    return RedisClock(ready_redis, TOTAL.cps, lambda: told.append("set"), ours)


def reserve(redis: Redis, wanted: int, horizon_ms: int) -> list[int]:
    ids = new_ids(wanted)
    return [slot.delay_ms for slot in leases.reserve(redis, GATEWAY, CAMPAIGN, TOTAL, ids, horizon_ms)]


def test_a_clock_that_runs_is_left_alone(watch, told, ready_redis, world):
    held = reserve(ready_redis, 3, 1000)
    for _ in range(50):
        assert abs(watch.time_us() - leases.time_us(ready_redis)) < 1_000_000
    assert (told, watch.is_quiet()) == ([], False)
    assert leases.counts(ready_redis).total == len(held) == 3


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S, 5.0, -5.0])
def test_after_it_was_set_nothing_leaves_for_a_minute_and_live_calls_keep_their_channels(
    watch, ours, told, ready_redis, world, by_s: float
):
    """Whatever the scripts made of the leases and minutes between the step and the look."""
    world.conn.execute("UPDATE gateways SET max_channels = 3")
    world.dial(world.campaign(contacts=2), 2)
    brakes = Brakes(frozenset, is_clock_set=watch.is_quiet)
    brakes.reconciled()
    leases.restore(ready_redis, attempts.open_attempts(world.conn))
    watch.time_us()
    if by_s > 0:
        ready_redis.delete(*ready_redis.keys("dialer:lease*"))  # they ran out under live calls
    ours.by_s = -by_s
    with pytest.raises(LeasesLost):
        watch.time_us()
    assert told == ["set"]
    with pytest.raises(LeasesLost):
        reserve(ready_redis, 1, 500)
    assert leases.rebuild(ready_redis, attempts.open_attempts(world.conn))
    assert leases.counts(ready_redis, [world.gateway_id]).by_gateway == {world.gateway_id: 2}
    assert brakes.reason() is Brake.CLOCK_SET
    assert reserve(ready_redis, 3, MINUTE_MS - 1000) == []
    assert all(MINUTE_MS - 1000 < delay < MINUTE_MS + 1000 for delay in reserve(ready_redis, 1, MINUTE_MS + 2000))
    watch.time_us()
    assert told == ["set"], "once"
    ready_redis.delete("dialer:quiet")
    watch.time_us()
    assert brakes.reason() is None


@pytest.mark.parametrize("key", ["dialer:arrival:total", "dialer:departed:total"])
def test_one_that_was_set_back_while_nobody_watched_stops_nothing_for_longer_than_a_minute(
    watch, told, ready_redis, key: str
):
    ready_redis.set(key, leases.time_us(ready_redis) + int(HOUR_S * 1_000_000))
    ready_redis.set("dialer:arrival:gateway:1", leases.time_us(ready_redis) + int(HOUR_S * 1_000_000))
    with pytest.raises(LeasesLost):
        watch.time_us()
    assert leases.rebuild(ready_redis, [])
    assert len(reserve(ready_redis, 1, MINUTE_MS + 2000)) == 1
    watch.time_us()
    assert told == ["set"]


def test_the_planner_asks_the_watch(world, database, ready_redis, watch, ours, told):
    world.campaign(contacts=5, calls_per_minute=6000)
    planner = make_planner(database, ready_redis)
    planner._time_us = watch.time_us
    planner.plan(datetime.now(UTC))
    ours.by_s = HOUR_S
    with pytest.raises(LeasesLost):
        planner.plan(datetime.now(UTC))
    assert told == ["set"]


def test_a_bucket_that_was_filled_before_it_was_set_back_gives_again_as_soon_as_a_full_one(ready_redis):
    ready_redis.set("dialer:bucket:portal", leases.time_us(ready_redis) + int(HOUR_S * 1_000_000))
    assert 0 < rate_bucket.take(ready_redis, "portal", 2, 2.0) <= 500
