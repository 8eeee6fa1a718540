"""Numbers that are not to be called: whoever is listed leaves the queues of the list's campaigns at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString, cast

from psycopg.rows import tuple_row

from db.sql import AnyConnection, all_of, change, column_of, joined, load, one_of, rows_as, value_of

queries = load("blacklist")

FETCH_ROWS = 2000
GENERAL = 1
"""The list for every campaign that always exists; whoever opts out in a call lands on it."""


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
    """attempt_id: the call in which the callee opted out. expires_at None: for good.

    added_by: an e-mail address, None when the callee or the system did it. hits: contacts it kept from being called.
    """

    id: int
    phone: str
    blacklist_id: int
    list_name: str
    reason: BlacklistReason
    note: str
    attempt_id: str | None
    created_at: datetime
    expires_at: datetime | None
    added_by: str | None
    hits: int
    last_hit_at: datetime | None

    def counts_at(self, now: datetime) -> bool:
        """Whether it has not expired at `now`."""
        return self.expires_at is None or self.expires_at > now


class ChangeAction(StrEnum):
    """What became of an entry."""

    ADDED = "added"
    """It came onto its list."""
    CHANGED = "changed"
    """It got another reason, note or end."""
    REMOVED = "removed"
    """It left its list."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an entry. user_email None: the callee or the system."""

    at: datetime
    action: ChangeAction
    list_name: str
    reason: BlacklistReason
    note: str
    expires_at: datetime | None
    attempt_id: str | None
    user_email: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Block:
    """A contact that a rule kept from being called. reason: as `blacklist: legal`; list_name: None for other rules."""

    id: int
    at: datetime
    campaign_id: int
    contact_id: int
    phone: str
    reason: str
    list_name: str | None


def told_by(conn: AnyConnection, user_id: int | None, why: str = "") -> None:
    """Say who changes entries in this transaction, and why."""
    conn.execute(queries["by"], {"user_id": user_id, "why": why})


def add(
    conn: AnyConnection,
    phone: str,
    reason: BlacklistReason,
    note: str = "",
    attempt_id: str | None = None,
    expires_at: datetime | None = None,
    blacklist_id: int = GENERAL,
    user_id: int | None = None,
) -> int:
    """List a number (E.164) and block its queued contacts in the list's campaigns; return how many were blocked.

    A number that is listed for good keeps its entry.
    """
    values = {
        "phone": phone,
        "blacklist_id": blacklist_id,
        "reason": reason,
        "note": note,
        "attempt_id": attempt_id,
        "expires_at": expires_at,
        "user_id": user_id,
    }
    with joined(conn):
        told_by(conn, user_id)
        waiting = cast(int, value_of(conn, queries["waiting"], values))
        change(conn, queries["add"], values)
        return waiting - cast(int, value_of(conn, queries["waiting"], values))


def add_many(
    conn: AnyConnection,
    phones: Sequence[str],
    reason: BlacklistReason,
    note: str = "",
    blacklist_id: int = GENERAL,
    user_id: int | None = None,
    expires_at: datetime | None = None,
) -> list[str]:
    """List numbers (E.164) and block their queued contacts; return those that were not listed for as long yet."""
    values = {
        "phones": list(phones),
        "blacklist_id": blacklist_id,
        "reason": reason,
        "note": note,
        "expires_at": expires_at,
        "user_id": user_id,
    }
    with joined(conn):
        told_by(conn, user_id)
        return column_of(conn, queries["add_many"], values)


def edit(
    conn: AnyConnection,
    entry_id: int,
    reason: BlacklistReason,
    note: str,
    expires_at: datetime | None,
    user_id: int | None,
    why: str,
) -> bool:
    """Change an entry; False when there is none. Contacts blocked meanwhile stay blocked."""
    values = {"entry_id": entry_id, "reason": reason, "note": note, "expires_at": expires_at}
    with joined(conn):
        told_by(conn, user_id, why)
        return change(conn, queries["edit"], values) == 1


def remove(
    conn: AnyConnection, phones: Sequence[str], why: str, blacklist_id: int = GENERAL, user_id: int | None = None
) -> list[str]:
    """Take numbers off a list and return those that were on it. Contacts blocked meanwhile stay blocked.

    The database refuses it without a reason (psycopg.errors.CheckViolation).
    """
    with joined(conn):
        told_by(conn, user_id, why)
        return column_of(conn, queries["remove"], {"phones": list(phones), "blacklist_id": blacklist_id})


def check(conn: AnyConnection, phone: str) -> list[BlacklistEntry]:
    """Return the number's entries in all lists, the ones that count today first."""
    return all_of(conn, BlacklistEntry, queries["entries"] + queries["of_phone"], {"phone": phone})


def find(conn: AnyConnection, phone: str) -> BlacklistEntry | None:
    """Return the number's first entry of any list if it counts today."""
    found = check(conn, phone)
    now = cast(datetime, value_of(conn, "SELECT now()"))
    return found[0] if found and found[0].counts_at(now) else None


def get(conn: AnyConnection, entry_id: int) -> BlacklistEntry | None:
    """Return an entry."""
    return one_of(conn, BlacklistEntry, queries["entries"] + queries["of_id"], {"entry_id": entry_id})


def history(conn: AnyConnection, phone: str, limit: int = 100) -> list[Change]:
    """Return what became of a number's entries, newest first."""
    return all_of(conn, Change, queries["history"], {"phone": phone, "limit": limit})


def every(conn: AnyConnection, blacklist_id: int | None = None) -> Iterator[BlacklistEntry]:
    """Yield a list's entries, or all, by number; holds no more than 2,000 of them, needs a transaction under way."""
    query: LiteralString = queries["entries"] + queries["of_list"]
    with conn.cursor("blacklist", row_factory=rows_as(BlacklistEntry)) as cursor:
        cursor.itersize = FETCH_ROWS
        yield from cursor.execute(query, {"blacklist_id": blacklist_id})


def by_reason(conn: AnyConnection) -> dict[BlacklistReason, int]:
    """Count the entries that count today by reason, most frequent first."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return {BlacklistReason(name): count for name, count in cursor.execute(queries["by_reason"])}


def by_month(conn: AnyConnection, months: int = 12) -> dict[str, int]:
    """Count the entries that came in each of the last months, as `2026-11`, oldest first."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(queries["by_month"], {"months": months}).fetchall())


def list_page(
    conn: AnyConnection,
    search: str = "",
    page: int = 1,
    per_page: int = 50,
    blacklist_id: int | None = None,
    reason: BlacklistReason | None = None,
) -> tuple[list[BlacklistEntry], int]:
    """Return one page (from 1) of the entries whose number contains `search`, newest first, and how many there are."""
    values = {
        "search": search,
        "blacklist_id": blacklist_id,
        "reason": reason,
        "limit": per_page,
        "offset": (page - 1) * per_page,
    }
    found = all_of(conn, BlacklistEntry, queries["entries"] + queries["found"] + queries["page"], values)
    return found, cast(int, value_of(conn, queries["count"] + queries["found"], values))


def take_blocks(conn: AnyConnection, limit: int = 500) -> list[Block]:
    """Return contacts that were blocked since the last look, oldest first, each once; their entries count the hits."""
    return all_of(conn, Block, queries["announce"], {"limit": limit})
