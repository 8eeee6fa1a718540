"""Campaigns as the dial loop reads them: with their gateways, hours, rules, and the limits that their ledgers leave."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from psycopg.rows import tuple_row

from db import abandon_ledger, campaigns
from db.campaigns import Campaign, CampaignGateway
from db.sql import AnyConnection, load
from dialer.abandon import Ledger, allowance, slowed, slowed_rate
from dialer.calling_hours import CallingHours
from dialer.destination import allowed_prefixes, calling_codes
from dialer.errors import InvalidDestination, InvalidRetryRules
from dialer.retry import RetryRules, parse_rules

logger = logging.getLogger(__name__)

queries = load("dialing")

LEFT_OUT = "a campaign is not dialled: what is stored of it can't be followed, save it anew"


@dataclass(frozen=True, slots=True)
class DialingCampaign:
    """All the dial loop needs of one active campaign. calls_per_second None: no limit of its own.

    allowed: the prefixes of numbers it may call. calling_codes: what these begin with, as short as can be.
    """

    id: int
    name: str
    flow_version_id: int
    time_zone: str
    hours: CallingHours
    retry: RetryRules
    max_channels: int
    calls_per_minute: int
    calls_per_second: float | None
    ring_timeout_s: int
    max_call_s: int
    weight: int
    priority: int
    gateways: tuple[CampaignGateway, ...]
    allowed: tuple[str, ...]
    calling_codes: tuple[str, ...]
    is_budgeted: bool


@dataclass(frozen=True, slots=True)
class OverCap:
    """An active campaign that abandons too many."""

    campaign_id: int
    ledger: Ledger
    cap_percent: float


def active(conn: AnyConnection) -> list[DialingCampaign]:
    """Return every active campaign that may dial, oldest first, with the limits that its ledger leaves it.

    Left out: without an enabled gateway, with more abandoned calls than its cap allows, or with rules that can't be
    followed, since none of its calls could be concluded.
    """
    found = campaigns.list_active(conn)
    gateways, shares = campaigns.gateways_by_campaign(conn, [campaign.id for campaign in found]), _shares(conn, found)
    able = []
    for campaign in found:
        if gateways[campaign.id] and shares[campaign.id] > 0:
            try:
                able.append(_of(campaign, gateways[campaign.id], shares[campaign.id]))
            except (InvalidRetryRules, InvalidDestination) as error:
                _say(campaign.id, str(error))
    return able


@lru_cache(maxsize=1000)
def _say(campaign_id: int, reason: str) -> None:
    """Log a campaign's fault, once."""
    logger.error(LEFT_OUT, extra={"campaign_id": campaign_id, "reason": reason})


def _shares(conn: AnyConnection, found: Sequence[Campaign]) -> dict[int, float]:
    ledgers = abandon_ledger.of(conn, [campaign.id for campaign in found])
    return {campaign.id: allowance(ledgers[campaign.id], campaign.abandon_cap) for campaign in found}


def over_cap(conn: AnyConnection) -> list[OverCap]:
    """Return the active campaigns that have to stop."""
    found = campaigns.list_active(conn)
    ledgers = abandon_ledger.of(conn, [campaign.id for campaign in found])
    judged = [OverCap(campaign.id, ledgers[campaign.id], campaign.abandon_cap) for campaign in found]
    return [one for one in judged if not allowance(one.ledger, one.cap_percent)]


def is_over_cap(conn: AnyConnection, campaign_id: int) -> bool:
    """Say whether the campaign abandons too many to dial, in any state; raises NotFound."""
    return not _shares(conn, [campaigns.get(conn, campaign_id)])[campaign_id]


def of(conn: AnyConnection, campaign_id: int) -> DialingCampaign:
    """Return what the dial loop would need of a campaign in any state; raises NotFound."""
    campaign = campaigns.get(conn, campaign_id)
    return _of(campaign, campaigns.gateways_of(conn, campaign_id), _shares(conn, [campaign])[campaign_id])


def _of(campaign: Campaign, gateways: Sequence[CampaignGateway], share: float) -> DialingCampaign:
    prefixes = allowed_prefixes(campaign.destinations, campaign.default_country)
    return DialingCampaign(
        id=campaign.id,
        name=campaign.name,
        flow_version_id=campaign.flow_version_id,
        time_zone=campaign.time_zone,
        hours=CallingHours(
            campaign.hours_start,
            campaign.hours_end,
            frozenset(campaign.weekdays),
            frozenset(campaign.holidays),
            campaign.time_zone if campaign.is_by_own_clock else None,
        ),
        retry=parse_rules(campaign.retry_rules),
        max_channels=slowed(campaign.max_channels, share),
        calls_per_minute=slowed(campaign.calls_per_minute, share),
        calls_per_second=campaign.calls_per_second and slowed_rate(campaign.calls_per_second, share),
        ring_timeout_s=campaign.ring_timeout_s,
        max_call_s=campaign.max_call_s,
        weight=campaign.weight,
        priority=campaign.priority,
        gateways=tuple(gateways),
        allowed=prefixes,
        calling_codes=calling_codes(prefixes),
        is_budgeted=campaign.is_budgeted,
    )


def zone_sets(conn: AnyConnection, campaign_id: int) -> dict[int, tuple[str, ...]]:
    """Return the zone sets its contacts are in (id → sorted IANA names), for calling_hours.open_zone_sets."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(queries["zone_sets"], {"campaign_id": campaign_id}).fetchall()
    return {set_id: tuple(zones) for set_id, zones in rows}
