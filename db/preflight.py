"""What a campaign's claim would do now, counted: before the start, and whenever nothing is dialing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from psycopg.rows import tuple_row

from db import campaigns, claims, dialing, gateway_health
from db.dialing import DialingCampaign
from db.imports import queries as import_queries
from db.sql import AnyConnection, change, joined, load, value_of
from dialer.back_off import BreakerState
from dialer.calling_hours import next_open, open_zone_sets
from dialer.campaign import CampaignState
from dialer.preflight import (
    CALL_S,
    TO_DIAL,
    DayBudget,
    Obstacle,
    Pace,
    Standing,
    estimated_finish,
    obstacle,
    refusal,
    standing_of,
)

queries = load("preflight")
SHORTEST_CALL_S = 1.0


@dataclass(frozen=True, slots=True)
class Preflight:
    """counts: contacts that wait, by what the claim would do with them now. blocked: those that are out, by reason.

    obstacle: why nothing is dialing, None when it dials or could. next_at: when the next contact may be dialled.
    finish_at: when all will have been dialled once at this pace, if it dials from now on; None: not in 35 days.
    room: how many calls the day's budgets leave, None: there is no budget.
    """

    counts: Mapping[Standing, int]
    blocked: Mapping[str, int]
    obstacle: Obstacle | None
    next_at: datetime | None
    finish_at: datetime | None
    calls_per_minute: float
    room: int | None

    @property
    def to_dial(self) -> int:
        """How many will be dialled, now or later."""
        return sum(self.counts[standing] for standing in TO_DIAL)


def preflight(conn: AnyConnection, campaign_id: int, now: datetime) -> Preflight:
    """Judge every contact that waits by the rules of the claim at `now`; raises NotFound."""
    campaign = dialing.of(conn, campaign_id)
    zone_sets = dialing.zone_sets(conn, campaign_id)
    values = claims.rule_values(campaign, list(zone_sets), now) | {
        "zone_sets": open_zone_sets(campaign.hours, zone_sets, now, campaign.ring_timeout_s),
        "never": [set_id for set_id, zones in zone_sets.items() if next_open(campaign.hours, zones, now) is None],
    }
    counts = dict.fromkeys(Standing, 0)
    waiting: dict[tuple[str, ...], int] = {}
    next_at: list[datetime] = []
    with joined(conn), conn.cursor(row_factory=tuple_row) as cursor:
        change(conn, import_queries["have_room"])
        for zone_set_id, name, contacts, first_at in cursor.execute(claims.judging(queries["standings"]), values):
            standing, zones = standing_of(name), zone_sets[zone_set_id]
            counts[standing] += contacts
            if standing in TO_DIAL:
                waiting[zones] = waiting.get(zones, 0) + contacts
                opening = next_open(campaign.hours, zones, max(now, first_at))
                next_at += [opening] if opening else []
        blocked: dict[str, int] = dict(cursor.execute(queries["blocked"], values).fetchall())
    calls_up = cast(int, value_of(conn, queries["calls_up"], values))
    room = cast("int | None", value_of(conn, claims.judging(queries["room"]), values))
    pace = _pace(conn, campaign)
    budget = _budget(conn, campaign, room)
    resting = {id_ for id_, health in gateway_health.known(conn).items() if health.state is BreakerState.OPEN}
    return Preflight(
        counts=counts,
        blocked=blocked,
        obstacle=obstacle(
            counts,
            is_active=campaigns.get(conn, campaign_id).state is CampaignState.ACTIVE,
            has_gateway=bool(campaign.gateways),
            is_over_cap=dialing.is_over_cap(conn, campaign_id),
            calls_up=calls_up,
            channels=min(campaign.max_channels, sum(gateway.max_channels for gateway in campaign.gateways)),
            room=room,
            are_gateways_resting=all(g.gateway_id in resting for g in campaign.gateways),
        ),
        next_at=min(next_at, default=None),
        finish_at=estimated_finish(campaign.hours, waiting, pace, now, budget)
        if waiting and campaign.gateways
        else None,
        calls_per_minute=pace.per_minute,
        room=room,
    )


def start_refusal(conn: AnyConnection, campaign_id: int, now: datetime) -> Obstacle | None:
    """Return why the campaign may not be started at `now`, None when it may; raises NotFound."""
    return refusal(
        has_gateway=bool(campaigns.gateways_of(conn, campaign_id)),
        is_over_cap=dialing.is_over_cap(conn, campaign_id),
        counts=preflight(conn, campaign_id, now).counts,
    )


def _budget(conn: AnyConnection, campaign: DialingCampaign, room: int | None) -> DayBudget | None:
    """Return what bounds the calls of a day. Minutes bound them too, but nobody knows how long calls will last."""
    per_day = cast("int | None", value_of(conn, queries["calls_per_day"], {"campaign_id": campaign.id}))
    return None if per_day is None or room is None else DayBudget(max(0, room), per_day, campaign.time_zone)


def _pace(conn: AnyConnection, campaign: DialingCampaign) -> Pace:
    call_s = cast("float | None", value_of(conn, queries["call_s"], {"campaign_id": campaign.id}))
    return Pace(
        campaign.max_channels,
        campaign.calls_per_minute,
        [(g.max_channels, g.calls_per_second, g.calls_per_minute) for g in campaign.gateways],
        CALL_S if call_s is None else max(call_s, SHORTEST_CALL_S),
        campaign.calls_per_second,
    )
