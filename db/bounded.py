"""PostgreSQL for callers that may not wait: inside a call, a statement is left behind when it is late."""

import contextlib
import logging
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Self, TypeVar

import psycopg
from psycopg import Connection, OperationalError, errors
from psycopg.abc import PQGen

from db.errors import DatabaseAway
from db.pool import connection_options, is_cut

logger = logging.getLogger(__name__)

T = TypeVar("T")
RV = TypeVar("RV")

STATEMENT_LIMIT_MS = 5000
STUCK_S = 15.0
"""A connection whose statement was left behind is given up after so long; the facts are in the spool by then."""
OUTAGE_S = 1.0
"""After an outage was noticed nobody waits; each second one caller probes whether it is over."""
INTERVAL_S = 0.1
SHORTEST_WAIT_S = 0.001
READ_BYTES = 64 * 1024


class HurriedConnection(Connection[Any]):
    """give_up_at: on time.monotonic's clock; an answer that has not come by then is left to the server.

    left: what became of the line to a server that still owes an answer; who reads it to its end knows that the server
    has done with the statement.
    """

    give_up_at: float = float("inf")
    left: socket.socket | None = None

    def wait(self, gen: PQGen[RV], interval: float = INTERVAL_S, timeout: float | None = None) -> RV:
        """Wait for an answer; raises OperationalError, with the connection closed, when it does not come in time."""
        longest_s = max(SHORTEST_WAIT_S, self.give_up_at - time.monotonic())
        try:
            return super().wait(gen, interval, longest_s if timeout is None else min(timeout, longest_s))
        except errors._WaitTimeout as late:
            self.left = socket.socket(fileno=socket.dup(self.fileno()))
            self.pgconn.finish()  # says good-bye behind the statement; the server ends when it has done it
            raise OperationalError("PostgreSQL did not answer in time") from late


class _Slot:
    """The right to one connection. conn None: it has to be opened."""

    __slots__ = ("conn",)

    def __init__(self) -> None:
        self.conn: HurriedConnection | None = None

    def is_open(self) -> bool:
        """Whether a statement may be sent at once."""
        return self.conn is not None and not self.conn.closed and not is_cut(self.conn)

    def close(self) -> socket.socket | None:
        """Close the connection, whatever state it is in; return the line to a server that still owes an answer."""
        conn, self.conn = self.conn, None
        if conn is None:
            return None
        try:
            conn.close()
        except psycopg.Error:
            logger.debug("closing a broken connection failed")
        return conn.left


class _Opening:
    """A connection that a thread of its own opens, while the caller may leave."""

    def __init__(self, owner: "BoundedPostgres", slot: _Slot) -> None:
        self._owner, self._slot = owner, slot
        self._lock, self._is_done = threading.Lock(), threading.Event()
        self._has_left = False
        self.error: psycopg.Error | None = None

    def start(self) -> Self:
        """Begin."""
        threading.Thread(target=self._run, name="postgres-opening", daemon=True).start()
        return self

    def _run(self) -> None:
        try:
            self._slot.conn = HurriedConnection.connect(self._owner.url, autocommit=True, **self._owner.options)
        except psycopg.Error as error:
            self.error = error
        with self._lock:
            self._is_done.set()
            is_ours = self._has_left
        if is_ours:
            self._owner.give(self._slot)

    def wait(self, longest_s: float) -> bool:
        """Say whether it is done, and the slot the caller's again; else it is given back when it is."""
        self._is_done.wait(longest_s)
        with self._lock:
            self._has_left = not self._is_done.is_set()
            return not self._has_left


class BoundedPostgres:
    """A few connections, opened as they are needed; `run` waits no longer than `wait_ms`.

    The caller's own thread speaks to the server: handing work to another one costs a call's hook as much as a commit.
    """

    def __init__(self, url: str, workers: int = 6, wait_ms: int = 300) -> None:
        """workers: connections at most, those included that still owe an answer nobody waits for."""
        self.url = url
        self.options = connection_options("dialer-switch", STATEMENT_LIMIT_MS) | {"connect_timeout": 2}
        self.wait_s = wait_ms / 1000
        self._free = deque(_Slot() for _ in range(workers))
        self._freed = threading.Condition()
        self._lock = threading.Lock()
        self._away_until = 0.0
        self._is_away = False

    def run(self, job: Callable[[Connection[Any]], T], wait_ms: int | None = None, *, begins: bool = True) -> T:
        """Run `job` in one transaction; raises DatabaseAway when it is not done in time.

        begins=False: each statement of the job commits by itself, which spares two round trips; the job begins a
        transaction where it needs one. A statement that is overdue may still commit later: pass only idempotent jobs,
        and spool the same facts. Exceptions of the job itself (a rule, a wrong statement) come back as they are.
        """
        self._admit()
        give_up_at = time.monotonic() + (self.wait_s if wait_ms is None else wait_ms / 1000)
        slot = self._take(give_up_at)
        conn = slot.conn
        assert conn is not None
        try:
            conn.give_up_at = give_up_at
            if begins:
                with conn.transaction():
                    result = job(conn)
            else:
                result = job(conn)
        except OperationalError as error:
            self.note_outage()
            self._leave(slot)
            raise DatabaseAway(f"PostgreSQL went away: {error}") from error
        except BaseException:
            self.give(slot)
            raise
        self.give(slot)
        self.note_success()
        return result

    def _take(self, give_up_at: float) -> _Slot:
        """Return an open connection; raises DatabaseAway when there is none in time."""
        with self._freed:
            while not self._free:
                if not self._freed.wait(max(0.0, give_up_at - time.monotonic())) and not self._free:
                    self.note_outage()
                    raise DatabaseAway("PostgreSQL did not answer in time, every connection waits for it")
            slot = self._free.pop()
        if slot.is_open():
            return slot
        slot.close()
        opening = _Opening(self, slot).start()
        if not opening.wait(max(0.0, give_up_at - time.monotonic())):
            self.note_outage()
            raise DatabaseAway("PostgreSQL did not let us in in time")
        if opening.error is not None:
            self.give(slot)
            self.note_outage()
            raise DatabaseAway(f"PostgreSQL went away: {opening.error}") from opening.error
        return slot

    def give(self, slot: _Slot) -> None:
        """Let another caller have it; what is open comes first, the one that was used last before all."""
        with self._freed:
            if slot.conn is None:
                self._free.appendleft(slot)
            else:
                self._free.append(slot)
            self._freed.notify()

    def _leave(self, slot: _Slot) -> None:
        """Close the connection; its place is free once the server has done with what it was told."""
        line = slot.close()
        if line is None:
            return self.give(slot)
        threading.Thread(target=self._see_off, args=(line, slot), name="postgres-left", daemon=True).start()
        return None

    def _see_off(self, line: socket.socket, slot: _Slot) -> None:
        ends_at = time.monotonic() + STUCK_S
        ready = select.poll()
        ready.register(line, select.POLLIN)
        with contextlib.suppress(OSError), line:
            while (rest_s := ends_at - time.monotonic()) > 0 and ready.poll(1000 * rest_s):
                if not line.recv(READ_BYTES):
                    break
        self.give(slot)

    def _admit(self) -> None:
        """Let the caller through, or fail at once during an outage; a probe goes through each second."""
        if not self._is_away:
            return
        now = time.monotonic()
        with self._lock:
            if self._is_away and now < self._away_until:
                raise DatabaseAway("PostgreSQL is away; it is tried again in a second")
            self._away_until = now + OUTAGE_S

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
        """Close what is idle; jobs under way are left to the server."""
        with self._freed:
            for slot in self._free:
                slot.close()
