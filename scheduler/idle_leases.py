"""Frees channels that are reserved for nothing: whoever reserved them died, or Redis was away when the call ended."""

import logging
import time
from collections.abc import Callable

from redis import Redis

from db import attempts, leases
from scheduler.database import Database

logger = logging.getLogger(__name__)

IDLE_S = 10.0
"""A reservation that no open attempt explains for so long has no owner: a living one claims within a second."""
EVERY_S = 3.0

FREED = "channels were freed that were reserved for nothing"


class IdleLeases:
    """`tick` is called each second."""

    def __init__(self, database: Database, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._redis, self._clock = database, redis, clock
        self._idle_since: dict[str, float] = {}
        self._looks_at = float("-inf")

    def tick(self) -> None:
        """Look when it is time. Raises DatabaseAway, RedisAway: then the next tick."""
        now = self._clock()
        if now < self._looks_at:
            return
        held = leases.held(
            self._redis
        )  # before the attempts are read: one that is claimed meanwhile is then among them
        idle = held - {attempt.attempt_id for attempt in self._database.run(attempts.open_attempts)}
        self._looks_at = now + EVERY_S
        self._idle_since = {attempt_id: self._idle_since.get(attempt_id, now) for attempt_id in idle}
        over = [attempt_id for attempt_id, since in self._idle_since.items() if now - since >= IDLE_S]
        if over:
            leases.release(self._redis, over)
            logger.warning(FREED, extra={"count": len(over)})
