"""What every test may ask for: a private PostgreSQL and Redis, with a fresh database for each test."""

import os
import secrets
from collections.abc import Iterator

import psycopg
import pytest
import redis

from devstack.postgres import Postgres, private_postgres
from devstack.redis import Redis, private_redis

TEMPLATE = "dialer_template"
LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only a real FreeSWITCH can show, unless there is one; the summary names it."""
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
