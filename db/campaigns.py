"""Campaigns: made, moved through their states, counted. What the dial loop reads of them is in db.dialing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from typing import Any, cast

from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from db.errors import NotFound
from db.sql import AnyConnection, all_of, change, column_of, load, one_of, value_of
from dialer.caller_id import CallerIdChoice
from dialer.campaign import CampaignState, PauseReason, check_move, states_before
from dialer.contact import ContactState
from dialer.destination import parse_destinations
from dialer.errors import IllegalMove
from dialer.outcome import Disposition
from dialer.retry import parse_rules

queries = load("campaigns")


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What a campaign is made of. gateways: (gateway id, caller id's id) pairs, in order of preference; a gateway may
    have several caller IDs.

    weekdays: ISO, 1 Monday to 7 Sunday. retry_rules: as dialer.retry.parse_rules reads them. destinations: `RU`,
    `+7495`; none: the default country alone. max_…_per_day: budgets, None: none. is_by_own_clock: calling hours are
    those of `time_zone` for everybody, else of each contact's zone. calls_per_second: ≤ 2 decimals, None: no limit of
    its own.
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
    weight: int = 1
    priority: int = 5
    retry_rules: Mapping[str, Any] = field(default_factory=dict)
    is_recording: bool = False
    crm_mapping: Mapping[str, Any] = field(default_factory=dict)
    keeps_holidays: bool = False
    caller_id_choice: CallerIdChoice = CallerIdChoice.SAME_FOR_NUMBER
    abandon_cap: float = 3.0
    requires_consent: bool = False
    destinations: Sequence[str] = ()
    limit_profile_id: int | None = None
    max_calls_per_day: int | None = None
    max_minutes_per_day: int | None = None
    is_by_own_clock: bool = False
    calls_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it is stored. holidays: those of its country, none unless it keeps them.

    is_budgeted: it has a budget of its own, or all campaigns have one.
    """

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
    weight: int
    priority: int
    retry_rules: dict[str, Any]
    is_recording: bool
    crm_mapping: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    keeps_holidays: bool
    requires_consent: bool
    destinations: tuple[str, ...]
    limit_profile_id: int | None
    max_calls_per_day: int | None
    max_minutes_per_day: int | None
    is_budgeted: bool
    holidays: tuple[date, ...]
    pause_reason: PauseReason | None
    caller_id_choice: CallerIdChoice
    abandon_cap: float
    is_by_own_clock: bool
    calls_per_second: float | None


@dataclass(frozen=True, slots=True)
class CampaignGateway:
    """A gateway a campaign may use, with its limits and the campaign's caller IDs on it (E.164), one at least."""

    gateway_id: int
    name: str
    max_channels: int
    calls_per_second: float
    calls_per_minute: int | None
    caller_ids: tuple[str, ...]


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


def _values(new: NewCampaign) -> dict[str, Any]:
    parse_rules(new.retry_rules)
    values = {f.name: getattr(new, f.name) for f in fields(new) if f.name != "gateways"}
    return values | {
        "weekdays": sorted(set(new.weekdays)),
        "destinations": list(parse_destinations(new.destinations)),
        "retry_rules": Jsonb(dict(new.retry_rules)),
        "crm_mapping": Jsonb(dict(new.crm_mapping)),
    }


def _write_gateways(conn: AnyConnection, campaign_id: int, gateways: Sequence[tuple[int, int]]) -> None:
    change(conn, queries["drop_gateways"], {"campaign_id": campaign_id})
    for place, (gateway_id, caller_id_id) in enumerate(gateways, 1):
        values = {
            "campaign_id": campaign_id,
            "gateway_id": gateway_id,
            "caller_id_id": caller_id_id,
            "place": place,
        }
        if not change(conn, queries["add_gateway"], values):
            raise NotFound(f"gateway {gateway_id} has no caller ID {caller_id_id}")


def create(conn: AnyConnection, new: NewCampaign) -> int:
    """Store a draft and return its id; raises InvalidRetryRules, InvalidDestination, NotFound (caller ID)."""
    with conn.transaction():
        campaign_id = cast(int, value_of(conn, queries["create"], _values(new)))
        _write_gateways(conn, campaign_id, new.gateways)
    return campaign_id


def update(conn: AnyConnection, campaign_id: int, new: NewCampaign) -> None:
    """Replace every setting, while it runs too; raises IllegalMove when it is completed or archived, NotFound."""
    with conn.transaction():
        if not change(conn, queries["update"], _values(new) | {"campaign_id": campaign_id}):
            raise IllegalMove(f"a campaign that is {get(conn, campaign_id).state} can't be changed; clone it")
        _write_gateways(conn, campaign_id, new.gateways)


