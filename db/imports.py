"""Imports as everybody sees them: started, watched, cancelled, ended; db.import_run does the work."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from db.errors import NotFound
from db.sql import AnyConnection, all_of, change, column_of, load, one_of, rows_as, value_of
from dialer.contact import ImportReject

queries = load("imports")

RUNNING_SPACE = 0x1A9048
"""First half of the advisory lock that an import's process holds; the second is the import."""
UNSEEN_S = 15.0
"""A process that starts may take so long before it holds its lock."""
FETCH_ROWS = 2000

DIED = "its process ended"


class ImportState(StrEnum):
    """Where an import is. The SQL type `import_state` has the same members."""

    RUNNING = "running"
    """It waits for its turn or reads its rows."""
    DONE = "done"
    """All its rows are contacts or rejects."""
    FAILED = "failed"
    """It left nothing behind but its error."""
    CANCELLED = "cancelled"
    """Somebody stopped it; it left nothing behind."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file's rows: rows_total is accepted and all of `rejected` together."""

    import_id: int
    rows_total: int
    accepted: int
    rejected: Mapping[ImportReject, int]


@dataclass(frozen=True, slots=True)
class ContactImport:
    """One import as it is stored, into a campaign or a blacklist.

    While it runs, rows_total and the counts are what has been read so far.

    rows_expected: as far as can be told before they are read. began_at: None while it waits for the campaign's other
    imports. cancelled_at: somebody asked it to stop. now: the database's clock. is_fill: it takes contacts of other
    campaigns, not a file's rows; file_name holds their names then.
    """

    id: int
    campaign_id: int | None
    blacklist_id: int | None
    file_name: str
    state: ImportState
    rows_expected: int
    rows_total: int
    accepted: int
    rejected: dict[str, int]
    error: str | None
    created_at: datetime
    began_at: datetime | None
    seen_at: datetime
    cancelled_at: datetime | None
    ended_at: datetime | None
    now: datetime
    is_fill: bool

    @property
    def rows_per_second(self) -> float | None:
        """Return the speed since it began, None before the first rows."""
        if self.began_at is None or not self.rows_total:
            return None
        took_s = ((self.ended_at or self.seen_at) - self.began_at).total_seconds()
        return self.rows_total / took_s if took_s > 0 else None

    @property
    def left_s(self) -> float | None:
        """Return the seconds it may still take at its speed, None when that can't be told."""
        speed = self.rows_per_second
        if self.state is not ImportState.RUNNING or speed is None:
            return None
        return max(self.rows_expected - self.rows_total, 0) / speed


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that became no contact. row_number: in the file, its first row is 1."""

    row_number: int
    reason: ImportReject
    detail: str
    cells: list[Any]


def start(
    conn: AnyConnection, campaign_id: int, file_name: str, rows_expected: int = 0, started_by: int | None = None
) -> int:
    """Announce an import and return its id; commit, then let a process run it. Raises NotFound."""
    values = {
        "campaign_id": campaign_id,
        "file_name": file_name,
        "rows_expected": rows_expected,
        "started_by": started_by,
    }
    import_id = value_of(conn, queries["start"], values)
    if import_id is None:
        raise NotFound(f"there is no campaign {campaign_id}")
    return cast(int, import_id)


def start_entries(
    conn: AnyConnection, blacklist_id: int, file_name: str, rows_expected: int = 0, started_by: int | None = None
) -> int:
    """As `start`, of numbers for a blacklist. Raises NotFound."""
    values = {
        "blacklist_id": blacklist_id,
        "file_name": file_name,
        "rows_expected": rows_expected,
        "started_by": started_by,
    }
    import_id = value_of(conn, queries["start_entries"], values)
    if import_id is None:
        raise NotFound(f"there is no blacklist {blacklist_id}")
    return cast(int, import_id)


def cancel(conn: AnyConnection, import_id: int) -> bool:
    """Ask an import to stop; False when it is over or was asked before."""
    return change(conn, queries["cancel"], {"import_id": import_id}) == 1


def keep_waiting(conn: AnyConnection, import_id: int) -> None:
    """Say that somebody still means to run it, though no process does so yet."""
    change(conn, queries["seen"], {"import_id": import_id})


def record_failure(conn: AnyConnection, import_id: int, error: str) -> bool:
    """Record that an import ended and left nothing: failed, or cancelled if that was asked. False: it was over."""
    return change(conn, queries["end_without"], {"import_id": import_id, "error": error}) == 1


def fail_abandoned(conn: AnyConnection, unseen_s: float = UNSEEN_S) -> list[int]:
    """Record the failure of every import whose process is gone, and return their ids.

    Its contacts went with its transaction; PostgreSQL knows that it is gone, since the lock it held is free.
    """
    failed = []
    for import_id in column_of(conn, queries["abandoned"], {"unseen_s": unseen_s}):
        with conn.transaction():
            values = {"import_id": import_id, "running_space": RUNNING_SPACE}
            if value_of(conn, queries["is_abandoned"], values) and record_failure(conn, import_id, DIED):
                failed.append(import_id)
    return failed


def find(conn: AnyConnection, import_id: int) -> ContactImport:
    """Return an import; raises NotFound."""
    found = one_of(conn, ContactImport, queries["find"], {"import_id": import_id})
    if found is None:
        raise NotFound(f"there is no import {import_id}")
    return found


def list_for(conn: AnyConnection, campaign_id: int) -> list[ContactImport]:
    """Return the campaign's imports, newest first."""
    return all_of(conn, ContactImport, queries["list_for"], {"campaign_id": campaign_id})


def list_for_blacklist(conn: AnyConnection, blacklist_id: int) -> list[ContactImport]:
    """Return the list's imports, newest first."""
    return all_of(conn, ContactImport, queries["list_for_blacklist"], {"blacklist_id": blacklist_id})


def first_rejects(conn: AnyConnection, import_id: int, limit: int) -> list[Reject]:
    """Return the first rows that became no contact, in the file's order."""
    return all_of(conn, Reject, queries["rejects"], {"import_id": import_id, "limit": limit})


def rejects(conn: AnyConnection, import_id: int) -> Iterator[Reject]:
    """Yield all rows that became no contact, in the file's order; holds 2,000 of them, needs a transaction."""
    with conn.cursor("rejects", row_factory=rows_as(Reject)) as cursor:
        cursor.itersize = FETCH_ROWS
        yield from cursor.execute(queries["rejects"], {"import_id": import_id, "limit": None})
