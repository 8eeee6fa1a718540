"""An operator's leg counts as a call of its own: in which limits, and its channel and moment."""

from redis import Redis

from db import leases
from db.leases import CampaignLimits, GatewayLimits, TotalLimits
from db.sql import AnyConnection, load, row_of

queries = load("attempts")

ALLOWANCE = 1.02
"""As the scheduler's: spacing is kept this much wider than 1/CPS."""
Limits = tuple[GatewayLimits, CampaignLimits]


def limits(conn: AnyConnection, attempt_id: str) -> Limits | None:
    """Return the limits that a leg beside this attempt counts in; None: there is no such attempt."""
    row = row_of(conn, queries["limits"], {"attempt_id": attempt_id})
    if row is None:
        return None
    gateway_id, channels, cps, cpm, campaign_id, campaign_channels, campaign_cpm = row
    return GatewayLimits(gateway_id, channels, cps, cpm), CampaignLimits(campaign_id, campaign_channels, campaign_cpm)


def reserve(redis: Redis, attempt_id: str, of: Limits, total: TotalLimits, horizon_ms: int, ttl_s: int) -> int | None:
    """Return in how many ms the leg may be dialled, and hold its channel; None: no limit leaves room for it now.

    Raises LeasesLost, RedisAway.
    """
    slots = leases.reserve(redis, *of, total, [leases.of_operator(attempt_id)], horizon_ms, ttl_s)
    return slots[0].delay_ms if slots else None


def ask_to_leave(redis: Redis, gateway: GatewayLimits, total: TotalLimits) -> tuple[float, float]:
    """Ask at the last gate, as db.leases.ask_to_leave."""
    return leases.ask_to_leave(redis, gateway.id, ALLOWANCE / gateway.cps, ALLOWANCE / total.cps)
