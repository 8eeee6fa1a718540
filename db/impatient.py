"""A connection to PostgreSQL that waits for no answer longer than it was told, even from a server that is frozen."""

from typing import Any, TypeVar

from psycopg import Connection, OperationalError, errors
from psycopg.abc import PQGen

RV = TypeVar("RV")

LONGEST_S = 35.0
INTERVAL_S = 0.1


class ImpatientConnection(Connection[Any]):
    """answer_within_s: the longest wait for one answer; it may be changed at any time.

    checked_at: when it was last seen to work, on time.monotonic's clock, as whoever pools it remembers.

    The server's own statement_timeout needs a server that runs, and TCP's time-outs one that is gone: a frozen one
    keeps acknowledging what it is sent.
    """

    answer_within_s: float = LONGEST_S
    checked_at: float = float("-inf")

    def wait(self, gen: PQGen[RV], interval: float = INTERVAL_S, timeout: float | None = None) -> RV:
        """Wait for an answer; raises OperationalError, with the connection closed, when it does not come in time."""
        try:
            return super().wait(gen, interval, self.answer_within_s if timeout is None else timeout)
        except errors._WaitTimeout as late:
            if timeout is not None:
                raise
            self.pgconn.finish()  # what becomes of the statement is unknown, as after every lost connection
            raise OperationalError("PostgreSQL did not answer in time") from late
