"""What a call wants done but must not wait for: one thread does it in rounds, in order."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST_QUEUE = 10_000
ROUND_S = 0.1
"""What comes within so long is one round: hundreds of calls then cost a store a few requests, not one each."""
FAILED = "a background job failed"
DROPPED = "the background queue is full, a job was dropped"

Handler = Callable[[list[Any]], object]


class Background:
    """Runs callables one after the other on a thread of its own; what is dropped or fails is only logged."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[Handler | None, Any]] = queue.SimpleQueue()
        start_thread(name, self._run)

    def put(self, job: Callable[[], object]) -> None:
        """Have `job` run soon; never blocks."""
        self._put(None, job)

    def collect(self, handler: Callable[[list[T]], object], item: T) -> None:
        """Have `handler` take `item` soon, with all others of the same round, after the round's jobs; never blocks."""
        self._put(handler, item)

    def _put(self, handler: Handler | None, what: Any) -> None:
        if self._jobs.qsize() < LONGEST_QUEUE:
            self._jobs.put((handler, what))
        else:
            logger.error(DROPPED)

    def _run(self) -> None:
        while True:
            taken = [self._jobs.get()]
            time.sleep(ROUND_S)
            taken += [self._jobs.get() for _ in range(self._jobs.qsize())]  # nobody else takes any
            collected: dict[Handler, list[Any]] = {}
            for handler, what in taken:
                if handler is None:
                    _do(what)
                else:
                    collected.setdefault(handler, []).append(what)
            for handler, items in collected.items():
                _do(partial(handler, items))


def _do(job: Callable[[], object]) -> None:
    try:
        job()
    except Exception:
        logger.exception(FAILED)


def start_thread(name: str, run: Callable[[], None]) -> threading.Thread:
    """Start a thread that serves the whole switch and dies with it."""
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
