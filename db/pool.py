"""Connection pools for the processes that may wait: the scheduler and the panel."""

from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[Connection[Any]]

CONNECT_WAIT_S = 5
STATEMENT_LIMIT_MS = 30_000
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


def connection_options(application: str, statement_limit_ms: int = STATEMENT_LIMIT_MS) -> dict[str, Any]:
    """Return libpq parameters: UTC, bounded statements, and a dead server noticed within half a minute."""
    return {
        **KEEPALIVES,
        "connect_timeout": CONNECT_WAIT_S,
        "application_name": application,
        # Nothing of ours runs long enough to be worth compiling, and a guess too high would cost a claim seconds.
        "options": f"-c timezone=UTC -c jit=off -c statement_timeout={statement_limit_ms}"
        f" -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_LIMIT_MS}",
    }


def open_pool(url: str, max_size: int, application: str = "dialer") -> Pool:
    """Open a pool; `with pool.connection() as conn` is one transaction, committed at its end.

    The pool opens even while PostgreSQL is away; taking a connection then raises PoolTimeout after 5 s.
    """
    return ConnectionPool(
        url,
        min_size=min(1, max_size),
        max_size=max_size,
        timeout=CONNECT_WAIT_S,
        reconnect_timeout=RECONNECT_S,
        kwargs=connection_options(application),
        check=ConnectionPool.check_connection,
        open=True,
    )
