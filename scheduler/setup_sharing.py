"""Keeps in Redis how the calls that are about to leave are to be held, so that a new switch needs no PostgreSQL."""

import logging
import time
from collections.abc import Callable, Iterable

from redis import Redis

from db import attempts, setups
from db.claims import ClaimedAttempt
from db.errors import DatabaseAway, RedisAway
from scheduler.database import Database

logger = logging.getLogger(__name__)

AGAIN_S = 5.0
"""How long a flow counts as shared: Redis may have been emptied meanwhile."""
NOT_SHARED = "call flows were not shared, a switch that has just started must ask PostgreSQL"


class SetupSharing:
    """One thread uses it."""

    def __init__(self, database: Database, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._redis, self._clock = database, redis, clock
        self._shared_at: dict[tuple[int, int], float] = {}

    def of(self, claimed: Iterable[ClaimedAttempt]) -> None:
        """Share the flows of these attempts unless that was done a moment ago. Never raises for a store's sake."""
        now = self._clock()
        wanted = {(attempt.campaign_id, attempt.flow_version_id) for attempt in claimed}
        if all(now - self._shared_at.get(which, float("-inf")) < AGAIN_S for which in wanted):
            return
        try:
            live = self._database.run(attempts.live_setups, begins=False)
            setups.share(self._redis, live)
        except (DatabaseAway, RedisAway) as error:
            logger.warning(NOT_SHARED, extra={"reason": str(error)})
            return
        self._shared_at = {(setup.campaign_id, setup.flow_version_id): now for setup in live}