def get(conn: AnyConnection, campaign_id: int) -> Campaign:
    """Return one campaign; raises NotFound."""
    found = one_of(conn, Campaign, queries["select"] + queries["one"], {"campaign_id": campaign_id})
    if found is None:
        raise NotFound(f"there is no campaign {campaign_id}")
    return found


def list_all(conn: AnyConnection) -> list[Campaign]:
    """Return every campaign, newest first."""
    return all_of(conn, Campaign, queries["select"] + queries["newest_first"])


def list_active(conn: AnyConnection) -> list[Campaign]:
    """Return every active campaign, oldest first."""
    return all_of(conn, Campaign, queries["select"] + queries["active"])


def gateways_by_campaign(conn: AnyConnection, campaign_ids: Sequence[int]) -> dict[int, list[CampaignGateway]]:
    """Return the enabled gateways of each, in order of preference."""
    found: dict[int, list[CampaignGateway]] = {campaign_id: [] for campaign_id in campaign_ids}
    with conn.cursor(row_factory=tuple_row) as cursor:
        for row in cursor.execute(queries["gateways"], {"campaign_ids": list(campaign_ids)}):
            campaign_id, gateway_id, name, channels, cps, cpm, numbers = row
            found[campaign_id].append(CampaignGateway(gateway_id, name, channels, cps, cpm, tuple(numbers)))
    return found


def gateways_of(conn: AnyConnection, campaign_id: int) -> list[CampaignGateway]:
    """Return the campaign's enabled gateways in order of preference."""
    return gateways_by_campaign(conn, [campaign_id])[campaign_id]


def caller_ids_of(conn: AnyConnection, campaign_id: int) -> list[int]:
    """Return the ids of the campaign's caller IDs in order of preference, those on disabled gateways too."""
    return column_of(conn, queries["caller_ids_of"], {"campaign_id": campaign_id})


def move(
    conn: AnyConnection,
    campaign_id: int,
    target: CampaignState,
    *,
    pause_reason: PauseReason = PauseReason.PERSON,
    hangs_up: bool = False,
) -> None:
    """Move to `target` if the state it is in allows it; raises IllegalMove, NotFound.

    It waits for claims under way, so no claim succeeds once a pause has returned. Nothing becomes active without
    an enabled gateway and a caller ID registered on it. pause_reason: who pauses it. hangs_up: completed together
    with its live calls, which the scheduler then ends.
    """
    with conn.transaction():
        if target is CampaignState.ACTIVE and not gateways_of(conn, campaign_id):
            get(conn, campaign_id)
            raise IllegalMove("a campaign needs an enabled gateway with a registered caller ID before it can dial")
        # The schedule's row first, as the scheduler locks them: two that meet wait for each other in one order.
        change(conn, queries["begin_schedule"], {"campaign_id": campaign_id, "target": target})
        values = {
            "campaign_id": campaign_id,
            "target": target,
            "before": states_before(target),
            "pause_reason": pause_reason if target is CampaignState.PAUSED else None,
            "hangs_up": hangs_up and target is CampaignState.COMPLETED,
        }
        if not change(conn, queries["move"], values):
            check_move(get(conn, campaign_id).state, target)
            raise IllegalMove(f"the campaign's state changed while it was moved to {target}: look again")


def progress(conn: AnyConnection, campaign_id: int) -> Progress:
    """Count the campaign's contacts by state and its attempts by disposition; raises NotFound."""
    campaign = get(conn, campaign_id)
    values = {"campaign_id": campaign_id}
    with conn.cursor(row_factory=tuple_row) as cursor:
        contacts: dict[str, int] = dict(cursor.execute(queries["contacts_by_state"], values).fetchall())
        tallies = cursor.execute(queries["tallies"], values).fetchall()
        leads, leads_delivered = cursor.execute(queries["leads"], values).fetchone() or (0, 0)
    return Progress(
        campaign_id=campaign_id,
        state=campaign.state,
        contacts=sum(contacts.values()),
        **{state.value: contacts.get(state.value, 0) for state in ContactState},
        attempts=sum(attempts for _, attempts, _ in tallies),
        by_disposition={Disposition(name): attempts for name, attempts, _ in tallies if attempts},
        billsec=sum(billsec for _, _, billsec in tallies),
        leads=leads,
        leads_delivered=leads_delivered,
    )
