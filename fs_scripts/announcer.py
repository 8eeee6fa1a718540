"""What Redis hears of calls, once the facts are safe: live events, and the channels of calls that are over."""

import logging
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from db import leases, live_events
from db.errors import RedisAway
from fs_scripts.background import Background

logger = logging.getLogger(__name__)

Event = tuple[str, dict[str, Any], datetime]
"""Its type, its facts, and when it happened."""

LEASES_KEPT = "the channels' leases were not released, they expire by themselves"


class Announcer:
    """Tells in the order of the calls to it; no call waits for it."""

    def __init__(self, redis: Redis, background: Background) -> None:
        self._redis = redis
        self._background = background

    def announce(self, event_type: str, **facts: Any) -> None:
        """Tell whoever watches live; lost when nobody does, or when Redis is away."""
        self._background.collect(self._publish, (event_type, facts, datetime.now(UTC)))

    def release(self, attempt_id: str) -> None:
        """Free the channel of a call that is over."""
        self._background.collect(self._release, attempt_id)

    def _publish(self, events: list[Event]) -> None:
        live_events.publish_all(self._redis, [live_events.encoded(*event) for event in events])

    def _release(self, attempt_ids: list[str]) -> None:
        try:
            leases.release(self._redis, attempt_ids)
        except (RedisAway, RedisError):
            logger.warning(LEASES_KEPT, extra={"count": len(attempt_ids)})
