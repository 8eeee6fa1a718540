"""Inside a call PostgreSQL is waited for so long and no longer, whatever has become of it."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from db.bounded import BoundedPostgres
from db.errors import DatabaseAway
from devstack.ports import free_ports
from devstack.postgres import Postgres, private_postgres

WAIT_MS = 300
PATIENCE_S = 20.0


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[BoundedPostgres]:
    bounded = BoundedPostgres(postgres_url, workers=2, wait_ms=WAIT_MS)
    eventually(lambda: bounded.run(one, wait_ms=5000) == 1)
    yield bounded
    bounded.close()


def one(conn: Connection[Any]) -> int:
    row = conn.execute("SELECT 1").fetchone()
    assert row is not None
    return int(row[0])


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; DatabaseAway counts as not yet."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if condition():
                return
        except DatabaseAway:
            pass
        assert time.monotonic() < deadline, "it never came true"
        threading.Event().wait(0.02)


def elapsed_of_refusal(postgres: BoundedPostgres) -> float:
    started = time.monotonic()
    with pytest.raises(DatabaseAway):
        postgres.run(one)
    return time.monotonic() - started


def test_a_job_is_one_committed_transaction(postgres: BoundedPostgres, conn: Connection[Any]) -> None:
    postgres.run(lambda c: c.execute("INSERT INTO projects (name) VALUES ('mine')"))
    assert conn.execute("SELECT count(*) FROM projects WHERE name = 'mine'").fetchone() == (1,)


def test_a_job_that_fails_is_rolled_back_and_its_error_comes_back(
    postgres: BoundedPostgres, conn: Connection[Any]
) -> None:
    def half_done(c: Connection[Any]) -> None:
        c.execute("INSERT INTO projects (name) VALUES ('mine')")
        raise LookupError("midway")

    with pytest.raises(LookupError, match="midway"):
        postgres.run(half_done)
    assert conn.execute("SELECT count(*) FROM projects WHERE name = 'mine'").fetchone() == (0,)
    with pytest.raises(psycopg.errors.UniqueViolation):
        postgres.run(lambda c: c.execute("INSERT INTO projects (name) VALUES ('default')"))
    assert postgres.run(one) == 1


def test_a_frozen_server_is_left_behind_after_the_bound_and_then_at_once(
    postgres: BoundedPostgres, postgres_server: Postgres
) -> None:
    postgres_server.pause()
    try:
        assert WAIT_MS / 1000 <= elapsed_of_refusal(postgres) < 1.0
        assert min(elapsed_of_refusal(postgres) for _ in range(5)) < 0.05
        assert postgres.is_away
    finally:
        postgres_server.resume()
    eventually(lambda: postgres.run(one) == 1)
    assert not postgres.is_away


def test_an_overdue_statement_may_still_commit(
    postgres: BoundedPostgres, postgres_server: Postgres, connect: Callable[[], Connection[Any]]
) -> None:
    watcher = connect()
    postgres_server.pause()
    try:
        with pytest.raises(DatabaseAway):
            postgres.run(lambda c: c.execute("INSERT INTO projects (name) VALUES ('late')"), begins=False)
    finally:
        postgres_server.resume()
    eventually(lambda: watcher.execute("SELECT 1 FROM projects WHERE name = 'late'").fetchone() is not None)


def test_more_callers_than_workers_still_all_leave_in_time(
    postgres: BoundedPostgres, postgres_server: Postgres
) -> None:
    postgres_server.pause()
    try:
        with ThreadPoolExecutor(20) as pool:
            times = list(pool.map(lambda _: elapsed_of_refusal(postgres), range(20)))
    finally:
        postgres_server.resume()
    assert max(times) < 1.5
    eventually(lambda: postgres.run(one) == 1)


def test_a_server_that_restarts_is_found_again_without_a_failure() -> None:
    with private_postgres(for_tests=True) as server:
        postgres = BoundedPostgres(server.url, workers=1, wait_ms=2000)
        assert postgres.run(one) == 1
        with psycopg.connect(server.url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'dialer-switch'"
            )
        assert postgres.run(one) == 1
        postgres.close()
        stopped = BoundedPostgres(server.url, workers=1, wait_ms=2000)
        assert stopped.run(one) == 1
    assert elapsed_of_refusal(stopped) < 2.5
    assert elapsed_of_refusal(stopped) < 0.05
    stopped.close()


def test_nobody_listening_is_told_at_once() -> None:
    postgres = BoundedPostgres(f"postgresql://nobody@127.0.0.1:{free_ports(1)[0]}/none", workers=1, wait_ms=1000)
    assert elapsed_of_refusal(postgres) < 1.2
    assert elapsed_of_refusal(postgres) < 0.05
    postgres.close()


def test_a_connection_that_owes_an_answer_counts_until_the_server_has_done(
    postgres: BoundedPostgres, connect: Callable[[], Connection[Any]]
) -> None:
    ours = "FROM pg_stat_activity WHERE application_name = 'dialer-switch' AND state <> 'idle'"
    watcher, most = connect(), 0
    for _ in range(4):
        with pytest.raises(DatabaseAway):
            postgres.run(lambda c: c.execute("SELECT pg_sleep(1.5)"), begins=False)
        postgres.note_success()  # so that the next caller does not leave at once
        row = watcher.execute(f"SELECT count(*) {ours}").fetchone()
        watcher.rollback()
        assert row is not None
        most = max(most, row[0])
    assert most == 2
    eventually(lambda: postgres.run(one) == 1)


def test_one_slow_statement_does_not_hold_its_caller(postgres: BoundedPostgres) -> None:
    with pytest.raises(DatabaseAway):
        postgres.run(lambda c: c.execute("SELECT pg_sleep(1)"))
    eventually(lambda: postgres.run(one) == 1)


def test_what_a_late_transaction_had_begun_is_undone(
    postgres: BoundedPostgres, connect: Callable[[], Connection[Any]]
) -> None:
    def slow(c: Connection[Any]) -> None:
        c.execute("INSERT INTO projects (name) VALUES ('half')")
        c.execute("SELECT pg_sleep(1)")

    watcher = connect()
    watcher.autocommit = True
    with pytest.raises(DatabaseAway):
        postgres.run(slow)
    begun = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'dialer-switch' AND xact_start IS NOT NULL"
    eventually(lambda: watcher.execute(begun).fetchone() is None)
    assert watcher.execute("SELECT 1 FROM projects WHERE name = 'half'").fetchone() is None
    eventually(lambda: postgres.run(one) == 1)


SMALL_INTERPRETER = """
import sys, threading
from db.bounded import BoundedPostgres
from db import attempts, conclusion, spool_apply
sys.setrecursionlimit(240)
threading.stack_size(256 * 1024)
postgres = BoundedPostgres(sys.argv[1], workers=1, wait_ms=5000)
def call():
    for _ in range(8):  # past the point where statements are prepared
        found = postgres.run(lambda conn: attempts.call_context(conn, "11111111-1111-4111-8111-111111111111"))
    print("found", found)
thread = threading.Thread(target=call)
thread.start()
thread.join()
postgres.close()
"""


def test_it_works_in_an_interpreter_as_small_as_the_switchs(postgres_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SMALL_INTERPRETER, postgres_url], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "found None", done.stderr
