"""Contact files become contacts: all rows in one transaction, and every row that did not is listed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from db.sql import AnyConnection
from dialer.contact import ImportReject
from dialer.contact_file import ContactTable
from dialer.contact_import import ColumnMapping


class ImportState(StrEnum):
    """Where an import is. The SQL type `import_state` has the same members."""

    RUNNING = "running"
    """Its transaction is open."""
    DONE = "done"
    """All its rows are contacts or rejects."""
    FAILED = "failed"
    """It left nothing behind but its error."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file's rows: rows_total = accepted + invalid_number + duplicate + blacklisted + malformed."""

    import_id: int
    rows_total: int
    accepted: int
    invalid_number: int
    duplicate: int
    blacklisted: int
    malformed: int


@dataclass(frozen=True, slots=True)
class ContactImport:
    """One import as it is stored."""

    id: int
    campaign_id: int
    file_name: str
    state: ImportState
    rows_total: int
    accepted: int
    invalid_number: int
    duplicate: int
    blacklisted: int
    malformed: int
    error: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that became no contact. row_number: in the file, its first row is 1."""

    row_number: int
    reason: ImportReject
    detail: str
    cells: list[Any]


def import_contacts(
    conn: AnyConnection,
    campaign_id: int,
    table: ContactTable,
    mapping: ColumnMapping,
    file_name: str,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Import every row of `table`, or none when anything fails. on_progress gets the rows read so far.

    Raises IllegalMove when the campaign is completed or archived, NotFound.
    """
    raise NotImplementedError


def record_failure(conn: AnyConnection, campaign_id: int, file_name: str, error: str) -> int:
    """Keep the trace of an import that failed (its own transaction is gone); return its id."""
    raise NotImplementedError


def list_for(conn: AnyConnection, campaign_id: int) -> list[ContactImport]:
    """Return the campaign's imports, newest first."""
    raise NotImplementedError


def rejects(conn: AnyConnection, import_id: int) -> list[Reject]:
    """Return the rows that became no contact, in the file's order."""
    raise NotImplementedError
