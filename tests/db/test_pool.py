"""The pool of the processes that may wait."""

import contextlib
import time

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from db import pool as pool_module
from db.pool import open_pool
from devstack.postgres import Postgres


def test_a_block_is_one_transaction(postgres_url: str) -> None:
    with open_pool(postgres_url, 2) as pool:
        with contextlib.suppress(LookupError), pool.connection() as conn:
            conn.execute("INSERT INTO projects (name) VALUES ('undone')")
            raise LookupError
        with pool.connection() as conn:
            conn.execute("INSERT INTO projects (name) VALUES ('done')")
        with pool.connection() as conn:
            names = conn.execute("SELECT name FROM projects ORDER BY id").fetchall()
    assert names == [("default",), ("done",)]


def test_times_come_back_in_utc_whatever_the_servers_zone(postgres_url: str) -> None:
    with open_pool(postgres_url, 1) as pool, pool.connection() as conn:
        row = conn.execute("SHOW timezone").fetchone()
    assert row == ("UTC",)


def test_connections_the_server_has_closed_are_replaced_unseen(postgres_url: str, postgres_server: Postgres) -> None:
    with open_pool(postgres_url, 3, "closed-by-test") as pool:
        with pool.connection() as conn:
            conn.execute("SELECT 1")
        with psycopg.connect(postgres_server.url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'closed-by-test'"
            )
        with pool.connection() as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_pool_can_be_opened_while_the_server_is_away() -> None:
    with open_pool("postgresql://nobody@127.0.0.1:1/none", 1) as pool:
        started = time.monotonic()
        with contextlib.suppress(PoolTimeout):
            pool.getconn(timeout=0.2)
        assert time.monotonic() - started < 2


def test_a_frozen_server_is_given_up_in_time_and_found_again(
    postgres_url: str, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "CHECK_EVERY_S", 0.0)
    with open_pool(postgres_url, 2, answer_within_s=0.3) as pool:
        with pool.connection() as conn:
            conn.execute("SELECT 1")
        with pool.connection() as conn:
            postgres_server.pause()
            try:
                with pytest.raises(psycopg.OperationalError, match="did not answer in time"):
                    conn.execute("INSERT INTO projects (name) VALUES ('too late')")
                assert conn.closed
                with pytest.raises(PoolTimeout):
                    pool.getconn(timeout=0.5)  # neither does a connection that is taken wait for ever
            finally:
                postgres_server.resume()
        with pool.connection(timeout=60) as conn:
            assert conn.execute("SELECT name FROM projects").fetchall() == [("default",)]


def test_an_answer_that_takes_long_but_comes_in_time_is_waited_for(postgres_url: str) -> None:
    with open_pool(postgres_url, 1, answer_within_s=60) as pool, pool.connection() as conn:
        assert conn.execute("SELECT pg_sleep(0.5) IS NULL").fetchone() == (False,)
