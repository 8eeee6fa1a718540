"""What a call wants done but must not wait for: one thread does it in order."""

import logging
import queue
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

LONGEST_QUEUE = 10_000
FAILED = "a background job failed"
DROPPED = "the background queue is full, a job was dropped"


class Background:
    """Runs callables one after the other on a thread of its own; what is dropped or fails is only logged."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.Queue[Callable[[], object]] = queue.Queue(LONGEST_QUEUE)
        start_thread(name, self._run)

    def put(self, job: Callable[[], object]) -> None:
        """Have `job` run soon; never blocks."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            logger.error(DROPPED)  # noqa: TRY400 - expected, no traceback

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception:
                logger.exception(FAILED)


def start_thread(name: str, run: Callable[[], None]) -> threading.Thread:
    """Start a thread that serves the whole switch and dies with it."""
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
