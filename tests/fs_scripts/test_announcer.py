"""Redis hears of calls in the order of their facts, several at once, and nobody minds when it is away."""

import json

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from db import leases
from fs_scripts.announcer import Announcer


class Background:
    """Collects until its round is over."""

    def __init__(self):
        self.items = {}

    def collect(self, handler, item):
        self.items.setdefault(handler, []).append(item)

    def end_round(self):
        for handler, items in self.items.items():
            handler(items)


class Redis:
    """Takes pipelines of publishes."""

    def __init__(self, is_away):
        self.is_away, self.requests = is_away, []

    def pipeline(self, transaction):
        assert not transaction
        return Pipeline(self)


class Pipeline:
    def __init__(self, redis):
        self.redis, self.published = redis, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def publish(self, channel, event):
        self.published.append(json.loads(event)["type"])

    def execute(self):
        if self.redis.is_away:
            raise RedisConnectionError("away")
        self.redis.requests.append(self.published)


@pytest.mark.parametrize("is_away", [False, True])
def test_a_round_is_one_request_for_events_and_one_for_channels(monkeypatch, is_away):
    redis, background, released = Redis(is_away), Background(), []

    def release(_redis, ids):
        released.append(ids)
        if is_away:
            raise RedisConnectionError("away")

    monkeypatch.setattr(leases, "release", release)
    announcer = Announcer(redis, background)
    announcer.announce("call.answered", attempt_id="a")
    announcer.release("a")
    announcer.announce("call.ended", attempt_id="a")
    announcer.release("b")
    background.end_round()
    assert redis.requests == ([] if is_away else [["call.answered", "call.ended"]])
    assert released == [["a", "b"]]
