"""Pauses campaigns that abandon more people than their cap allows, says why, and writes it to the audit log."""

import logging
from typing import Any

from psycopg import Connection
from redis import Redis

from db import audit, campaigns, dialing, live_events
from db.dialing import OverCap
from dialer.campaign import CampaignState, PauseReason
from dialer.errors import IllegalMove
from scheduler.database import Database

logger = logging.getLogger(__name__)

PAUSED = "a campaign was paused, too many of its calls were abandoned"


def pause_over_cap(database: Database, redis: Redis) -> list[int]:
    """Pause them and return their ids. Raises DatabaseAway.

    They dial no more in any case: the dial loop is not handed a campaign that is over its cap.
    """
    paused = database.run(_pause)
    for found in paused:
        logger.error(PAUSED, extra=_facts(found) | {"campaign_id": found.campaign_id})
        live_events.publish(redis, "campaign.paused", {"campaign_id": found.campaign_id})
    return [found.campaign_id for found in paused]


def _pause(conn: Connection[Any]) -> list[OverCap]:
    done = []
    for found in dialing.over_cap(conn):
        try:
            campaigns.move(conn, found.campaign_id, CampaignState.PAUSED, pause_reason=PauseReason.ABANDON_CAP)
        except IllegalMove:  # somebody was quicker
            continue
        details = {"by": str(PauseReason.ABANDON_CAP)} | _facts(found)
        audit.record(conn, None, "campaign.paused", "campaign", found.campaign_id, details)
        done.append(found)
    return done


def _facts(found: OverCap) -> dict[str, float]:
    ledger = found.ledger
    return {
        "answered": ledger.people,
        "abandoned": ledger.dropped,
        "rate_percent": round(100 * (ledger.rate or 0), 2),
        "cap_percent": found.cap_percent,
    }
