"""PostgreSQL as the scheduler uses it: a job is one transaction, and every way of being away is one exception."""

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import Connection
from psycopg_pool import PoolTimeout

from db.errors import DatabaseAway
from db.pool import Pool

T = TypeVar("T")


class Database:
    """Thread-safe. A job that raised DatabaseAway may have committed or not."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def run(self, job: Callable[[Connection[Any]], T], *, begins: bool = True) -> T:
        """Run `job` in one transaction; raises DatabaseAway. The job's own exceptions come back as they are.

        begins=False: each statement of the job commits by itself, which spares it two round trips.
        """
        try:
            with self._pool.connection() as conn:
                if not begins:
                    return job(conn)
                with conn.transaction():
                    return job(conn)
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise DatabaseAway(f"PostgreSQL is away: {type(error).__name__}") from error

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
