"""A connection for callers that may not wait: no answer comes later than it is due, and a row needs no cursor."""

import re
import time
from functools import cache
from itertools import count
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import Connection, errors
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import execute
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import tuple_row

from db import sql
from db.sql import AnyConnection, Params

T = TypeVar("T")

INTERVAL_S = 0.1
LATE = "PostgreSQL did not answer in time"
MOST_STATEMENTS = 64
"""So many the server keeps prepared for one connection; what comes besides is asked by a cursor."""
PLACEHOLDER = re.compile(r"%(?:%|\((\w+)\)s)")


@cache
def names_in(query: LiteralString) -> tuple[str, ...]:
    """Return the names of the query's parameters, each once."""
    return tuple(dict.fromkeys(name for name in PLACEHOLDER.findall(query) if name))


@cache
def numbered(query: LiteralString, nulls: frozenset[str]) -> tuple[bytes, tuple[str, ...]]:
    """Return the query with its parameters as PostgreSQL numbers them, and their names in that order.

    nulls: parameters that are NULL. They stand so in the query: what depends on them PostgreSQL then leaves out of its
    plan, tables included.
    """
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        if not found[1]:
            return "%"
        return "NULL" if found[1] in nulls else f"${numbers.setdefault(found[1], len(numbers) + 1)}"

    return PLACEHOLDER.sub(number, query).encode(), tuple(numbers)


class Lent(Connection[Any]):
    """A connection that waits for answers until due_s, on time.monotonic's clock; then it is_late and owes one."""

    due_s: float = float("inf")
    is_late: bool = False

    def __init__(self, pgconn: Any, row_factory: Any = tuple_row) -> None:
        """Take a connection that is open, as Connection.connect does."""
        super().__init__(pgconn, row_factory)
        self._adapts = Transformer(self)
        self._statements: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        """Text and types of a statement's parameters → its name."""
        self._numbers = count()  # never given twice: the server may have prepared a statement whose answer was late

    def wait(self, gen: PQGen[T], interval: float = INTERVAL_S, timeout: float | None = None) -> T:
        """Wait for an answer; raises OperationalError when it does not come in time, with the statement under way."""
        if self.is_late:  # say a rollback: nothing can be sent any more
            raise psycopg.OperationalError(LATE)
        try:
            return super().wait(
                gen, interval, max(0.001, self.due_s - time.monotonic()) if timeout is None else timeout
            )
        except errors._WaitTimeout as late:
            if timeout is not None:
                raise
            self.is_late = True
            raise psycopg.OperationalError(LATE) from late

    def row_of(self, query: LiteralString, params: Params) -> tuple[Any, ...] | None:
        """Run one statement, prepared, and return its first row, or None; raises what a cursor does."""
        text, names = numbered(query, frozenset([name for name in names_in(query) if params[name] is None]))
        values = self._adapts.dump_sequence([params[name] for name in names], [PyFormat.AUTO] * len(names))
        key = text, self._adapts.types or ()
        if key not in self._statements and len(self._statements) >= MOST_STATEMENTS:
            return sql.row_of(self, query, params)
        try:
            result = self._run(key, values)
        except errors.InvalidSqlStatementName:  # after a rollback psycopg has the server forget all it has prepared
            self._statements.clear()
            result = self._run(key, values)
        self._adapts.set_pgresult(result)
        return self._adapts.load_row(0, tuple) if result.ntuples else None

    def _run(self, key: tuple[bytes, tuple[int, ...]], values: Any) -> PGresult:
        name = self._statements.get(key)
        if name is None:
            name = f"lent_{next(self._numbers)}".encode()
            self.pgconn.send_prepare(name, *key)
            self._answer()
            self._statements[key] = name
        self.pgconn.send_query_prepared(name, values, self._adapts.formats)
        return self._answer()

    def _answer(self) -> PGresult:
        result: PGresult = self.wait(execute(self.pgconn))[0]
        if result.status == ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result, self.info.encoding)
        return result


def row_of(conn: AnyConnection, query: LiteralString, params: Params) -> tuple[Any, ...] | None:
    """Run `query` and return its first row as a tuple, or None: as `sql.row_of`, in less time where that counts.

    On a connection that is lent to a call it spares what a cursor costs besides, a third of a hook's own CPU.
    """
    return conn.row_of(query, params) if isinstance(conn, Lent) else sql.row_of(conn, query, params)
