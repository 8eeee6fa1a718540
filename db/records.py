"""Reads records that are only ever added to: a page from the newest on, or all from the oldest on."""

from collections.abc import Iterator
from typing import LiteralString, TypeVar

from db.sql import AnyConnection, Params, all_of, load, rows_as

queries = load("records")

T = TypeVar("T")

FETCH_ROWS = 2000


def newest(
    conn: AnyConnection, kind: type[T], query: LiteralString, values: Params, before: int | None, limit: int
) -> list[T]:
    """Return up to `limit` of the records `r` that the query asks for; `before`: only those older than this id.

    values: the query's, with `since` and `until`: days of UTC, both included; None: no bound.
    """
    query += queries["days"] + queries["newest_first"]
    return all_of(conn, kind, query, {**values, "before": before, "limit": limit})


def every(conn: AnyConnection, kind: type[T], query: LiteralString, values: Params) -> Iterator[T]:
    """Yield them, oldest first; holds no more than 2,000 of them, needs a transaction under way."""
    with conn.cursor("records", row_factory=rows_as(kind)) as cursor:
        cursor.itersize = FETCH_ROWS
        yield from cursor.execute(query + queries["days"] + queries["oldest_first"], values)
