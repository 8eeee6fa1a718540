"""Campaigns: made, moved through their states, handed to the dial loop, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from db.sql import AnyConnection
from dialer.calling_hours import CallingHours
from dialer.campaign import CampaignState
from dialer.outcome import Disposition
from dialer.retry import RetryRules


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What a campaign is made of. gateways: (gateway id, caller id's id) pairs, in order of preference.

    weekdays: ISO, 1 Monday to 7 Sunday. retry_rules: as dialer.retry.parse_rules reads them.
    """

    name: str
    flow_version_id: int
    gateways: Sequence[tuple[int, int]] = ()
    description: str = ""
    default_country: str = "RU"
    time_zone: str = "Europe/Moscow"
    hours_start: time = time(9)
    hours_end: time = time(21)
    weekdays: Sequence[int] = (1, 2, 3, 4, 5)
    max_channels: int = 10
    calls_per_minute: int = 60
    ring_timeout_s: int = 30
    max_call_s: int = 300
    retry_rules: Mapping[str, Any] = field(default_factory=dict)
    is_recording: bool = False
    crm_mapping: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it is stored."""

    id: int
    name: str
    description: str
    state: CampaignState
    flow_version_id: int
    default_country: str
    time_zone: str
    hours_start: time
    hours_end: time
    weekdays: tuple[int, ...]
    max_channels: int
    calls_per_minute: int
    ring_timeout_s: int
    max_call_s: int
    retry_rules: dict[str, Any]
    is_recording: bool
    crm_mapping: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class CampaignGateway:
    """A gateway a campaign may use, with its limits and the campaign's caller ID on it (E.164)."""

    gateway_id: int
    name: str
    max_channels: int
    calls_per_second: float
    calls_per_minute: int | None
    caller_id: str


@dataclass(frozen=True, slots=True)
class DialingCampaign:
    """All the dial loop needs of one active campaign."""

    id: int
    name: str
    flow_version_id: int
    time_zone: str
    hours: CallingHours
    retry: RetryRules
    max_channels: int
    calls_per_minute: int
    ring_timeout_s: int
    max_call_s: int
    gateways: tuple[CampaignGateway, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is. contacts = queued + dialing + retry + concluded + blocked.

    by_disposition: attempts by how they ended. billsec: seconds of answered calls.
    """

    campaign_id: int
    state: CampaignState
    contacts: int
    queued: int
    dialing: int
    retry: int
    concluded: int
    blocked: int
    attempts: int
    by_disposition: Mapping[Disposition, int]
    billsec: int
    leads: int
    leads_delivered: int


def create(conn: AnyConnection, new: NewCampaign) -> int:
    """Store a draft and return its id; raises InvalidRetryRules."""
    raise NotImplementedError


def update(conn: AnyConnection, campaign_id: int, new: NewCampaign) -> None:
    """Replace every setting of a campaign that is a draft, scheduled or paused; raises IllegalMove otherwise."""
    raise NotImplementedError


def get(conn: AnyConnection, campaign_id: int) -> Campaign:
    """Return one campaign; raises NotFound."""
    raise NotImplementedError


def list_all(conn: AnyConnection) -> list[Campaign]:
    """Return every campaign, newest first."""
    raise NotImplementedError


def gateways_of(conn: AnyConnection, campaign_id: int) -> list[CampaignGateway]:
    """Return the campaign's enabled gateways in order of preference."""
    raise NotImplementedError


def move(conn: AnyConnection, campaign_id: int, target: CampaignState) -> None:
    """Move to `target` if the state it is in allows it; raises IllegalMove, NotFound."""
    raise NotImplementedError


def active(conn: AnyConnection) -> list[DialingCampaign]:
    """Return every active campaign that has at least one enabled gateway, oldest first."""
    raise NotImplementedError


def zone_sets(conn: AnyConnection, campaign_id: int) -> dict[int, tuple[str, ...]]:
    """Return the zone sets its contacts are in (id → sorted IANA names), for calling_hours.open_zone_sets."""
    raise NotImplementedError


def complete_finished(conn: AnyConnection) -> list[int]:
    """Complete every active campaign that has no contact queued, dialing or waiting for retry; return their ids."""
    raise NotImplementedError


def progress(conn: AnyConnection, campaign_id: int) -> Progress:
    """Count the campaign's contacts by state and its attempts by disposition; raises NotFound."""
    raise NotImplementedError
