"""The shared rate bucket and the live events."""

import re
import threading

from redis import Redis

from db import live_events, rate_bucket
from db.redis_client import keeps_on_disk, open_redis


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate(redis: Redis) -> None:
    assert [rate_bucket.take(redis, "portal", 3, 2.0) for _ in range(3)] == [0, 0, 0]
    wait_ms = rate_bucket.take(redis, "portal", 3, 2.0)
    assert 300 < wait_ms <= 500
    assert rate_bucket.take(redis, "another portal", 3, 2.0) == 0


def test_asking_an_empty_bucket_takes_nothing_from_it(redis: Redis) -> None:
    assert rate_bucket.take(redis, "portal", 1, 1.0) == 0
    waits = [rate_bucket.take(redis, "portal", 1, 1.0) for _ in range(5)]
    assert all(0 < wait <= 1000 for wait in waits)


def test_a_published_event_reaches_a_subscriber(redis: Redis, redis_url: str) -> None:
    events = live_events.subscribe(open_redis(redis_url, 2000), idle_s=5)
    assert next(events) is None
    assert live_events.publish(redis, "call.answered", {"attempt_id": "a", "campaign_id": 1})
    event = next(events)
    assert event is not None
    assert (event["type"], event["attempt_id"], event["campaign_id"]) == ("call.answered", "a", 1)
    assert event["ts"].endswith("+00:00")


def test_silence_is_told_so_that_a_watcher_can_leave(redis_url: str) -> None:
    events = live_events.subscribe(open_redis(redis_url, 2000), idle_s=0.05)
    assert [next(events), next(events)] == [None, None]


def test_publishing_without_redis_is_no_failure_of_the_call() -> None:
    nobody = open_redis("redis://127.0.0.1:1/0", 100)
    assert not live_events.publish(nobody, "call.ended", {})
    assert threading.active_count() >= 1


def test_a_redis_that_keeps_data_on_disk_is_told_from_one_that_does_not(redis: Redis) -> None:
    assert not keeps_on_disk(redis)
    for setting, value, off in (("save", "3600 1", ""), ("appendonly", "yes", "no")):
        redis.config_set(setting, value)
        try:
            assert keeps_on_disk(redis)
        finally:
            redis.config_set(setting, off)
    assert not keeps_on_disk(redis)


def test_nobody_is_warned_of_a_redis_that_may_not_be_asked(redis: Redis, redis_url: str) -> None:
    redis.acl_setuser("shy", enabled=True, passwords=["+secret"], commands=["+@all", "-config"], keys=["*"])
    shy = open_redis(re.sub(r"//.*@", "//shy:secret@", redis_url), 2000)
    assert not keeps_on_disk(shy)
    shy.close()
    redis.acl_deluser("shy")
