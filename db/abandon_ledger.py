"""The abandon ledger: people who answered and were abandoned, per campaign over 30 days, with the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from psycopg.rows import tuple_row

from db.sql import AnyConnection, all_of, load
from dialer.abandon import Ledger
from dialer.outcome import Disposition

queries = load("abandon_ledger")

DAYS = 30


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC) of a campaign. answered: by people, abandoned ones too."""

    day: date
    answered: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class Abandoned:
    """One abandoned call. label: who somebody who listened says it was, None: nobody did."""

    attempt_id: str
    phone: str
    gateway: str
    caller_id: str
    claimed_at: datetime
    originated_at: datetime | None
    answered_at: datetime | None
    message_started_at: datetime | None
    ended_at: datetime | None
    billsec: int | None
    disposition: Disposition
    hangup_cause: str | None
    sip_code: int | None
    amd_verdict: str | None
    label: str | None
    labelled_by: str | None
    labelled_at: datetime | None


def of(conn: AnyConnection, campaign_ids: Sequence[int], now: datetime | None = None) -> dict[int, Ledger]:
    """Return the ledger of each campaign (id → ledger); a campaign that nobody answered has an empty one."""
    if not campaign_ids:
        return {}
    values = {"campaign_ids": list(campaign_ids), "now": now or datetime.now(UTC)}
    with conn.cursor(row_factory=tuple_row) as cursor:
        return {row[0]: Ledger(*row[1:]) for row in cursor.execute(queries["ledgers"], values)}


def days(conn: AnyConnection, campaign_id: int, now: datetime) -> list[Day]:
    """Return the days of the last 30 on which anybody answered, oldest first."""
    return all_of(conn, Day, queries["days"], {"campaign_id": campaign_id, "now": now})


def evidence(conn: AnyConnection, campaign_id: int, now: datetime, limit: int) -> list[Abandoned]:
    """Return the abandoned calls of the last 30 days, newest first."""
    return all_of(conn, Abandoned, queries["evidence"], {"campaign_id": campaign_id, "now": now, "limit": limit})
