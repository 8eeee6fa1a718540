"""The live stream: a full picture at once, a new one after an event, heartbeats, and a bounded number of them."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from psycopg import Connection
from redis import Redis

from control_panel import live_hub
from control_panel.live_hub import LiveHub, TooManyStreams
from db import campaigns, live_events
from db.pool import Pool
from dialer.campaign import CampaignState
from tests.control_panel import sample
from tests.control_panel.conftest import Browser

Picture = dict[str, Any]


@pytest.fixture
def campaign_id(conn: Connection[Any]) -> int:
    return sample.a_running_campaign(conn, size=20, done=10)


@pytest.fixture
def slow_rereading(monkeypatch: pytest.MonkeyPatch) -> None:
    """No re-reading on its own during a test, so that only an event can bring news."""
    monkeypatch.setattr(live_hub, "REREAD_S", 600.0)


def pictures(stream: Any, wanted: Callable[[Picture], bool], limit_s: float = 20.0) -> Picture:
    """Read the stream until a picture is as wanted, and return it."""
    until = time.monotonic() + limit_s
    for chunk in stream:
        assert time.monotonic() < until, "the picture wanted never came"
        text = chunk if isinstance(chunk, str) else chunk.decode()
        if text.startswith("event: state\ndata: "):
            picture = json.loads(text.removeprefix("event: state\ndata: "))
            if wanted(picture):
                return dict(picture)
    raise AssertionError("the stream ended")


def test_it_begins_with_the_whole_picture(admin: Browser, campaign_id: int) -> None:
    answer = admin.get("/live/stream")
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    picture = pictures(answer.iter_encoded(), lambda p: True)
    answer.close()
    assert picture["campaigns"][str(campaign_id)]["dialing"] == 9
    assert len(picture["calls"]) == 9
    assert {"phone", "name", "campaign", "since", "answered"} <= set(picture["calls"][0])


def test_it_brings_news_as_soon_as_an_event_comes(
    admin: Browser, conn: Connection[Any], redis: Redis, campaign_id: int, slow_rereading: None
) -> None:
    answer = admin.get(f"/live/stream?campaign={campaign_id}")
    stream = answer.iter_encoded()
    pictures(stream, lambda p: p["live"])
    conn.execute("UPDATE contacts SET state = 'concluded' WHERE campaign_id = %s", [campaign_id])
    live_events.publish(redis, "call.ended", {"campaign_id": campaign_id})
    started = time.monotonic()
    pictures(stream, lambda p: p["campaigns"][str(campaign_id)]["concluded"] == 20)
    answer.close()
    assert time.monotonic() - started < 5


def test_it_tells_a_page_that_was_just_opened_nothing_of_the_past(
    admin: Browser, conn: Connection[Any], campaign_id: int, slow_rereading: None
) -> None:
    first = admin.get(f"/live/stream?campaign={campaign_id}")
    pictures(first.iter_encoded(), lambda p: p["campaigns"][str(campaign_id)]["state"] == "active")
    campaigns.move(conn, campaign_id, CampaignState.PAUSED)  # and no event says so
    second = admin.get(f"/live/stream?campaign={campaign_id}")
    assert pictures(second.iter_encoded(), lambda p: True)["campaigns"][str(campaign_id)]["state"] == "paused"
    first.close()
    second.close()


def test_it_re_reads_on_its_own_while_redis_is_away(
    admin: Browser, without_redis: None, conn: Connection[Any], campaign_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "REREAD_S", 0.5)
    answer = admin.get("/live/stream")
    stream = answer.iter_encoded()
    assert pictures(stream, lambda p: True)["live"] is False
    conn.execute("UPDATE contacts SET state = 'concluded'")
    pictures(stream, lambda p: p["campaigns"][str(campaign_id)]["concluded"] == 20)
    answer.close()


def test_it_shows_a_campaign_that_is_not_dialing_when_its_page_asks(
    admin: Browser, conn: Connection[Any], campaign_id: int
) -> None:
    campaigns.move(conn, campaign_id, CampaignState.PAUSED)
    assert admin.get("/live/state.json").json["campaigns"] == {}
    found = admin.get(f"/live/state.json?campaign={campaign_id}").json["campaigns"]
    assert found[str(campaign_id)]["state"] == "paused"


def test_it_ignores_a_campaign_that_is_not_there(admin: Browser, campaign_id: int) -> None:
    answer = admin.get("/live/stream?campaign=999")
    picture = pictures(answer.iter_encoded(), lambda p: True)
    answer.close()
    assert set(picture["campaigns"]) == {str(campaign_id)}
    assert admin.get("/live/state.json?campaign=999").status_code == 200


def test_it_bounds_the_streams_and_frees_a_place_when_a_page_closes(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "MAX_STREAMS", 2)
    first, second = admin.get("/live/stream"), admin.get("/live/stream")
    busy = admin.get("/live/stream")
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "15")
    assert admin.get("/live/state.json").status_code == 200
    first.close()
    third = admin.get("/live/stream")
    assert third.status_code == 200
    second.close()
    third.close()


def test_it_sends_comments_through_silence_and_ends_when_the_server_stops(
    app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "HEARTBEAT_S", 0.05)
    pool: Pool = app.extensions["pool"]
    hub = LiveHub(redis, pool, lambda conn, watched: {"campaigns": {}, "calls": []})
    stream = hub.subscribe(None)
    seen = [next(stream)]
    while ": still here\n\n" not in seen:
        seen.append(next(stream))
        assert len(seen) < 200
    hub.close()
    assert list(stream) == []
    with pytest.raises(TooManyStreams):
        hub.subscribe(None)


def test_it_says_when_the_database_is_away_and_comes_back(app: Flask, redis: Redis) -> None:
    from psycopg import OperationalError

    answers: list[Any] = [OperationalError("gone"), {"campaigns": {}, "calls": []}]

    def read(_conn: Any, _watched: Any) -> Picture:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    hub = LiveHub(redis, app.extensions["pool"], read)
    stream = hub.subscribe(None)
    assert pictures(stream, lambda p: True).get("away") is True
    assert "away" not in pictures(stream, lambda p: "calls" in p)
    hub.close()


def test_a_bug_costs_one_picture_and_not_all_that_follow(app: Flask, redis: Redis) -> None:
    answers: list[Any] = [RuntimeError("a bug"), {"campaigns": {}, "calls": []}]

    def read(_conn: Any, _watched: Any) -> Picture:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    hub = LiveHub(redis, app.extensions["pool"], read)
    assert pictures(hub.subscribe(None), lambda p: True)["calls"] == []
    hub.close()


def test_its_thread_ends_when_nobody_watches(app: Flask, redis: Redis) -> None:
    import threading

    before = {thread.ident for thread in threading.enumerate()}
    hub = LiveHub(redis, app.extensions["pool"], lambda conn, watched: {"campaigns": {}, "calls": []})
    stream = hub.subscribe(None)
    pictures(stream, lambda p: True)
    mine = [t for t in threading.enumerate() if t.ident not in before and t.name == "live-hub"]
    assert len(mine) == 1
    stream.close()  # type: ignore[attr-defined]
    mine[0].join(10)
    assert not mine[0].is_alive()
    assert pictures(hub.subscribe(None), lambda p: True)["calls"] == []
    hub.close()
