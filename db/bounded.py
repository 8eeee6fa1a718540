"""PostgreSQL for callers that may not wait: inside a call, work is handed to a thread and left behind when late."""

import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import Connection

from db.errors import DatabaseAway
from db.pool import connection_options, is_cut

logger = logging.getLogger(__name__)

T = TypeVar("T")

STATEMENT_LIMIT_MS = 5000
STUCK_S = 15.0
"""A worker that has sat in one job this long is cut loose from its server; the facts are in the spool by then."""
OUTAGE_S = 1.0
"""After an outage was noticed nobody waits; each second one caller probes whether it is over."""


class _Job(Generic[T]):
    """Work with its result. A job whose caller has left before it began is dropped."""

    __slots__ = ("begins", "done", "error", "is_abandoned", "result", "work")

    def __init__(self, work: Callable[[Connection[Any]], T], *, begins: bool) -> None:
        self.work = work
        self.begins = begins
        self.done = threading.Event()
        self.result: T | None = None
        self.error: BaseException | None = None
        self.is_abandoned = False


class _Worker:
    """One thread and its connection."""

    def __init__(self, owner: "BoundedPostgres", number: int) -> None:
        self.owner = owner
        self.conn: Connection[Any] | None = None
        self.busy_since: float | None = None
        self.thread = threading.Thread(target=self.serve, name=f"postgres-{number}", daemon=True)
        self.thread.start()

    def serve(self) -> None:
        """Take jobs until the end is in the queue."""
        while (job := self.owner.jobs.get()) is not None:
            if job.is_abandoned:
                continue
            self.busy_since = time.monotonic()
            try:
                job.result = self.transact(job)
                self.owner.note_success()
            except psycopg.OperationalError as error:
                self.drop_connection()
                self.owner.note_outage()
                job.error = DatabaseAway(f"PostgreSQL went away: {error}")
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the job
                job.error = error
            finally:
                self.busy_since = None
                job.done.set()
        self.drop_connection()

    def transact(self, job: _Job[Any]) -> Any:
        """Run one job, on a new connection when the old one was closed while it idled."""
        if self.conn is not None and (self.conn.closed or is_cut(self.conn)):
            self.drop_connection()
        if self.conn is None:
            self.conn = psycopg.connect(self.owner.url, autocommit=True, **self.owner.options)
        if not job.begins:
            return job.work(self.conn)
        with self.conn.transaction():
            return job.work(self.conn)

    def drop_connection(self) -> None:
        """Close the connection, whatever state it is in."""
        conn, self.conn = self.conn, None
        if conn is not None:
            try:
                conn.close()
            except psycopg.Error:
                logger.debug("closing a broken connection failed")

    def cut(self) -> None:
        """From another thread: make a read that never ends fail, without touching the connection's own state."""
        conn = self.conn
        try:
            if conn is not None:
                with socket.socket(fileno=socket.dup(conn.fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)
        except (OSError, psycopg.Error):
            logger.debug("a stuck connection was gone before it was cut")


class BoundedPostgres:
    """A few worker threads with a connection each; `run` waits no longer than `wait_ms`."""

    def __init__(self, url: str, workers: int = 6, wait_ms: int = 300) -> None:
        """Start nothing yet: threads start with the first job, so that this may be made before a fork."""
        self.url = url
        self.options = connection_options("dialer-switch", STATEMENT_LIMIT_MS) | {"connect_timeout": 2}
        self.wait_s = wait_ms / 1000
        self.size = workers
        self.jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._workers: list[_Worker] = []
        self._away_until = 0.0
        self._is_away = False

    def run(self, job: Callable[[Connection[Any]], T], wait_ms: int | None = None, *, begins: bool = True) -> T:
        """Run `job` in one transaction on a worker; raises DatabaseAway when it is not done in time.

        begins=False: each statement of the job commits by itself, which spares two round trips; the job begins a
        transaction where it needs one. An overdue job may still commit later: pass only idempotent ones, and spool
        the same facts. Exceptions of the job itself (a rule, a wrong statement) come back as they are.
        """
        self._admit()
        mine = _Job(job, begins=begins)
        self.jobs.put(mine)
        if not mine.done.wait(self.wait_s if wait_ms is None else wait_ms / 1000):
            mine.is_abandoned = True
            self.note_outage()
            raise DatabaseAway("PostgreSQL did not answer in time")
        if mine.error is not None:
            raise mine.error
        return mine.result  # type: ignore[return-value]  # no error: the job has set it

    def _admit(self) -> None:
        """Let the caller through, or fail at once during an outage; a probe goes through each second."""
        now = time.monotonic()
        with self._lock:
            if self._is_away and now < self._away_until:
                raise DatabaseAway("PostgreSQL is away; it is tried again in a second")
            if self._is_away:
                self._away_until = now + OUTAGE_S
            stuck = [w for w in self._workers if w.busy_since is not None and now - w.busy_since > STUCK_S]
            while len(self._workers) < self.size:
                self._workers.append(_Worker(self, len(self._workers) + 1))
        for worker in stuck:
            worker.cut()

    def note_outage(self) -> None:
        """Remember that PostgreSQL does not answer; said once per outage."""
        with self._lock:
            was_away, self._is_away = self._is_away, True
            self._away_until = time.monotonic() + OUTAGE_S
        if not was_away:
            logger.warning("PostgreSQL is away, results go to the spool")

    def note_success(self) -> None:
        """Any finished job ends the outage."""
        with self._lock:
            was_away, self._is_away = self._is_away, False
        if was_away:
            logger.info("PostgreSQL is back")

    @property
    def is_away(self) -> bool:
        """Whether the last thing heard of PostgreSQL was that it did not answer."""
        return self._is_away

    def close(self) -> None:
        """Stop the workers; jobs under way are left to the server."""
        with self._lock:
            workers, self._workers = self._workers, []
        for _ in workers:
            self.jobs.put(None)
        for worker in workers:
            worker.thread.join(timeout=self.wait_s)
