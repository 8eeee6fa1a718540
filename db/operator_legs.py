"""An operator's leg counts as a call of its own: in which limits, and its channel and moment."""

from dataclasses import dataclass, replace

from redis import Redis

from db import leases
from db.leases import CampaignLimits, GatewayLimits, Leave, TotalLimits, Wanted
from db.sql import AnyConnection, load, row_of
from dialer.back_off import BreakerState, calls_per_second

queries = load("attempts")

ALLOWANCE = 1.02
"""As the scheduler's: spacing is kept this much wider than 1/CPS."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that a leg beside an attempt counts in. gateway: at the speed its trunk takes calls now, 0.0: it is
    switched off or rests. switch_id: where the attempt is; None: nobody knows.

    switch_channels None: the switch has no limit of its own.
    """

    gateway: GatewayLimits
    campaign: CampaignLimits
    switch_id: int | None = None
    switch_channels: int | None = None

    def are_at_most_faster(self, before: "Limits") -> bool:
        """Whether a moment that was reserved within the limits `before` keeps to these too: a trunk that recovers takes
        calls a little faster each second.
        """
        cps = max(self.gateway.cps, before.gateway.cps)
        return self == replace(before, gateway=replace(before.gateway, cps=cps))

    def place(self, total: TotalLimits) -> tuple[int, int] | None:
        """Return the one switch that can take the leg, and its channels; None: nobody knows which."""
        return None if self.switch_id is None else (self.switch_id, self.switch_channels or total.max_channels)


def limits(conn: AnyConnection, attempt_id: str) -> Limits | None:
    """Return the limits that a leg beside this attempt counts in; None: there is no such attempt."""
    row = row_of(conn, queries["limits"], {"attempt_id": attempt_id})
    if row is None:
        return None
    (is_enabled, state, share), of_gateway, of_campaign, of_switch = row[:3], row[3:7], row[7:11], row[11:]
    gateway = GatewayLimits(*of_gateway)
    cps = calls_per_second(gateway.cps, BreakerState(state), share) if is_enabled else 0.0
    return Limits(replace(gateway, cps=cps), CampaignLimits(*of_campaign), *of_switch)


def reserve(redis: Redis, attempt_id: str, of: Limits, total: TotalLimits, horizon_ms: int, ttl_s: int) -> int | None:
    """Return in how many ms the leg may be dialled, and hold its channel; None: some limit leaves no room for it now.

    Asked again it gets another moment in place of the first. Raises LeasesLost, RedisAway.
    """
    leg = [leases.of_operator(attempt_id)]
    if not of.gateway.cps:
        leases.give_back(redis, leg)
        return None
    place = of.place(total) or (0, 0)
    slots = leases.reserve(redis, of.gateway, of.campaign, total, leg, horizon_ms, ttl_s, place=place)
    return slots[0].delay_ms if slots else None


def ask_to_leave(redis: Redis, attempt_id: str, of: Limits, total: TotalLimits, ttl_s: int) -> Leave | None:
    """Ask at the last gate, as db.leases.ask_to_leave; None: the call's switch has no channel left for the leg now."""
    place = of.place(total)
    wanted = Wanted(leases.of_operator(attempt_id), [place], ttl_s) if place else None
    campaign = (of.campaign.id, ALLOWANCE / of.campaign.cps if of.campaign.cps else 0.0)
    spacings = (ALLOWANCE / of.gateway.cps, ALLOWANCE / total.cps)
    leave = leases.ask_to_leave(redis, of.gateway.id, *spacings, wanted, campaign)
    return None if wanted and not leave.wait_s and leave.switch_id is None else leave
