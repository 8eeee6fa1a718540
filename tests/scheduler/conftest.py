"""Fixtures: the stores with a campaign in them, and a switch that only remembers what it was asked."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis

from db.claims import ClaimedAttempt
from db.leases import Counts, TotalLimits
from db.pool import open_pool
from db.redis_client import open_redis
from dialer.switches import Out
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

    def originate(
        self, attempt: ClaimedAttempt, core_uuid: str, patience_s: float | None = None, latest_s: float = 0.0
    ) -> float:
        self.on_originate(attempt)
        if core_uuid != self.core_uuid:
            raise NotSent
        if self.fails:
            raise self.fails.pop(0)
        self.sent.append((time.monotonic(), attempt))
        return time.monotonic()

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


class OneNode:
    """Stands where scheduler.node.Node does, before a switch that only remembers."""

    def __init__(self, switch: Remembering, switch_id: int = 1) -> None:
        self.line, self.id, self.visit = switch, switch_id, 0
        self.is_spool_empty, self.compared_in, self.rests_s = True, -1, 0.0
        self.out: Out | None = None
        self.max_channels = 1000

    def compared(self, visit: int) -> None:
        self.compared_in = visit

    def has_empty_spool(self) -> bool:
        return self.is_spool_empty

    def refused(self, wait_s: float) -> None:
        self.rests_s = wait_s

    def why_out(self) -> Out | None:
        reasons = (
            (self.line.core_uuid is None, Out.AWAY),
            (self.compared_in != self.visit, Out.RETURNING),
            (self.rests_s > 0, Out.REFUSED),
        )
        return self.out or next((reason for holds, reason in reasons if holds), None)


class Nodes:
    """Stands where scheduler.switches.Switches does. is_up: whether a gateway is."""

    def __init__(self, *nodes: OneNode, is_up: Callable[[str], bool] = lambda _: True) -> None:
        self.all, self.is_gateway_up = list(nodes), is_up
        self.noted: list[tuple[Mapping[int, int], int | None]] = []
        self.room_left = 1000

    def nodes(self) -> list[OneNode]:
        return self.all

    def out(self) -> frozenset[Out]:
        reasons = {node.why_out() for node in self.all}
        return frozenset() if None in reasons else frozenset(reason for reason in reasons if reason)

    def takers(self, gateway: str) -> list[OneNode]:
        return [node for node in self.all if node.why_out() is None and self.is_gateway_up(gateway)]

    def has_others(self, node: OneNode) -> bool:
        return any(other is not node and other.why_out() is None for other in self.all)

    def channels(self, node: OneNode) -> int:
        return node.max_channels

    def note(self, live: Mapping[int, int], taken: int | None = None) -> None:
        self.noted.append((live, taken))

    def room(self, counts: Counts) -> int:
        return self.room_left


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
def node(switch: Remembering, world: World) -> OneNode:
    """The one switch of the table, which takes calls."""
    from db import switches

    switches.from_settings(world.conn, "127.0.0.1", 8021)
    made = OneNode(switch, world.value("SELECT id FROM switches"))
    made.compared(made.visit)
    return made


@pytest.fixture
def nodes(node: OneNode) -> Nodes:
    return Nodes(node)


@pytest.fixture
def brakes(nodes: Nodes) -> Brakes:
    made = Brakes(nodes.out)
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
    return Planner(database, redis, total or TotalLimits(100, 50), horizon_ms, TTL_S, Nodes(is_up=is_up))


@pytest.fixture
def unsent(tmp_path: Path) -> Iterator[Unsent]:
    made = Unsent(tmp_path / "unsent")
    yield made
    made.close()


@pytest.fixture
def departures(
    database: Database,
    ready_redis: Redis,
    nodes: Nodes,
    brakes: Brakes,
    unsent: Unsent,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Departures]:
    """Departures that forgive lateness, so that a busy machine gives no call's slot back; one test is about that."""
    monkeypatch.setattr("scheduler.departures.LATEST_S", 30.0)
    made = Departures(database, ready_redis, nodes, brakes, 50, unsent)
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


@pytest.fixture
def plan(world, planner):
    """Plan calls of a campaign with that many contacts."""

    def make(contacts: int, **changes):
        make.campaign_id = world.campaign(contacts=contacts, calls_per_minute=6000, max_channels=100, **changes)
        return planner.plan(datetime.now(UTC))

    return make


def states(world) -> Counter[str]:
    """Count contacts by state."""
    return Counter(row[0] for row in world.conn.execute("SELECT state::text FROM contacts").fetchall())


def open_attempts(world) -> int:
    return world.value("SELECT count(*) FROM attempts WHERE concluded_at IS NULL")
