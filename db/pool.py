"""Connection pools for the processes that may wait: the scheduler and the panel."""

import select
import socket
import time
from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from db.impatient import ImpatientConnection

Pool = ConnectionPool[Connection[Any]]

CONNECT_WAIT_S = 5
STATEMENT_LIMIT_MS = 30_000
ANSWER_WITHIN_S = 35.0
"""The server ends a statement after STATEMENT_LIMIT_MS; one that can't even do that is given up."""
CHECK_WITHIN_S = 2.0
CHECK_EVERY_S = 1.0
IDLE_TRANSACTION_LIMIT_MS = 60_000
RECONNECT_S = 2.0
"""Then the pool gives up until somebody asks again; with more it would back off to minutes in a long outage."""
KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


def connection_options(
    application: str, statement_limit_ms: int = STATEMENT_LIMIT_MS, **settings: int
) -> dict[str, Any]:
    """Return libpq parameters: UTC, bounded statements, and a dead server noticed within half a minute.

    settings: what else the server is to set for this session.
    """
    more = "".join(f" -c {name}={value}" for name, value in settings.items())
    return {
        **KEEPALIVES,
        "connect_timeout": CONNECT_WAIT_S,
        "application_name": application,
        # Nothing of ours runs long enough to be worth compiling, and a guess too high would cost a claim seconds.
        "options": f"-c timezone=UTC -c jit=off -c statement_timeout={statement_limit_ms}"
        f" -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_LIMIT_MS}{more}",
    }


def is_cut(conn: Connection[Any]) -> bool:
    """Say whether the server has closed the idle connection: what waits to be read is its end, or its farewell.

    No round trip: a server that is frozen or unreachable is found out by the first statement.
    """
    try:
        idle = select.poll()
        idle.register(conn.fileno(), select.POLLIN)
        if not idle.poll(0):  # almost always: nothing waits, and there is nothing to peek at
            return False
        with socket.socket(fileno=socket.dup(conn.fileno())) as peek:
            return peek.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) in (b"", b"E")  # E: ErrorResponse
    except BlockingIOError:
        return False
    except (OSError, psycopg.Error):
        return True


def open_pool(
    url: str,
    max_size: int,
    application: str = "dialer",
    answer_within_s: float = ANSWER_WITHIN_S,
    *,
    autocommit: bool = False,
) -> Pool:
    """Open a pool; `with pool.connection() as conn` is one transaction, committed at its end.

    The pool opens even while PostgreSQL is away; taking a connection then raises PoolTimeout after 5 s. A statement
    that is not answered within `answer_within_s` (a frozen server) raises OperationalError and ends its connection.
    autocommit: each statement commits by itself, and who wants a transaction begins one.
    """

    def check(conn: Connection[Any]) -> None:
        """See that the connection works; also a frozen server is found out soon. Asks the server once a second."""
        assert isinstance(conn, ImpatientConnection)
        if is_cut(conn):
            conn.close()  # else the pool would take it for a good one and offer it again
            raise psycopg.OperationalError("the server has closed the connection")
        if time.monotonic() - conn.checked_at < CHECK_EVERY_S:
            return
        conn.answer_within_s = CHECK_WITHIN_S
        ConnectionPool.check_connection(conn)
        conn.answer_within_s = answer_within_s
        conn.checked_at = time.monotonic()

    return ConnectionPool(
        url,
        min_size=min(1, max_size),
        max_size=max_size,
        timeout=CONNECT_WAIT_S,
        reconnect_timeout=RECONNECT_S,
        connection_class=ImpatientConnection,
        kwargs=connection_options(application) | {"autocommit": autocommit},
        check=check,
        open=True,
    )
