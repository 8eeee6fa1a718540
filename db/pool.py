"""Connection pools for the processes that may wait: the scheduler and the panel."""

from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[Connection[Any]]


def open_pool(url: str, max_size: int) -> Pool:
    """Open a pool; `with pool.connection() as conn` is one transaction, committed at its end."""
    raise NotImplementedError
