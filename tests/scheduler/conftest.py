"""Fixtures: the stores with a campaign in them, and a switch that only remembers what it was asked."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis

from db.claims import ClaimedAttempt
from db.leases import TotalLimits
from db.pool import open_pool
from db.redis_client import open_redis
from db.spool import Spool
from scheduler.brakes import Brakes
from scheduler.database import Database
from scheduler.departures import Departures
from scheduler.event_socket import NotSent
from scheduler.planner import Planner
from scheduler.unsent import Unsent
from tests.db.conftest import CORE, World

HORIZON_MS = 500
TTL_S = 60


class Remembering:
    """Stands where scheduler.switch.Switch does. fails: what the next originates raise."""

    def __init__(self) -> None:
        self.core_uuid: str | None = CORE
        self.sent: list[tuple[float, ClaimedAttempt]] = []
        self.fails: list[Exception] = []
        self.existing: set[str] = set()
        self.listed: set[str] = set()
        self.asked: list[str] = []
        self.on_originate: Callable[[ClaimedAttempt], object] = lambda _: None

    def originate(self, attempt: ClaimedAttempt, core_uuid: str) -> None:
        self.on_originate(attempt)
        if core_uuid != self.core_uuid:
            raise NotSent
        if self.fails:
            raise self.fails.pop(0)
        self.sent.append((time.monotonic(), attempt))

    def channel_exists(self, attempt_id: str) -> bool:
        self.asked.append(attempt_id)
        if self.fails:
            raise self.fails.pop(0)
        return attempt_id in self.existing

    def channels(self) -> frozenset[str]:
        if self.fails:
            raise self.fails.pop(0)
        return frozenset(self.listed)

    def numbers(self) -> list[str]:
        return [attempt.phone for _, attempt in self.sent]


@pytest.fixture
def switch() -> Remembering:
    return Remembering()


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    opened = Database(open_pool(postgres_url, 4))
    yield opened
    opened.close()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    client = open_redis(redis_url, wait_ms=1000)
    yield client
    client.close()


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        yield World(conn)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", 100_000)


@pytest.fixture
def brakes(switch: Remembering, spool: Spool) -> Brakes:
    made = Brakes(lambda: switch.core_uuid is not None, spool)
    made.reconciled()
    return made


@pytest.fixture
def ready_redis(redis: Redis) -> Redis:
    """A Redis whose leases were rebuilt, with its bucket full again."""
    from db import leases

    leases.rebuild(redis, [])
    redis.delete("dialer:arrival:total", "dialer:departed:total")
    return redis


@pytest.fixture
def planner(database: Database, ready_redis: Redis) -> Planner:
    return make_planner(database, ready_redis)


def make_planner(
    database: Database,
    redis: Redis,
    total: TotalLimits | None = None,
    is_up: Callable[[str], bool] = lambda _: True,
    horizon_ms: int = HORIZON_MS,
) -> Planner:
    return Planner(database, redis, total or TotalLimits(100, 50), horizon_ms, TTL_S, is_up)


@pytest.fixture
def unsent(tmp_path: Path) -> Iterator[Unsent]:
    made = Unsent(tmp_path / "unsent")
    yield made
    made.close()


@pytest.fixture
def departures(
    database: Database,
    ready_redis: Redis,
    switch: Remembering,
    brakes: Brakes,
    unsent: Unsent,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Departures]:
    """Departures that forgive lateness, so that a busy machine gives no call's slot back; one test is about that."""
    monkeypatch.setattr("scheduler.departures.LATEST_S", 30.0)
    made = Departures(database, ready_redis, switch, brakes, 50, unsent)
    yield made
    made.stop(5)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def in_threads(*jobs: Callable[[], Any]) -> None:
    """Run all at the same time and wait for them."""
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
