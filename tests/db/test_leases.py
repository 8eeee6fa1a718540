"""Leases and slots: no limit is exceeded, whoever asks, and an emptied Redis is noticed."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from db import leases
from db.attempts import OpenAttempt
from db.errors import LeasesLost, RedisAway
from db.leases import CampaignLimits, GatewayLimits, Slot, TotalLimits, Wanted
from db.redis_client import open_redis
from devstack.redis import Redis as RedisServer
from tests.db.conftest import new_ids
from tests.scheduler.scripted_switch import wait_until

GATEWAY = GatewayLimits(1, max_channels=50, cps=10)
CAMPAIGN = CampaignLimits(7, max_channels=50, cpm=600)
TOTAL = TotalLimits(max_channels=100, cps=100)


@pytest.fixture
def ready(redis: Redis) -> Redis:
    """A Redis whose leases stand and whose bucket is not in its first, quiet second."""
    assert leases.rebuild(redis, [])
    redis.delete("dialer:arrival:total", "dialer:departed:total")
    return redis


def reserve(
    redis: Redis,
    wanted: int,
    gateway: GatewayLimits = GATEWAY,
    campaign: CampaignLimits = CAMPAIGN,
    total: TotalLimits = TOTAL,
    horizon_ms: int = 500,
) -> list[Slot]:
    return leases.reserve(redis, gateway, campaign, total, new_ids(wanted), horizon_ms)


def an_open_attempt(attempt_id: str, originated_s_ago: float | None = 5.0) -> OpenAttempt:
    now = datetime.now(UTC)
    originated_at = None if originated_s_ago is None else now - timedelta(seconds=originated_s_ago)
    return OpenAttempt(attempt_id, 7, 70, 1, "+79160000000", now, originated_at, None, None)


def test_slots_are_spaced_evenly_and_only_within_the_horizon(ready: Redis) -> None:
    slots = reserve(ready, 50)
    delays = [slot.delay_ms for slot in slots]
    assert len(slots) == 5  # 0, 103, 206, 309, 412 ms: ten a second with room for what leaves late
    assert {b - a for a, b in itertools.pairwise(delays)} == {103}
    assert delays[0] == 0


def test_the_next_reservation_goes_on_where_the_last_one_ended(ready: Redis) -> None:
    first = reserve(ready, 2)
    second = reserve(ready, 50)
    assert len(first) + len(second) == 5
    assert second[0].delay_ms > first[-1].delay_ms


@pytest.mark.parametrize(
    ("gateway", "campaign", "total", "granted"),
    [
        (GatewayLimits(1, 3, 100), CampaignLimits(7, 50, 600), TotalLimits(100, 100), 3),
        (GatewayLimits(1, 50, 100), CampaignLimits(7, 4, 600), TotalLimits(100, 100), 4),
        (GatewayLimits(1, 50, 100), CampaignLimits(7, 50, 600), TotalLimits(2, 100), 2),
        (GatewayLimits(1, 50, 100), CampaignLimits(7, 50, 6), TotalLimits(100, 100), 6),
        (GatewayLimits(1, 50, 100, cpm=5), CampaignLimits(7, 50, 600), TotalLimits(100, 100), 5),
        (GatewayLimits(1, 50, 100), CampaignLimits(7, 50, 600), TotalLimits(100, 4), 2),
        (GatewayLimits(1, 50, 2), CampaignLimits(7, 50, 600), TotalLimits(100, 100), 1),
        (GatewayLimits(1, 50, 100), CampaignLimits(7, 50, 600, cps=4), TotalLimits(100, 100), 2),
        (GatewayLimits(1, 50, 100), CampaignLimits(7, 50, 600), TotalLimits(100, 100, cpm=3), 3),
    ],
    ids=["gateway channels", "campaign channels", "channels in all", "campaign per minute", "gateway per minute",
         "per second in all", "gateway per second", "campaign per second", "per minute in all"],
)  # fmt: skip
def test_the_tightest_limit_decides(
    ready: Redis, gateway: GatewayLimits, campaign: CampaignLimits, total: TotalLimits, granted: int
) -> None:
    assert len(reserve(ready, 20, gateway, campaign, total, horizon_ms=500)) == granted


def test_two_campaigns_and_gateways_share_the_total(ready: Redis) -> None:
    total = TotalLimits(5, 1000)
    fast = GatewayLimits(1, 50, 1000)
    assert len(reserve(ready, 3, fast, CAMPAIGN, total)) == 3
    assert len(reserve(ready, 9, GatewayLimits(2, 50, 1000), CampaignLimits(8, 50, 600), total)) == 2


def test_a_campaigns_calls_per_second_hold_over_all_its_gateways_and_for_no_other_campaign(ready: Redis) -> None:
    slow = CampaignLimits(7, 50, 600, cps=4)
    wide = TotalLimits(100, 10_000)
    first, second = (reserve(ready, 1, GatewayLimits(n, 50, 1000), slow, wide) for n in (1, 2))
    assert second[0].delay_ms - first[0].delay_ms in range(240, 260)
    assert reserve(ready, 9, GatewayLimits(3, 50, 1000), slow, wide) == []
    assert len(reserve(ready, 9, GatewayLimits(1, 50, 1000), CampaignLimits(8, 50, 600), wide)) == 9


def test_a_campaigns_slots_given_back_are_its_again(ready: Redis) -> None:
    slow = CampaignLimits(7, 50, 600, cps=4)
    slots = reserve(ready, 9, campaign=slow)
    leases.give_back(ready, [slot.attempt_id for slot in slots])
    again = reserve(ready, 9, campaign=slow)
    assert (len(slots), again[0].delay_ms) == (2, 0)


def test_the_minute_in_all_counts_every_campaign_on_every_gateway(ready: Redis) -> None:
    total = TotalLimits(100, 10_000, cpm=4)
    slots = reserve(ready, 3, GatewayLimits(1, 50, 1000), CampaignLimits(7, 50, 600), total)
    leases.release(ready, [slot.attempt_id for slot in slots])
    assert len(reserve(ready, 9, GatewayLimits(2, 50, 1000), CampaignLimits(8, 50, 600), total)) == 1
    assert leases.minute_count_in_all(ready) == 4
    later = leases.reserve(ready, GATEWAY, CAMPAIGN, total, new_ids(9), horizon_ms=61_000)
    assert [slot.delay_ms >= 60_000 for slot in later] == [True] * 4


def test_what_the_last_minute_held_in_all_is_known_after_a_loss(ready: Redis) -> None:
    ready.flushall()
    ended = [an_open_attempt(attempt_id, age_s) for attempt_id, age_s in zip(new_ids(3), (50, 30, 3), strict=True)]
    leases.rebuild(ready, [], ended)
    ready.delete("dialer:arrival:total")
    assert leases.minute_count_in_all(ready) == 3
    assert len(reserve(ready, 9, total=TotalLimits(100, 100, cpm=4))) == 1


@pytest.mark.parametrize("limited", ["campaign", "all"])
def test_a_limit_below_one_call_a_second_survives_a_loss(ready: Redis, limited: str) -> None:
    ready.flushall()
    leases.rebuild(ready, [], [an_open_attempt(new_ids(1)[0], 3)])
    in_all, of_campaign = (0.01, 5.0) if limited == "campaign" else (5.0, 0.0)
    leave = leases.ask_to_leave(ready, 2, 0.1, in_all, None, (7, of_campaign))
    assert 1 < leave.wait_s <= 2.1, "five seconds after the one before"
    assert leases.ask_to_leave(ready, 3, 0.1, 0.01, None, (8, 5.0)).wait_s == 0, "another campaign's"


def test_a_minute_stays_full_after_its_calls_have_ended(ready: Redis) -> None:
    fast, campaign = GatewayLimits(1, 50, 1000), CampaignLimits(7, 50, 4)
    slots = reserve(ready, 9, fast, campaign)
    assert leases.release(ready, [slot.attempt_id for slot in slots]) == 4
    assert reserve(ready, 9, fast, campaign) == []
    assert leases.minute_count(ready, 7) == 4
    later = leases.reserve(ready, fast, campaign, TOTAL, new_ids(9), horizon_ms=61_000)
    assert [slot.delay_ms >= 60_000 for slot in later] == [True] * 4


def test_released_channels_can_be_reserved_again(ready: Redis) -> None:
    fast = GatewayLimits(1, 2, 1000)
    slots = reserve(ready, 9, fast)
    assert len(slots) == 2
    assert reserve(ready, 9, fast) == []
    leases.release(ready, [slots[0].attempt_id])
    assert len(reserve(ready, 9, fast)) == 1


def test_slots_given_back_leave_no_trace(ready: Redis) -> None:
    slots = reserve(ready, 50)
    assert leases.give_back(ready, [slot.attempt_id for slot in slots]) == len(slots)
    again = reserve(ready, 50)
    assert len(again) == len(slots)
    assert leases.minute_count(ready, 7) == len(slots)
    assert leases.counts(ready, [1], [7]) == leases.Counts(5, {1: 5}, {7: 5})


def test_giving_back_a_slot_does_not_undo_a_later_one(ready: Redis) -> None:
    mine, theirs = reserve(ready, 2), reserve(ready, 2)
    leases.give_back(ready, [slot.attempt_id for slot in mine])
    after = reserve(ready, 1)
    assert after[0].delay_ms > theirs[-1].delay_ms


def test_a_lease_nobody_renews_expires(ready: Redis) -> None:
    one = GatewayLimits(1, 1, 1000)
    leases.reserve(ready, one, CAMPAIGN, TOTAL, new_ids(1), 500, ttl_s=0)
    assert len(reserve(ready, 1, one)) == 1
    assert leases.counts(ready).total == 1


def test_a_renewed_lease_outlives_the_time_it_was_reserved_for(ready: Redis) -> None:
    slots = leases.reserve(ready, GATEWAY, CAMPAIGN, TOTAL, new_ids(2), 500, ttl_s=1)
    renewed, left_alone = (slot.attempt_id for slot in slots)
    assert leases.renew(ready, [renewed], ttl_s=60) == []
    wait_until(lambda: not ready.exists(f"dialer:lease:{left_alone}"))  # both were to last one second
    assert leases.counts(ready, [1], [7]) == leases.Counts(1, {1: 1}, {7: 1})
    assert leases.renew(ready, [renewed, left_alone]) == [left_alone]


def test_renewing_says_which_leases_are_unknown_and_they_can_be_restored(ready: Redis) -> None:
    held = reserve(ready, 1)[0].attempt_id
    forgotten = new_ids(1)[0]
    assert leases.renew(ready, [held, forgotten]) == [forgotten]
    assert leases.restore(ready, [an_open_attempt(held), an_open_attempt(forgotten)]) == 1
    assert leases.counts(ready, [1], [7]) == leases.Counts(2, {1: 2}, {7: 2})


def test_a_call_that_ended_while_it_was_being_restored_holds_no_lease(ready: Redis) -> None:
    held = reserve(ready, 1)[0].attempt_id
    read_before_it_ended = [an_open_attempt(held)]
    leases.release(ready, [held])
    assert leases.renew(ready, [held]) == [held]
    assert leases.restore(ready, read_before_it_ended) == 0
    assert leases.counts(ready).total == 0


def test_an_emptied_redis_grants_nothing_until_it_is_rebuilt(ready: Redis) -> None:
    reserve(ready, 3)
    ready.flushall()
    with pytest.raises(LeasesLost):
        reserve(ready, 1)
    open_ids, ended = new_ids(2), new_ids(1)
    open_ones = [an_open_attempt(attempt_id) for attempt_id in open_ids]
    assert leases.rebuild(ready, open_ones, [*open_ones, an_open_attempt(ended[0], 30)])
    assert not leases.rebuild(ready, [])
    assert leases.counts(ready, [1], [7]) == leases.Counts(2, {1: 2}, {7: 2})
    assert leases.minute_count(ready, 7) == 3
    assert reserve(ready, 5, horizon_ms=500) == []
    after_the_quiet_second = reserve(ready, 1, horizon_ms=1500)
    assert 500 < after_the_quiet_second[0].delay_ms <= 1000


def test_an_emptied_redis_keeps_slow_calls_apart(ready: Redis) -> None:
    """In all as over one gateway; whichever of the last calls is told of last."""
    left = [an_open_attempt(new_ids(1)[0], s_ago) for s_ago in (3.0, 2.0, 40.0)]
    ready.flushall()
    assert leases.rebuild(ready, [], left)
    same = leases.ask_to_leave(ready, 1, 10.0, 0.0)
    other = leases.ask_to_leave(ready, 2, 10.0, 5.0)
    assert same.wait_s == pytest.approx(8, abs=0.9)
    assert other.wait_s == pytest.approx(3, abs=0.9)
    assert leases.ask_to_leave(ready, 2, 0.0, 0.0).wait_s == 0


@pytest.mark.parametrize("suffix", ["", ":operator"])
def test_what_was_reserved_before_redis_was_emptied_may_not_leave(ready: Redis, suffix: str) -> None:
    """One scheduler rebuilds before a claim is committed, another restores its lease: no minute counts the call."""
    lease_id = new_ids(1)[0] + suffix
    leases.reserve(ready, GATEWAY, CAMPAIGN, TOTAL, [lease_id], 500)
    ready.flushall()
    assert leases.rebuild(ready, [])
    assert leases.restore(ready, [an_open_attempt(lease_id, None)]) == 1
    assert leases.minute_count(ready, 7) == 0
    with pytest.raises(LeasesLost):
        leases.ask_to_leave(ready, 1, 0.1, 0.01, Wanted(lease_id, [(1, 10)]))
    assert leases.counts(ready, switch_ids=[1]).by_switch == {1: 0}
    leases.give_back(ready, [lease_id])
    ready.delete("dialer:arrival:total")
    leases.reserve(ready, GATEWAY, CAMPAIGN, TOTAL, [lease_id], 500)
    assert leases.ask_to_leave(ready, 1, 0.1, 0.01, Wanted(lease_id, [(1, 10)])).switch_id == 1
    assert leases.minute_count(ready, 7) == 1


def test_many_schedulers_at_once_never_pass_the_limits(ready: Redis, redis_url: str) -> None:
    total = TotalLimits(30, 10_000)
    gateways = [GatewayLimits(n, 12, 10_000) for n in (1, 2, 3)]

    def ask(n: int) -> int:
        client = open_redis(redis_url, 2000)
        granted = 0
        for _ in range(10):
            granted += len(reserve(client, 3, gateways[n % 3], CampaignLimits(n % 2, 20, 6000), total))
        client.close()
        return granted

    with ThreadPoolExecutor(6) as pool:
        granted = sum(pool.map(ask, range(6)))
    held = leases.counts(ready, [1, 2, 3], [0, 1])
    assert granted == held.total == 30
    assert max(held.by_gateway.values()) <= 12
    assert max(held.by_campaign.values()) <= 20


def test_a_frozen_redis_is_given_up_in_time(redis_server: RedisServer, redis_url: str) -> None:
    client = open_redis(redis_url, wait_ms=100)
    leases.rebuild(client, [])
    redis_server.pause()
    try:
        started = datetime.now(UTC)
        with pytest.raises(RedisAway):
            reserve(client, 1)
        assert datetime.now(UTC) - started < timedelta(milliseconds=600)
    finally:
        redis_server.resume()
    client.close()
