"""The thread that posts leads right after the hang-up, under the portal's rate."""

import logging
import queue
from collections.abc import Callable

from db.errors import DatabaseAway, RedisAway

logger = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
"""Leads whose time for another try has come are found this often, also when no call ends."""

AWAY = "leads stay in the outbox until the store is back"
FAILED = "posting leads failed, they stay in the outbox"

_wanted: queue.SimpleQueue[None] = queue.SimpleQueue()


def wake() -> None:
    """Say that there may be a lead to post; never blocks."""
    _wanted.put(None)


def run(deliver: Callable[[], int]) -> None:
    """Deliver whenever somebody woke us, and now and then; for as long as the switch lives.

    deliver: posts some leads and returns how many the CRM has now.
    """
    while True:
        _wait(LOOK_AGAIN_S)
        deliver_all(deliver)


def deliver_all(deliver: Callable[[], int]) -> None:
    """Deliver until nothing more could be. Never raises."""
    try:
        while deliver():
            pass
    except (DatabaseAway, RedisAway) as away:
        logger.warning(AWAY, extra={"reason": str(away)})
    except Exception:
        logger.exception(FAILED)


def _wait(longest_s: float) -> None:
    """Return when there is something to do; several calls to wake are one."""
    try:
        _wanted.get(timeout=longest_s)
        while True:
            _wanted.get_nowait()
    except queue.Empty:
        return
