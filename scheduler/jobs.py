"""What happens each second or slower: leases renewed, campaigns completed, progress told, leads of the outbox."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from db import attempts, blacklist, campaigns, gateway_health, leases, lifecycle, live_events
from dialer.campaign import CampaignState
from scheduler.database import Database

logger = logging.getLogger(__name__)

MOST_BATCHES = 20
"""Of contacts that were blocked, told of at once: whoever lists a million numbers must not hold up the other jobs."""
COMPLETED = "a campaign is complete"
NEVER_OPEN = "contacts were blocked because their calling hours never open"
BREAKER = "a gateway's circuit breaker has moved"
SLOWED = "a gateway is slowed down, its trunk refuses calls"
AT_FULL_SPEED = "a gateway is at its full speed again"
SHARE_OF_TIME = 0.1
"""Counting contacts of large campaigns is expensive: progress takes no more than this share of the time."""


class LeaseKeeper:
    """Keeps the channel leases of every open attempt; `tick` is called each second. Thread-safe."""

    def __init__(
        self, database: Database, redis: Redis, ttl_s: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._redis, self._ttl_s, self._clock = database, redis, ttl_s, clock
        self._renewed_at = clock()

    def are_kept(self) -> bool:
        """Whether no lease can have expired under a call that is up: else more calls than allowed could start."""
        return self._clock() - self._renewed_at < self._ttl_s / 2

    def tick(self) -> None:
        """Renew when it is time, what Redis forgot is restored. Raises DatabaseAway, RedisAway: then the next tick."""
        now = self._clock()
        if now - self._renewed_at < self._ttl_s / 4:
            return
        found = self._database.run(attempts.open_attempts)
        leases.renew_open(self._redis, found, self._ttl_s)
        self._renewed_at = now


def judge_gateways(database: Database, now: datetime | None = None) -> None:
    """Judge how the trunks take their calls, and say what changed. Raises DatabaseAway."""
    moment = now or datetime.now(UTC)
    changed = database.run(lambda conn: gateway_health.judge_all(conn, moment))
    for gateway_id, (before, after) in changed.items():
        known = {"gateway_id": gateway_id, "share": round(after.share, 2), "state": after.state, "reason": after.reason}
        if after.state is not before.state:
            logger.warning(BREAKER, extra={**known, "open_until": after.open_until})
        elif after.share < before.share:
            logger.warning(SLOWED, extra=known)
        elif after.share == 1:
            logger.info(AT_FULL_SPEED, extra=known)


def complete_campaigns(database: Database, redis: Redis) -> None:
    """Complete campaigns that have nothing left to dial, and say so. Raises DatabaseAway."""
    for campaign_id in database.run(lifecycle.complete_finished):
        logger.info(COMPLETED, extra={"campaign_id": campaign_id})
        live_events.publish(redis, "campaign.completed", {"campaign_id": campaign_id})
        live_events.publish(redis, "campaign.progress", _progress(database, campaign_id))


def announce_blocked(database: Database, redis: Redis) -> None:
    """Tell of every contact that a rule kept from being called, once. Raises DatabaseAway."""
    for _ in range(MOST_BATCHES):
        blocked = database.run(blacklist.take_blocks)
        for block in blocked:
            live_events.publish(redis, "call.blocked", asdict(block))
        if not blocked:
            break


def block_never_open(database: Database) -> None:
    """Take out of the queue whom no window ever opens for, so that their campaign can end. Raises DatabaseAway."""
    if count := database.run(lambda conn: lifecycle.block_never_open(conn, datetime.now(UTC))):
        logger.warning(NEVER_OPEN, extra={"count": count})


def _progress(database: Database, campaign_id: int) -> dict[str, Any]:
    return asdict(database.run(lambda conn: campaigns.progress(conn, campaign_id)))


class ProgressTeller:
    """Tells who watches how far each campaign is; counts nothing while nobody watches."""

    def __init__(self, database: Database, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._redis, self._clock = database, redis, clock
        self._rest_until = 0.0

    def tell(self) -> None:
        """Publish `campaign.progress` of every active or paused campaign. Raises DatabaseAway."""
        began = self._clock()
        if began < self._rest_until or not self._is_watched():
            return
        for campaign in self._database.run(campaigns.list_all):
            if campaign.state in (CampaignState.ACTIVE, CampaignState.PAUSED):
                live_events.publish(self._redis, "campaign.progress", _progress(self._database, campaign.id))
        took = self._clock() - began
        self._rest_until = self._clock() + took * (1 / SHARE_OF_TIME - 1)

    def _is_watched(self) -> bool:
        try:
            return any(count for _, count in self._redis.pubsub_numsub(live_events.CHANNEL))
        except RedisError:
            return False
