"""Results of a campaign: a page of contacts, a contact's attempts, everything as rows for a CSV file."""

import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from psycopg.rows import tuple_row

from db.leads import LeadState
from db.sql import AnyConnection, all_of, load, value_of
from dialer.contact import ContactState
from dialer.outcome import Disposition, Witness

queries = load("results")

EXPORT_COLUMNS = (
    "phone", "name", "contact_state", "contact_disposition", "blocked_reason", "attempt", "claimed_at", "answered_at",
    "ended_at", "disposition", "hangup_cause", "sip_code", "billsec", "digits", "amd_verdict", "gateway", "caller_id",
    "attempt_id", "lead_id",
)  # fmt: skip
FETCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Result:
    """A contact and its last attempt (fields None when it was never dialled)."""

    contact_id: int
    phone: str
    name: str
    extra: dict[str, Any]
    state: ContactState
    disposition: Disposition | None
    attempt_count: int
    due_at: datetime
    blocked_reason: str | None
    concluded_at: datetime | None
    attempt_id: str | None
    claimed_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    hangup_cause: str | None
    sip_code: int | None
    billsec: int | None
    digits: str | None
    amd_verdict: str | None
    gateway: str | None
    lead_state: LeadState | None
    lead_external_id: str | None


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """One attempt as a contact's page shows it."""

    attempt_id: str
    number: int
    gateway: str
    caller_id: str
    claimed_at: datetime
    originated_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    disposition: Disposition | None
    hangup_cause: str | None
    sip_code: int | None
    billsec: int | None
    digits: str
    amd_verdict: str | None
    concluded_by: Witness | None


def list(  # noqa: A001 - reads as results.list at the caller's
    conn: AnyConnection,
    campaign_id: int,
    page: int = 1,
    per_page: int = 50,
    state: ContactState | None = None,
    disposition: Disposition | None = None,
    search: str = "",
) -> tuple[builtins.list[Result], int]:
    """Return one page (from 1) of contacts in the import's order, and how many there are. search: number or name."""
    values = {
        "campaign_id": campaign_id,
        "state": state,
        "disposition": disposition,
        "search": search,
        "limit": per_page,
        "offset": (page - 1) * per_page,
    }
    return all_of(conn, Result, queries["page"], values), cast(int, value_of(conn, queries["count"], values))


def attempts_of(conn: AnyConnection, contact_id: int) -> builtins.list[AttemptResult]:
    """Return every attempt of a contact, in order."""
    return all_of(conn, AttemptResult, queries["attempts"], {"contact_id": contact_id})


def export_rows(conn: AnyConnection, campaign_id: int) -> Iterator[tuple[Any, ...]]:
    """Yield a row of EXPORT_COLUMNS per attempt (one for a contact never dialled), through a server-side cursor."""
    with conn.transaction(), conn.cursor(name="results_export", row_factory=tuple_row) as cursor:
        cursor.itersize = FETCH_ROWS
        yield from cursor.execute(queries["export"], {"campaign_id": campaign_id})
