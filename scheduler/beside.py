"""Asks several switches at the same time: one that hangs holds up neither the others nor whoever asks."""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping

from db.errors import DatabaseAway, RedisAway
from scheduler.event_socket import MaybeSent, NotSent

logger = logging.getLogger(__name__)

PATIENCE_S = 1.0
"""So long the asker waits for what was asked; what takes longer goes on by itself."""

UNANSWERED = "a switch could not be asked, it is asked again"
FAILED = "asking a switch failed, it is asked again"


class Beside:
    """Thread-safe. A switch is asked one thing at a time: one that still owes an answer is left out.

    A job ends by itself, since each question to a switch does (scheduler.event_socket).
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._running: dict[Hashable, threading.Thread] = {}

    def each(self, jobs: Mapping[Hashable, Callable[[], object]]) -> None:
        """Start each switch's job in a thread of its own, and wait for them for a moment. Never raises."""
        started = []
        with self._lock:
            self._running = {of: thread for of, thread in self._running.items() if thread.is_alive()}
            for of, job in jobs.items():
                if of not in self._running:
                    thread = threading.Thread(target=_guarded, args=(job,), name=f"beside {of}", daemon=True)
                    self._running[of] = thread
                    thread.start()
                    started.append(thread)
        until = time.monotonic() + self._patience_s
        for thread in started:
            thread.join(max(0.0, until - time.monotonic()))


def _guarded(job: Callable[[], object]) -> None:
    try:
        job()
    except (NotSent, MaybeSent, DatabaseAway, RedisAway) as error:
        logger.info(UNANSWERED, extra={"reason": str(error)})
    except Exception:
        logger.exception(FAILED)
