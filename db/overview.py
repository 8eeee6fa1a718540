"""What the panel's first pages show: every campaign in one line, and the calls that are up now."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import tuple_row

from db import sql
from db.sql import AnyConnection
from dialer.campaign import CampaignState
from dialer.retry import are_followable

QUERIES = sql.load("overview")


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """One campaign with its counts of contacts and leads."""

    id: int
    name: str
    state: CampaignState
    created_at: datetime
    started_at: datetime | None
    contacts: int
    queued: int
    retry: int
    dialing: int
    concluded: int
    blocked: int
    leads: int


@dataclass(frozen=True, slots=True)
class LiveCall:
    """An attempt that has not ended. originated_at: when it was handed to the switch."""

    attempt_id: str
    campaign_id: int
    campaign: str
    phone: str
    name: str
    gateway: str
    originated_at: datetime | None
    answered_at: datetime | None
    digits: str


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What a new installation still lacks."""

    gateways: int
    caller_ids: int
    audio_files: int
    campaigns: int


def campaign_lines(conn: AnyConnection, states: list[CampaignState], limit: int) -> list[CampaignLine]:
    """Return the campaigns in `states`, newest first."""
    return sql.all_of(conn, CampaignLine, QUERIES["campaign_lines"], {"states": list(states), "limit": limit})


def live_calls(conn: AnyConnection, limit: int) -> list[LiveCall]:
    """Return the calls that are up, the oldest first."""
    return sql.all_of(conn, LiveCall, QUERIES["live_calls"], {"limit": limit})


def first_steps(conn: AnyConnection) -> FirstSteps:
    """Count what a campaign needs before it can start."""
    found = sql.one_of(conn, FirstSteps, QUERIES["first_steps"])
    assert found is not None
    return found


def flow_id_of(conn: AnyConnection, flow_version_id: int) -> int:
    """Return the flow that a version belongs to."""
    return int(sql.value_of(conn, QUERIES["flow_id_of"], {"flow_version_id": flow_version_id}))


def free_flow_name(conn: AnyConnection, wanted: str) -> str:
    """Return `wanted`, or `wanted (2)` and so on when flows are called that already."""
    taken = set(sql.column_of(conn, QUERIES["flow_names_like"], {"name": wanted}))
    names = (wanted, *(f"{wanted} ({number})" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def unfollowable(conn: AnyConnection) -> list[tuple[int, str]]:
    """Return (id, name) of the campaigns whose stored retry rules can't be followed, oldest first."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(QUERIES["retry_rules"]).fetchall()
    return [(campaign_id, name) for campaign_id, name, rules in found if not are_followable(rules)]
