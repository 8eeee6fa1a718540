"""Leads: the outbox to the CRM, exactly one row for each interested attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from db.errors import NotFound
from db.sql import AnyConnection, all_of, change, load, one_of, value_of

queries = load("leads")


class LeadState(StrEnum):
    """Where a lead is. The SQL type `lead_state` has the same members."""

    PENDING = "pending"
    """Owed to the CRM."""
    DELIVERED = "delivered"
    """The CRM has it; external_id is its id there."""
    FAILED = "failed"
    """The CRM refuses it for good; last_error says why."""


@dataclass(frozen=True, slots=True)
class LeadToPost:
    """One lead as the CRM needs it. is_ambiguous: an earlier post may have arrived, look it up first.

    mapping: the campaign's crm_mapping. tries: posts so far, this one included.
    """

    lead_id: int
    attempt_id: str
    campaign_id: int
    campaign_name: str
    phone: str
    name: str
    extra: dict[str, Any]
    digits: str
    is_ambiguous: bool
    tries: int
    mapping: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead as the panel lists it."""

    id: int
    attempt_id: str
    campaign_id: int
    campaign_name: str
    phone: str
    name: str
    state: LeadState
    tries: int
    next_try_at: datetime
    external_id: str | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange with the CRM."""

    at: datetime
    method: str
    request: Any
    http_status: int | None
    response: Any
    error: str | None


def claim_due(conn: AnyConnection, limit: int, hold_s: float, min_age_s: float = 0.0) -> list[LeadToPost]:
    """Take up to `limit` due leads for `hold_s` seconds; commit before posting.

    min_age_s: leave leads younger than this to whoever posts at once.
    """
    values = {"attempt_id": None, "limit": limit, "hold_s": hold_s, "min_age_s": min_age_s}
    return all_of(conn, LeadToPost, queries["claim"], values)


def claim_one(conn: AnyConnection, attempt_id: str, hold_s: float) -> LeadToPost | None:
    """Take the lead of this attempt if it is due and nobody holds it; commit before posting."""
    values = {"attempt_id": attempt_id, "limit": 1, "hold_s": hold_s, "min_age_s": 0.0}
    return one_of(conn, LeadToPost, queries["claim"], values)


def delivered(conn: AnyConnection, lead_id: int, external_id: str) -> bool:
    """Record that the CRM has it; False when that was known."""
    return change(conn, queries["delivered"], {"lead_id": lead_id, "external_id": external_id}) == 1


def retry_later(conn: AnyConnection, lead_id: int, at: datetime, error: str, ambiguous: bool = False) -> None:  # noqa: FBT001
    """Put it back until `at`. ambiguous: the post may have arrived, so the next poster looks it up first."""
    change(conn, queries["retry_later"], {"lead_id": lead_id, "at": at, "error": error, "ambiguous": ambiguous})


def failed(conn: AnyConnection, lead_id: int, error: str) -> None:
    """Record that the CRM refuses this lead for good."""
    change(conn, queries["failed"], {"lead_id": lead_id, "error": error})


def put_back(conn: AnyConnection, lead_id: int) -> bool:
    """Make a failed lead due again; False when it had not failed."""
    return change(conn, queries["put_back"], {"lead_id": lead_id}) == 1


def put_back_all(conn: AnyConnection) -> int:
    """Make every waiting lead due now (an integration works again); return how many waited."""
    return change(conn, queries["put_back_all"])


def log_exchange(
    conn: AnyConnection,
    lead_id: int,
    method: str,
    request: Mapping[str, Any],
    http_status: int | None = None,
    response: Any = None,
    error: str | None = None,
) -> None:
    """Keep one exchange with the CRM; never pass the secret URL."""
    values = {
        "lead_id": lead_id,
        "method": method,
        "request": Jsonb(dict(request)),
        "http_status": http_status,
        "response": None if response is None else Jsonb(response),
        "error": error,
    }
    change(conn, queries["log_exchange"], values)


def exchanges(conn: AnyConnection, lead_id: int) -> list[Exchange]:
    """Return the exchanges about one lead, in order."""
    return all_of(conn, Exchange, queries["exchanges"], {"lead_id": lead_id})


def try_now(conn: AnyConnection, lead_id: int) -> bool:
    """Make a lead due now, failed or waiting; False when it is delivered or somebody posts it."""
    return change(conn, queries["try_now"], {"lead_id": lead_id}) == 1


def get(conn: AnyConnection, lead_id: int) -> Lead:
    """Return one lead; raises NotFound."""
    found = one_of(conn, Lead, queries["get"], {"lead_id": lead_id})
    if found is None:
        raise NotFound(f"there is no lead {lead_id}")
    return found


def count_by_state(conn: AnyConnection) -> dict[LeadState, int]:
    """Return how many leads are in each state."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        known: dict[str, int] = dict(cursor.execute(queries["count_by_state"]).fetchall())
    return {state: known.get(state.value, 0) for state in LeadState}


def list_page(
    conn: AnyConnection,
    campaign_id: int | None = None,
    state: LeadState | None = None,
    page: int = 1,
    per_page: int = 50,
) -> tuple[list[Lead], int]:
    """Return one page (from 1) of leads, newest first, and how many there are in all."""
    values = {"campaign_id": campaign_id, "state": state, "limit": per_page, "offset": (page - 1) * per_page}
    return all_of(conn, Lead, queries["page"], values), cast(int, value_of(conn, queries["count"], values))
