"""Attempts one by one, newest first, as a person reads them: in pages by keyset, filtered, or all for a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from db import sql
from db.leads import LeadState
from db.sql import AnyConnection
from dialer.outcome import Disposition

QUERIES = sql.load("attempt_results")
FETCH_ROWS = 2000


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """One attempt with its contact and its lead. billsec: whole seconds; digits: every key pressed, in order."""

    attempt_id: str
    contact_id: int
    phone: str
    name: str
    number: int
    gateway: str
    caller_id: str
    claimed_at: datetime
    originated_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    concluded_at: datetime | None
    disposition: Disposition | None
    hangup_cause: str | None
    sip_code: int | None
    billsec: int | None
    digits: str
    amd_verdict: str | None
    lead_id: int | None
    lead_state: LeadState | None
    lead_external_id: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: the next one begins after it. claimed_at: aware datetime."""

    claimed_at: datetime
    attempt_id: str


def page(
    conn: AnyConnection, campaign_id: int, disposition: Disposition | None, after: Cursor | None, limit: int
) -> list[AttemptResult]:
    """Return up to `limit` attempts, newest first, that come after `after`; `disposition` None means any."""
    return sql.all_of(
        conn,
        AttemptResult,
        QUERIES["page"],
        {
            "campaign_id": campaign_id,
            "disposition": disposition,
            "claimed_at": after.claimed_at if after else None,
            "attempt_id": after.attempt_id if after else None,
            "limit": limit,
        },
    )


def stream(conn: AnyConnection, campaign_id: int, disposition: Disposition | None) -> Iterator[AttemptResult]:
    """Yield all attempts, newest first, holding no more than 2,000 of them in memory."""
    with conn.cursor("results", row_factory=sql.rows_as(AttemptResult)) as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(
            QUERIES["page"],
            {
                "campaign_id": campaign_id,
                "disposition": disposition,
                "claimed_at": None,
                "attempt_id": None,
                "limit": None,
            },
        )
        yield from cursor
