"""PostgreSQL for callers that may not wait: a statement that is late is left behind, with its connection."""

import logging
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus

from db.errors import DatabaseAway
from db.lent import LATE, Lent
from db.pool import connection_options, is_cut

logger = logging.getLogger(__name__)

T = TypeVar("T")

STATEMENT_LIMIT_MS = 5000
STUCK_S = 15.0
"""A connection that owes an answer for so long is given up; the facts are in the spool by then."""
OUTAGE_S = 1.0
"""After an outage was noticed nobody waits; each second one caller probes whether it is over."""

AWAY = "PostgreSQL is away; it is tried again in a second"


class _Waiter:
    """Who waits for a connection. lent None when the bell rings: there will be none."""

    __slots__ = ("bell", "lent")

    def __init__(self) -> None:
        self.bell = threading.Lock()
        self.bell.acquire()
        self.lent: Lent | None = None


class BoundedPostgres:
    """A few connections, each lent to one caller at a time; `run` waits no longer than `wait_ms`.

    The caller's own thread talks to the server: to hand each statement to another thread cost more than the statement.
    What may take long has a thread of its own: to connect, and to wait for what a late statement owes.
    """

    def __init__(self, url: str, workers: int = 6, wait_ms: int = 300) -> None:
        """Start nothing yet: connections are made when they are needed, so that this may be made before a fork.

        workers: as many connections are there at most, those included that owe an answer.
        """
        self.url = url
        self.options = connection_options("dialer-switch", STATEMENT_LIMIT_MS) | {"connect_timeout": 2}
        self.wait_s = wait_ms / 1000
        self.size = workers
        self._lock = threading.Lock()
        self._idle: list[Lent] = []  # the last one used is the next: what it needs is still in the processor's caches
        self._open = 0
        self._waiters: deque[_Waiter] = deque()
        self._away_until = 0.0
        self._is_away = False
        self._is_closed = False

    def run(self, job: Callable[[Connection[Any]], T], wait_ms: int | None = None, *, begins: bool = True) -> T:
        """Run `job` in one transaction; raises DatabaseAway when it is not done in time.

        begins=False: each statement of the job commits by itself, which spares two round trips; the job begins a
        transaction where it needs one. An overdue statement may still commit later: pass only idempotent ones, and
        spool the same facts. Exceptions of the job itself (a rule, a wrong statement) come back as they are.
        """
        due_s = time.monotonic() + (self.wait_s if wait_ms is None else wait_ms / 1000)
        self._admit()
        conn = self._borrow(due_s)
        conn.due_s = due_s
        try:
            if begins:
                with conn.transaction():
                    result = job(conn)
            else:
                result = job(conn)
        except BaseException as error:
            if conn.is_late:
                self.note_outage()
                self._start(lambda: self._settle(conn))
                raise DatabaseAway(LATE) from error
            if isinstance(error, psycopg.OperationalError):
                self._drop(conn)
                self.note_outage()
                raise DatabaseAway(f"PostgreSQL went away: {error}") from error
            self._give_back(conn)
            raise
        self._give_back(conn)
        self.note_success()
        return result

    def _admit(self) -> None:
        """Let the caller through, or fail at once during an outage; a probe goes through each second."""
        if not self._is_away:
            return
        now = time.monotonic()
        with self._lock:
            if self._is_away and now < self._away_until:
                raise DatabaseAway(AWAY)
            if self._is_away:
                self._away_until = now + OUTAGE_S

    def _borrow(self, due_s: float) -> Lent:
        """Return a connection that is open as far as one can see without asking; raises DatabaseAway."""
        while True:
            waiter = None
            with self._lock:
                if self._idle:
                    conn = self._idle.pop()
                else:
                    waiter = _Waiter()
                    self._waiters.append(waiter)
                    is_room = self._open < self.size
                    self._open += is_room
            if waiter is not None:
                if is_room:
                    self._start(self._connect)
                return self._awaited(waiter, due_s)
            if not conn.closed and not is_cut(conn):
                return conn
            self._drop(conn)

    def _awaited(self, waiter: _Waiter, due_s: float) -> Lent:
        is_rung = waiter.bell.acquire(timeout=max(0.0, due_s - time.monotonic()))
        if not is_rung:
            with self._lock:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        if waiter.lent is None:
            self.note_outage()
            raise DatabaseAway(AWAY if is_rung else LATE)
        return waiter.lent

    def _give_back(self, conn: Lent) -> None:
        """Lend it to who has waited longest, or keep it."""
        conn.due_s = float("inf")
        if conn.closed or self._is_closed:
            self._drop(conn)
            return
        with self._lock:
            if self._waiters:
                waiter = self._waiters.popleft()
                waiter.lent = conn
                waiter.bell.release()
            else:
                self._idle.append(conn)

    def _drop(self, conn: Lent) -> None:
        """Close the connection, whatever state it is in."""
        with self._lock:
            self._open -= 1
        try:
            conn.close()
        except psycopg.Error:
            logger.debug("closing a broken connection failed")

    def _connect(self) -> None:
        """Open a connection; who waits hears of a failure at once."""
        try:
            conn = Lent.connect(self.url, autocommit=True, **self.options)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
            logger.debug("PostgreSQL lets nobody in: %s", error)
            self.note_outage()
            with self._lock:
                self._open -= 1
                waiters, self._waiters = self._waiters, deque()
            for waiter in waiters:
                waiter.bell.release()
        else:
            self._give_back(conn)

    def _settle(self, conn: Lent) -> None:
        """Wait for what a late statement owes. Its connection counts until then: the server may be busy with it."""
        try:
            is_settled = _take_owed(conn, STUCK_S)
        except psycopg.Error:
            is_settled = False
        if not is_settled or conn.pgconn.transaction_status is not TransactionStatus.IDLE:
            self._drop(conn)  # what had begun is undone with its connection
        else:
            conn.is_late = False
            self._give_back(conn)

    def _start(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, name="postgres", daemon=True).start()

    def note_outage(self) -> None:
        """Remember that PostgreSQL does not answer; said once per outage."""
        with self._lock:
            was_away, self._is_away = self._is_away, True
            self._away_until = time.monotonic() + OUTAGE_S
        if not was_away:
            logger.warning("PostgreSQL is away, results go to the spool")

    def note_success(self) -> None:
        """Any finished job ends the outage."""
        if not self._is_away:
            return
        with self._lock:
            was_away, self._is_away = self._is_away, False
        if was_away:
            logger.info("PostgreSQL is back")

    @property
    def is_away(self) -> bool:
        """Whether the last thing heard of PostgreSQL was that it did not answer."""
        return self._is_away

    def close(self) -> None:
        """Close what is idle now, and the rest when it comes back."""
        self._is_closed = True
        with self._lock:
            idle, self._idle = self._idle, []
        for conn in idle:
            self._drop(conn)


def _take_owed(conn: Lent, longest_s: float) -> bool:
    """Read what the statement under way still answers; False: it does not come."""
    pgconn, deadline = conn.pgconn, time.monotonic() + longest_s
    arrives = select.poll()
    arrives.register(pgconn.socket, select.POLLIN)
    while True:
        while not pgconn.is_busy():
            if pgconn.get_result() is None:
                return True
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not arrives.poll(1000 * left_s):
            return False
        pgconn.consume_input()
