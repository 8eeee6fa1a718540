"""Numbers that are never to be called: whoever is listed leaves every campaign's queue at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from psycopg.rows import tuple_row

from db.sql import AnyConnection, all_of, change, column_of, joined, load, one_of, rows_as, value_of

queries = load("blacklist")

FETCH_ROWS = 2000


class BlacklistReason(StrEnum):
    """Why a number is listed. The SQL type `blacklist_reason` has the same members."""

    CUSTOMER_REQUEST = "customer_request"
    """The person asked for it, by key press or otherwise."""
    COMPLAINT = "complaint"
    """The person complained."""
    LEGAL = "legal"
    """A court, a regulator or a lawyer says so."""
    DO_NOT_CALL_REGISTRY = "do_not_call_registry"
    """It is in a public registry."""
    WRONG_NUMBER = "wrong_number"
    """It belongs to somebody else."""
    TECHNICAL = "technical"
    """A fax, a modem, a switchboard."""
    FRAUD = "fraud"
    """Calling it costs money."""
    VIP = "vip"
    """To be called by a person only."""
    OTHER = "other"
    """The note says why."""


@dataclass(frozen=True, slots=True)
class BlacklistEntry:
    """attempt_id: the call in which the callee opted out. expires_at None: for good."""

    id: int
    phone: str
    reason: BlacklistReason
    note: str
    attempt_id: str | None
    created_at: datetime
    expires_at: datetime | None


def add(
    conn: AnyConnection,
    phone: str,
    reason: BlacklistReason,
    note: str = "",
    attempt_id: str | None = None,
    expires_at: datetime | None = None,
) -> int:
    """List a number (E.164) and block its queued contacts in every campaign; return how many were blocked.

    A number that is listed for good keeps its entry.
    """
    values = {
        "phone": phone,
        "reason": reason,
        "note": note,
        "attempt_id": attempt_id,
        "expires_at": expires_at,
    }
    with joined(conn):
        waiting = cast(int, value_of(conn, queries["waiting"], values))
        change(conn, queries["add"], values)
        return waiting - cast(int, value_of(conn, queries["waiting"], values))


def add_many(conn: AnyConnection, phones: Sequence[str], reason: BlacklistReason, note: str = "") -> list[str]:
    """List numbers (E.164) for good and block their queued contacts; return those that were not listed for good yet."""
    with joined(conn):
        return column_of(conn, queries["add_many"], {"phones": list(phones), "reason": reason, "note": note})


def every(conn: AnyConnection) -> Iterator[BlacklistEntry]:
    """Yield all entries by number, holding no more than 2,000 of them in memory; needs a transaction under way."""
    with conn.cursor("blacklist", row_factory=rows_as(BlacklistEntry)) as cursor:
        cursor.itersize = FETCH_ROWS
        yield from cursor.execute(queries["every"])


def by_reason(conn: AnyConnection) -> dict[BlacklistReason, int]:
    """Count the entries that count today by reason, most frequent first."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return {BlacklistReason(name): count for name, count in cursor.execute(queries["by_reason"])}


def remove(conn: AnyConnection, phone: str) -> bool:
    """Take a number off the list; False when it was not on it. Contacts blocked meanwhile stay blocked."""
    return change(conn, queries["remove"], {"phone": phone}) == 1


def find(conn: AnyConnection, phone: str) -> BlacklistEntry | None:
    """Return the number's entry if it counts today."""
    return one_of(conn, BlacklistEntry, queries["find"], {"phone": phone})


def list_page(
    conn: AnyConnection, search: str = "", page: int = 1, per_page: int = 50
) -> tuple[list[BlacklistEntry], int]:
    """Return one page (from 1) of the entries whose number contains `search`, newest first, and how many there are."""
    values = {"search": search, "limit": per_page, "offset": (page - 1) * per_page}
    found = all_of(conn, BlacklistEntry, queries["page"], values)
    return found, cast(int, value_of(conn, queries["count"], values))
