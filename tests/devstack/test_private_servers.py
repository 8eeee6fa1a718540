"""The private databases are private, and are gone afterwards."""

import os
import shutil
from pathlib import Path

import psycopg
import pytest
import redis
import yaml

from devstack.postgres import SIZE, private_dir, private_postgres
from devstack.redis import private_redis
from devstack.supervise import unprivileged_user


def test_postgres_asks_for_its_password_and_leaves_nothing_behind():
    with private_postgres(for_tests=True) as server:
        folder = Path(f"/proc/{server.child.pid}/cwd").resolve()
        with psycopg.connect(server.url) as connection:
            assert connection.info.dbname == "dialer"
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace(server.password, "guess"))
        assert folder.stat().st_mode & 0o077 == 0
        assert os.geteuid() != 0 or folder.stat().st_uid != 0
    assert not folder.exists()
    assert not server.child.is_running()


def test_postgres_waits_for_the_disk_unless_it_serves_tests():
    with private_postgres() as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_postgres_keeps_its_data_when_told_where():
    folder = private_dir("dialer-test-", unprivileged_user())
    with private_postgres(for_tests=True, keep_in=folder) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with private_postgres(for_tests=True, keep_in=folder) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    shutil.rmtree(folder)


def test_redis_asks_for_its_password():
    with private_redis() as server:
        assert server.password not in Path(f"/proc/{server.child.pid}/cmdline").read_text()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=server.port).ping()


def test_production_gives_postgres_what_the_private_servers_have():
    compose = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())
    given = compose["services"]["postgres"]["command"]
    assert given == ["postgres", *(part for name, value in SIZE.items() for part in ("-c", f"{name}={value}"))]
