"""PostgreSQL for callers that may not wait: inside a call, work is handed to a thread and left behind when late."""

from collections.abc import Callable
from typing import Any, TypeVar

from psycopg import Connection

T = TypeVar("T")


class BoundedPostgres:
    """A few worker threads with a connection each; `run` waits no longer than `wait_ms`."""

    def __init__(self, url: str, workers: int = 6, wait_ms: int = 300) -> None:
        raise NotImplementedError

    def run(self, job: Callable[[Connection[Any]], T], wait_ms: int | None = None) -> T:
        """Run `job` in one transaction on a worker; raises DatabaseAway when it is not done in time.

        An overdue job may still commit later: pass only idempotent ones, and spool the same facts. Exceptions of
        the job itself (a rule, a wrong statement) come back as they are.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Stop the workers; jobs under way are left to the server."""
        raise NotImplementedError
