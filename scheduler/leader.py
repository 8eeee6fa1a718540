"""Which of several schedulers does what only one may do: the one whose session holds an advisory lock in PostgreSQL."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable

import psycopg
from psycopg import Connection

from db.pool import connection_options

logger = logging.getLogger(__name__)

LOCK = 0x6469616C6572  # "dialer": the lock's number in this database
ANSWER_WITHIN_MS = 2000
TRY_EVERY_S = 1.0
SILENT_MS = 5000
"""A leader's jobs ask each second. The server ends the session of one that is silent for so long: it is frozen, or its
machine is gone, and nobody else would close its connection for hours."""
SERVER_SIDE = {
    "idle_session_timeout": SILENT_MS,
    # For an answer that is on its way to a machine that is gone, when the session is not idle.
    "tcp_keepalives_idle": 3,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": SILENT_MS,
}

LEADS = "this scheduler leads: it does what only one may do"
LEADS_NO_MORE = "this scheduler leads no more, its session with PostgreSQL was lost"


class Leader:
    """Thread-safe. The lock lives and dies with one session: whoever loses it leads no more, and PostgreSQL never gives
    it to two. Whoever asks less than each second loses it: the server takes it for dead (SILENT_MS). The session must
    be a real one: a pooler in transaction mode would share it. on_leading: called when we begin to; it returns at once.
    """

    def __init__(
        self,
        database_url: str,
        on_leading: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._on_leading, self._clock = database_url, on_leading, clock
        self._lock = threading.Lock()
        self._session: Connection[tuple[object, ...]] | None = None
        self._is_held = False
        self._try_at = float("-inf")

    def leads(self) -> bool:
        """Ask PostgreSQL, over the session that holds the lock, whether we lead now; False when nobody can say."""
        if not self._lock.acquire(timeout=ANSWER_WITHIN_MS / 1000):
            return False  # another thread waits for a server that does not answer
        try:
            return self._asks() if self._is_held else self._tries()
        except psycopg.Error as error:
            self._lose(str(error))
            return False
        finally:
            self._lock.release()

    def resign(self) -> None:
        """Let another one lead at once: a session that is closed holds its lock until the server notices."""
        with self._lock:
            if self._is_held and self._session is not None:
                with contextlib.suppress(psycopg.Error):
                    self._session.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
            self._drop()

    def only(self, job: Callable[[], object]) -> Callable[[], None]:
        """Return the job as one that is done while we lead, and by nobody else."""

        def run() -> None:
            if self.leads():
                job()

        return run

    def _asks(self) -> bool:
        assert self._session is not None
        self._session.execute("SELECT 1")
        return True

    def _tries(self) -> bool:
        if self._clock() < self._try_at:
            return False
        self._try_at = self._clock() + TRY_EVERY_S
        if self._session is None:
            options = connection_options("dialer-leader", ANSWER_WITHIN_MS, **SERVER_SIDE)
            self._session = psycopg.connect(self._url, autocommit=True, **options)
        row = self._session.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        self._is_held = row is not None and bool(row[0])
        if self._is_held:
            logger.info(LEADS)
            self._on_leading()
        return self._is_held

    def _lose(self, reason: str) -> None:
        if self._is_held:
            logger.warning(LEADS_NO_MORE, extra={"reason": reason})
        self._drop()

    def _drop(self) -> None:
        session, self._session, self._is_held = self._session, None, False
        if session is not None:
            with contextlib.suppress(psycopg.Error):
                session.close()
