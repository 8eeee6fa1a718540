"""Contact files become contacts: all rows in one transaction, and every row that did not is listed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from psycopg import Cursor
from psycopg.rows import tuple_row

from db.errors import NotFound
from db.sql import AnyConnection, all_of, load, one_of, value_of
from dialer.contact import ImportReject
from dialer.contact_file import ContactTable
from dialer.contact_import import Accepted, ColumnMapping, sort_row
from dialer.errors import IllegalMove

queries = load("imports")

LOCK_SPACE = 0x1A9047
"""First half of the advisory lock's key: imports; the second is the campaign."""
PROGRESS_ROWS = 1000
CLOSED = frozenset({"completed", "archived"})
STEPS = (
    "analyze",
    "reject_duplicates_in_file",
    "reject_duplicates_in_campaign",
    "reject_blacklisted",
    "add_zone_sets",
    "add_contacts",
    "add_rejects",
)
"""What the staged rows go through, in this order."""


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

    Raises IllegalMove when the campaign is completed or archived, NotFound, InvalidContactFile.
    """
    values: dict[str, Any] = {"campaign_id": campaign_id, "file_name": file_name, "space": LOCK_SPACE}
    with conn.transaction(), conn.cursor(row_factory=tuple_row) as cursor:
        campaign = cursor.execute(queries["campaign"], values).fetchone()
        if campaign is None:
            raise NotFound(f"there is no campaign {campaign_id}")
        _check_state(campaign[0])
        cursor.execute(queries["one_at_a_time"], values)
        values["import_id"] = value_of(conn, queries["start"], values)
        cursor.execute(queries["stage"])
        _stage(cursor, table, mapping, campaign[1], campaign[2], on_progress or (lambda _: None))
        for step in STEPS:
            cursor.execute(queries[step], values)
        _check_state(value_of(conn, queries["still_open"], values))
        report = one_of(conn, ImportReport, queries["finish"], values)
        cursor.execute(queries["unstage"])
    assert report is not None  # its row was inserted above
    return report


def _check_state(state: str) -> None:
    if state in CLOSED:
        raise IllegalMove(f"a campaign that is {state} takes no more contacts; clone it")


def _stage(
    cursor: Cursor[Any],
    table: ContactTable,
    mapping: ColumnMapping,
    country: str,
    zone: str,
    on_progress: Callable[[int], None],
) -> None:
    with cursor.copy(queries["copy"]) as copy:
        for count, (row_number, cells) in enumerate(enumerate(table.rows, table.first_row), 1):
            if count % PROGRESS_ROWS == 0:
                on_progress(count)
            if not cells:
                continue
            clean = [cell.replace("\x00", "") for cell in cells]
            row = sort_row(clean, table.columns, mapping, country, zone)
            if isinstance(row, Accepted):
                copy.write_row(
                    (row_number, None, "", row.phone, row.name, list(row.zones), _json(row.extra), _json(clean))
                )
            else:
                copy.write_row((row_number, row.reason.value, row.detail, None, None, None, None, _json(clean)))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def record_failure(conn: AnyConnection, campaign_id: int, file_name: str, error: str) -> int:
    """Keep the trace of an import that failed (its own transaction is gone); return its id."""
    values = {"campaign_id": campaign_id, "file_name": file_name, "error": error}
    return cast(int, value_of(conn, queries["record_failure"], values))


def list_for(conn: AnyConnection, campaign_id: int) -> list[ContactImport]:
    """Return the campaign's imports, newest first."""
    return all_of(conn, ContactImport, queries["list_for"], {"campaign_id": campaign_id})


def rejects(conn: AnyConnection, import_id: int) -> list[Reject]:
    """Return the rows that became no contact, in the file's order."""
    return all_of(conn, Reject, queries["rejects"], {"import_id": import_id})
