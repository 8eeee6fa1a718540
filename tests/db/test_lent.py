"""A row that a call asks for comes as a cursor would bring it, and no later than it is due."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest

from db import lent, sql
from db.bounded import BoundedPostgres
from db.errors import DatabaseAway
from db.lent import Lent, numbered
from devstack.postgres import Postgres
from dialer.outcome import Disposition

NOW = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'lent%'"


@pytest.fixture
def conn(postgres_url: str) -> Iterator[Lent]:
    with Lent.connect(postgres_url, autocommit=True) as connection:
        yield connection


def test_parameters_are_numbered_in_the_order_in_which_they_are_named() -> None:
    query = "SELECT %(b)s, %(a)s, 5 %% 2 = %(b)s::integer"
    assert numbered(query, frozenset()) == (b"SELECT $1, $2, 5 % 2 = $1::integer", ("b", "a"))


def test_what_is_null_stands_in_the_statement(conn: Lent) -> None:
    query: LiteralString = "SELECT %(a)s::text, %(b)s::integer, %(a)s::text IS NULL OR %(a)s::bigint > 0"
    text = b"SELECT NULL::text, $1::integer, NULL::text IS NULL OR NULL::bigint > 0"
    assert numbered(query, frozenset({"a"})) == (text, ("b",))
    assert conn.row_of(query, {"a": None, "b": 5}) == (None, 5, True)
    assert conn.row_of(query, {"a": "1", "b": None}) == ("1", None, True)
    assert conn.row_of(query, {"a": "0", "b": 6}) == ("0", 6, False)


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("text", "it's 100 % \N{SNOWMAN}"), ("text", ""), ("integer", 70_000), ("smallint", 486), ("boolean", True),
        ("boolean", False), ("timestamptz", NOW), ("timestamptz", None), ("disposition", Disposition.BUSY),
        ("uuid", uuid4()), ("text[]", ["a", "b"]),
    ],
)  # fmt: skip
def test_a_row_is_the_one_that_a_cursor_brings(conn: Lent, type_name: str, value: object) -> None:
    query = f"SELECT %(value)s::{type_name}, pg_typeof(%(value)s::{type_name})::text, NULL, 7"
    found = [conn.row_of(query, {"value": value, "unused": 1}) for _ in range(2)]  # type: ignore[arg-type]
    assert found == [sql.row_of(conn, query, {"value": value})] * 2  # type: ignore[arg-type]
    assert conn.execute(PREPARED).fetchone() == (1,)


def test_values_of_other_types_are_another_statement(conn: Lent) -> None:
    for value in (1, 70_000, 10**10, None, 2):
        assert conn.row_of("SELECT %(value)s::bigint", {"value": value}) == (value,)
    assert conn.execute(PREPARED).fetchone() == (4,)


def test_no_more_is_prepared_than_a_connection_may_keep(conn: Lent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lent, "MOST_STATEMENTS", 2)
    for value in (1, 70_000, 10**10, 70_000, 2):
        assert conn.row_of("SELECT %(value)s::bigint", {"value": value}) == (value,)
    assert conn.execute(PREPARED).fetchone() == (2,)


def test_the_first_of_many_rows_or_none(conn: Lent) -> None:
    assert conn.row_of("SELECT n FROM generate_series(1, %(most)s) n", {"most": 3}) == (1,)
    assert conn.row_of("SELECT n FROM generate_series(1, %(most)s) n", {"most": 0}) is None
    assert conn.row_of("UPDATE projects SET name = %(name)s WHERE id = 1", {"name": "mine"}) is None
    assert conn.execute("SELECT name FROM projects WHERE id = 1").fetchone() == ("mine",)


def test_what_the_server_refuses_is_raised_and_the_connection_goes_on(conn: Lent) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation, match="default"):
        conn.row_of("INSERT INTO projects (name) VALUES (%(name)s)", {"name": "default"})
    with pytest.raises(psycopg.errors.UndefinedTable):
        conn.row_of("SELECT %(name)s FROM nowhere", {"name": "default"})
    assert conn.row_of("SELECT %(n)s::integer", {"n": 1}) == (1,)


def test_it_joins_a_transaction_under_way(conn: Lent) -> None:
    insert = "INSERT INTO projects (name) VALUES (%(name)s) RETURNING name"
    with conn.transaction(force_rollback=True):
        assert conn.row_of(insert, {"name": "mine"}) == ("mine",)
    assert conn.execute("SELECT FROM projects WHERE name = 'mine'").fetchone() is None


def test_a_statement_that_the_server_has_forgotten_is_prepared_again(conn: Lent) -> None:
    query = "SELECT %(n)s::integer"
    assert conn.row_of(query, {"n": 1}) == (1,)
    with conn.transaction(force_rollback=True):  # then psycopg has the server forget what it has prepared, and all else
        for _ in range(7):
            conn.execute("SELECT 1")
    assert conn.execute(PREPARED).fetchone() == (0,)
    assert conn.row_of(query, {"n": 2}) == (2,)
    assert conn.row_of(query, {"n": 3}) == (3,)


@pytest.mark.parametrize("is_prepared", [True, False])
def test_a_row_that_is_late_is_left_behind_and_may_still_be_written(
    postgres_url: str, postgres_server: Postgres, *, is_prepared: bool
) -> None:
    bounded = BoundedPostgres(postgres_url, workers=1, wait_ms=300)

    def insert(name: str) -> object:
        query: LiteralString = "INSERT INTO projects (name) VALUES (%(name)s) RETURNING name"
        return bounded.run(lambda conn: lent.row_of(conn, query, {"name": name}), begins=False)

    bounded.run(lambda conn: conn.execute("SELECT 1"), 5000)
    if is_prepared:
        assert insert("soon") == ("soon",)
    postgres_server.pause()
    try:
        began = time.monotonic()
        with pytest.raises(DatabaseAway):
            insert("late")
        assert 0.3 <= time.monotonic() - began < 1.0
    finally:
        postgres_server.resume()
    ends_at = time.monotonic() + 20
    while True:  # the connection is back once it has answered
        try:
            assert insert("next") == ("next",)
            break
        except DatabaseAway:
            assert time.monotonic() < ends_at
    written = bounded.run(lambda conn: conn.execute("SELECT FROM projects WHERE name = 'late'").rowcount)
    assert written == is_prepared
    bounded.close()
