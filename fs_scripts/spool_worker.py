"""The thread that brings spooled facts to PostgreSQL as soon as it is back."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import psycopg

from db import spool_apply
from db.bounded import BoundedPostgres
from db.errors import DatabaseAway, RecordRejected, RecordStuck
from fs_scripts import lead_worker

logger = logging.getLogger(__name__)

POLL_S = 1.0
APPLY_WAIT_MS = 5000
"""A replay is nobody's call: it may take longer than one inside a call."""

DRAINED = "spooled facts were written to PostgreSQL"
STILL_AWAY = "PostgreSQL is still away, spooled facts wait"
FAILED = "a spooled fact could not be applied, it is tried again"
SURPRISED = "a spooled fact could not be applied for a reason nobody expects, it is kept"


class Waiting(Protocol):
    """What is needed of db.overflow.Overflow."""

    def has_due(self) -> bool:
        """Whether a drain has something to try."""

    def drain(self, apply: Callable[[str, dict[str, Any]], None]) -> int:
        """Apply what waits and return how many."""


def run(postgres: BoundedPostgres, spool: Waiting) -> None:
    """Drain for as long as the switch lives."""
    while True:
        time.sleep(POLL_S)
        drain(postgres, spool)


def drain(postgres: BoundedPostgres, spool: Waiting) -> int:
    """Bring what waits to PostgreSQL; return how many facts, 0 while it is away. Never raises."""
    try:
        if not spool.has_due():
            return 0
        drained = spool.drain(partial(_apply, postgres))
    except DatabaseAway:
        logger.info(STILL_AWAY)
        return 0
    except Exception:
        logger.exception(FAILED)
        return 0
    if drained:
        logger.info(DRAINED, extra={"count": drained})
        lead_worker.wake()
    return drained


def _apply(postgres: BoundedPostgres, kind: str, payload: dict[str, Any]) -> None:
    """Apply one; raises DatabaseAway, psycopg.Error, RecordRejected, RecordStuck: no record keeps others waiting."""
    try:
        postgres.run(lambda conn: spool_apply.apply(conn, kind, payload), APPLY_WAIT_MS)
    except (DatabaseAway, psycopg.Error, RecordRejected, RecordStuck):
        raise
    except Exception as error:
        logger.exception(SURPRISED, extra={"attempt_id": payload.get("attempt_id")})
        raise RecordStuck(repr(error)) from error
