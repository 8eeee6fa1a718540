"""Named queries from db/queries/*.sql, and rows turned into dataclasses."""

import re
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, LiteralString, TypeVar, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from psycopg import Connection, Cursor
from psycopg.pq import TransactionStatus
from psycopg.rows import RowMaker, tuple_row

UUID_OID = 2950
"""What PostgreSQL calls the type uuid."""
QUERIES = Path(__file__).parent / "queries"
NAME = re.compile(r"^-- (\w+) --[^\n]*\n", re.MULTILINE)

T = TypeVar("T")
Params = Mapping[str, Any]
AnyConnection = Connection[Any]


def joined(conn: AnyConnection) -> AbstractContextManager[object]:
    """Run a block in the transaction under way, or in one of its own.

    Unlike a nested `conn.transaction()` it sets no savepoint: two round trips less where every one counts. So an
    exception must not be caught between the block and the transaction it joined.
    """
    is_idle = conn.info.transaction_status is TransactionStatus.IDLE
    return conn.transaction() if is_idle else nullcontext()


class Queries(dict[str, LiteralString]):
    """The queries of one file by name; an unknown name fails where it is written."""


@cache
def load(noun: str) -> Queries:
    """Read db/queries/<noun>.sql, in which each query opens with a line `-- name --`."""
    parts = NAME.split((QUERIES / f"{noun}.sql").read_text(encoding="utf-8"))
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    # The text comes from our own files and never from a user, which is what LiteralString stands for.
    return Queries(cast("dict[str, LiteralString]", found))


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    """Say how a column becomes a field: enums from their labels, ids of calls as text, arrays as tuples."""
    if get_origin(hint) in (types.UnionType,):
        known = [c for c in map(_converter, get_args(hint)) if c is not None]
        return known[0] if known == [_id_as_text] else _or_none(known[0]) if known else None
    if get_origin(hint) in (tuple, frozenset):
        return cast("Callable[[Any], Any]", get_origin(hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return _id_as_text if hint is str else None


def _id_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _or_none(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


_known: dict[type[Any], dict[str, Callable[[Any], Any] | None]] = {}


def _converters(kind: type[Any]) -> dict[str, Callable[[Any], Any] | None]:
    if kind not in _known:  # two threads may both work it out: they come to the same
        hints = get_type_hints(kind)
        _known[kind] = {f.name: _converter(hints[f.name]) for f in fields(kind)}
    return _known[kind]


def rows_as(kind: type[T]) -> Callable[[Cursor[Any]], RowMaker[T]]:
    """Return a row factory that makes dataclass `kind` of columns named as its fields."""
    converters = _converters(kind)

    def factory(cursor: Cursor[Any]) -> RowMaker[T]:
        # Not cursor.description: it makes an object a column, which a call's hook has better use for the time of.
        result = cursor.pgresult
        names = [(result.fname(i) or b"").decode() for i in range(result.nfields)] if result else []
        changed = [
            (i, convert)
            for i, convert in enumerate(converters[name] for name in names)
            if convert is not None and (convert is not _id_as_text or result is None or result.ftype(i) == UUID_OID)
        ]

        def make(values: Sequence[Any]) -> T:
            row = list(values)
            for i, convert in changed:
                row[i] = convert(row[i])
            return kind(**dict(zip(names, row, strict=True)))

        return make

    return factory


def all_of(conn: AnyConnection, kind: type[T], query: LiteralString, params: Params | None = None) -> list[T]:
    """Run `query` and return every row as a `kind`."""
    with conn.cursor(row_factory=rows_as(kind)) as cursor:
        return cursor.execute(query, params).fetchall()


def one_of(conn: AnyConnection, kind: type[T], query: LiteralString, params: Params | None = None) -> T | None:
    """Run `query` and return its first row as a `kind`, or None."""
    with conn.cursor(row_factory=rows_as(kind)) as cursor:
        return cursor.execute(query, params).fetchone()


def row_of(conn: AnyConnection, query: LiteralString, params: Params | None = None) -> tuple[Any, ...] | None:
    """Run `query` and return its first row as a tuple, or None."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, params).fetchone()


def rows_of(conn: AnyConnection, query: LiteralString, params: Params | None = None) -> list[tuple[Any, ...]]:
    """Run `query` and return every row as a tuple."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, params).fetchall()


def value_of(conn: AnyConnection, query: LiteralString, params: Params | None = None) -> Any:
    """Run `query` and return the first column of its first row, or None when there is no row."""
    row = row_of(conn, query, params)
    return None if row is None else row[0]


def column_of(conn: AnyConnection, query: LiteralString, params: Params | None = None) -> list[Any]:
    """Run `query` and return the first column of every row."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return [row[0] for row in cursor.execute(query, params).fetchall()]


def change(conn: AnyConnection, query: LiteralString, params: Params | None = None) -> int:
    """Run `query` and return how many rows it touched."""
    with conn.cursor() as cursor:
        return cursor.execute(query, params).rowcount
