"""What every test may ask for: a private PostgreSQL and Redis, with a fresh database for each test."""

import os
import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis

from devstack.ports import UDP_PORTS
from devstack.postgres import Postgres, private_postgres
from devstack.redis import Redis, private_redis

TEMPLATE = "dialer_template"
LOWEST_UDP_PORT, HIGHEST_UDP_PORT = 10000, 32000
LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several processes UDP ports of its own: a switch's RTP range is bound only when calls come."""
    worker = getattr(config, "workerinput", None)
    if worker:
        share = (HIGHEST_UDP_PORT - LOWEST_UDP_PORT) // worker["workercount"] // 2 * 2
        first = LOWEST_UDP_PORT + share * int(worker["workerid"].removeprefix("gw"))
        os.environ[UDP_PORTS] = f"{first}-{first + share}"
    else:
        config.pluginmanager.register(_Collected(), "left-out-by-workers")


class _Collected:
    """In the process that reports: what the processes that test have left out."""

    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a process that has ended left out."""
        node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a process that tests: tell the one that reports what was left out."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(LEFT_OUT, [])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep in one process what shares a stack: the tests of a file, and all calls over the switch."""
    from xdist.scheduler import LoadScopeScheduling

    class OneStackEach(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return "switch" if path.startswith("tests/switch/") else path

    return OneStackEach(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only a real FreeSWITCH can show, unless there is one."""
    left_out = []
    if os.environ.get("SWITCH") != "freeswitch":
        left_out = [item for item in items if item.get_closest_marker("freeswitch_only")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = [item.nodeid for item in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what was left out."""
    left_out = config.stash.get(LEFT_OUT, [])
    if left_out:
        terminalreporter.section("left out: these need a real FreeSWITCH (make test SWITCH=freeswitch)")
        for name in left_out:
            terminalreporter.write_line(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL of this test run's own; it can be paused and resumed."""
    with private_postgres(for_tests=True) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Postgres) -> str:
    """The name of a database with every migration applied, to be copied."""
    from db.migrate import migrate

    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate(postgres_server.database_url(TEMPLATE))
    return TEMPLATE


def _fresh_database(server: Postgres, template: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.database_url(name)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server: Postgres, migrated_template: str) -> Iterator[str]:
    """The address of a migrated database that this test alone uses."""
    yield from _fresh_database(postgres_server, migrated_template)


@pytest.fixture(scope="module")
def module_postgres_url(postgres_server: Postgres, migrated_template: str) -> Iterator[str]:
    """The address of a migrated database that this module's tests share."""
    yield from _fresh_database(postgres_server, migrated_template)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A Redis of this test run's own; it can be paused and resumed."""
    with private_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """The address of the test run's Redis, emptied."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url
