"""Runs a contact import: one transaction, batch after batch, while the next rows are read; every reject is listed."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from json.encoder import encode_basestring
from typing import Any

from psycopg import Cursor
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from db import audit, campaigns, imports
from db.ahead import ahead
from db.claims import judging, rule_values
from db.errors import NotFound
from db.imports import RUNNING_SPACE, ImportReport
from db.sql import AnyConnection, change, column_of, one_of, value_of
from dialer.campaign import CampaignState
from dialer.contact import ImportReject
from dialer.contact_file import ContactTable
from dialer.contact_import import Accepted, ColumnMapping, sort_row
from dialer.errors import IllegalMove, ImportCancelled

queries = imports.queries

TURN_SPACE = 0x1A9047
"""First half of the advisory lock that lets a campaign's imports take turns; the second is the campaign."""
BATCH_ROWS = 10_000
LOOK_S = 0.2
CLOSED = frozenset({CampaignState.COMPLETED, CampaignState.ARCHIVED})
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
"""What COPY's text format writes otherwise."""


@dataclass(frozen=True, slots=True)
class Target:
    """The campaign that is imported into, as far as its rows need it."""

    campaign_id: int
    state: CampaignState
    default_country: str
    time_zone: str
    file_name: str
    started_by: int | None


@dataclass(slots=True)
class Batch:
    """Some rows of the file, judged as far as a row tells by itself.

    staged: lines for COPY. new_zones: sets that no batch had before. cells: of every row, by its number. repeats: row →
    the row of this batch that has its number. rejected: row → reason and detail.
    """

    staged: list[str] = field(default_factory=list)
    new_zones: list[tuple[str, ...]] = field(default_factory=list)
    cells: dict[int, list[str]] = field(default_factory=dict)
    repeats: dict[int, int] = field(default_factory=dict)
    rejected: dict[int, tuple[str, str]] = field(default_factory=dict)

    def refuse_repeats(self) -> None:
        """Reject each repeat as its first row was, or because of it."""
        for row_number, first in self.repeats.items():
            self.rejected[row_number] = self.rejected.get(first) or (
                ImportReject.DUPLICATE,
                f"row {first} has the same number",
            )


def import_contacts(
    conn: AnyConnection,
    aside: AnyConnection,
    campaign_id: int,
    table: ContactTable,
    mapping: ColumnMapping,
    file_name: str,
) -> ImportReport:
    """Announce and run an import, see `run`."""
    return run(conn, aside, imports.start(aside, campaign_id, file_name, table.total), table, mapping)


def run(
    conn: AnyConnection, aside: AnyConnection, import_id: int, table: ContactTable, mapping: ColumnMapping
) -> ImportReport:
    """Import every row of `table`, or none: whatever fails, also this process, leaves no contact and no reject.

    conn: idle, its transaction holds all contacts until it ends. aside: in autocommit, tells others how far it is.
    Raises IllegalMove when the campaign is completed or archived, ImportCancelled, InvalidContactFile; the failure has
    been recorded then.
    """
    try:
        return _Run(conn, aside, import_id, mapping).all_of(table)
    except BaseException as error:
        imports.record_failure(aside, import_id, f"{type(error).__name__}: {error}"[:500])
        raise


class _Run:
    """One run, with what it counts and the zone sets it has met."""

    def __init__(self, conn: AnyConnection, aside: AnyConnection, import_id: int, mapping: ColumnMapping) -> None:
        self._conn, self._aside, self._import_id, self._mapping = conn, aside, import_id, mapping
        self._rows, self._accepted = 0, 0
        self._rejected: Counter[str] = Counter()
        self._zone_places: dict[tuple[str, ...], int] = {}
        self._zone_set_ids: list[int] = []
        self._rules: dict[str, Any] = {}

    def all_of(self, table: ContactTable) -> ImportReport:
        with self._conn.transaction(), self._conn.cursor(row_factory=tuple_row) as cursor:
            target = self._begin(cursor)
            for batch in ahead(self._batches(table, target)):
                self._add(cursor, batch, target)
                self._tell()
            _refuse_closed(CampaignState(value_of(self._conn, queries["still_open"], self._values(target))))
            if change(self._conn, queries["finish"], self._progress()) != 1:
                raise ImportCancelled("somebody cancelled the import at its end")
            about = {"file": target.file_name, "accepted": self._accepted, "rows": self._rows}
            audit.record(self._conn, target.started_by, "contacts.imported", "campaign", target.campaign_id, about)
        rejected = {ImportReject(reason): count for reason, count in self._rejected.items()}
        return ImportReport(self._import_id, self._rows, self._accepted, rejected)

    def _begin(self, cursor: Cursor[Any]) -> Target:
        cursor.execute(queries["hold"], {"running_space": RUNNING_SPACE, "import_id": self._import_id})
        target = one_of(self._conn, Target, queries["campaign"], {"import_id": self._import_id})
        if target is None:
            raise NotFound(f"there is no import {self._import_id}")
        _refuse_closed(target.state)
        while not value_of(
            self._conn, queries["take_turn"], {"turn_space": TURN_SPACE, "campaign_id": target.campaign_id}
        ):
            self._tell()
            time.sleep(LOOK_S)
        cursor.execute(queries["stage"])
        self._rules = rule_values(campaigns.dialing(self._conn, target.campaign_id), [], datetime.now(UTC))
        change(self._aside, queries["began"], {"import_id": self._import_id})
        return target

    def _batches(self, table: ContactTable, target: Target) -> Iterator[Batch]:
        """Judge the rows, ten thousand at a time; runs in a thread of its own and touches no connection."""
        rows = enumerate(table.rows, table.first_row)
        while some := list(islice(rows, BATCH_ROWS)):
            batch, firsts = Batch(), dict[str, int]()
            for row_number, cells in some:
                if cells:
                    self._sort(batch, firsts, row_number, cells, table.columns, target)
            yield batch

    def _sort(
        self,
        batch: Batch,
        firsts: dict[str, int],
        row_number: int,
        cells: list[str],
        columns: Sequence[str],
        target: Target,
    ) -> None:
        if any("\x00" in cell for cell in cells):  # which PostgreSQL stores nowhere
            cells = [cell.replace("\x00", "") for cell in cells]
        batch.cells[row_number] = cells
        row = sort_row(cells, columns, self._mapping, target.default_country, target.time_zone)
        if not isinstance(row, Accepted):
            batch.rejected[row_number] = (row.reason, row.detail)
            return
        first = firsts.setdefault(row.phone, row_number)
        if first != row_number:
            batch.repeats[row_number] = first
            return
        place = self._zone_places.get(row.zones)
        if place is None:
            place = self._zone_places[row.zones] = len(self._zone_places) + 1
            batch.new_zones.append(row.zones)
        extra = ",".join(f"{encode_basestring(key)}:{encode_basestring(text)}" for key, text in row.extra.items())
        consent = "\\N\t\\N\t\\N"
        if row.consent:
            source = row.consent.source or target.file_name
            consent = f"{_copied(row.consent.basis)}\t{row.consent.at.isoformat()}\t{_copied(source)}"
        line = f"{row_number}\t{row.phone}\t{_copied(row.name)}\t{place}\t{{{_copied(extra)}}}\t{consent}\n"
        batch.staged.append(line)

    def _add(self, cursor: Cursor[Any], batch: Batch, target: Target) -> None:
        """Make contacts of a batch, and list what became none."""
        if batch.staged:
            self._know_zone_sets(batch.new_zones)
            with cursor.copy(queries["copy"]) as copy:
                copy.write("".join(batch.staged))
            for row_number, reason, detail in cursor.execute(judging(queries["add_contacts"]), self._values(target)):
                batch.rejected[row_number] = (reason, detail)
            cursor.execute(queries["empty"])
        batch.refuse_repeats()
        if batch.rejected:
            with cursor.copy(queries["copy_rejects"]) as copy:
                copy.write("".join(self._reject_lines(batch)))
        self._rows += len(batch.cells)
        self._accepted += len(batch.cells) - len(batch.rejected)
        self._rejected.update(reason for reason, _detail in batch.rejected.values())

    def _know_zone_sets(self, new: list[tuple[str, ...]]) -> None:
        """Get the ids of sets met for the first time. Committed at once: no other import waits for this one's."""
        if new:
            zone_sets = Jsonb([list(zones) for zones in new])
            self._zone_set_ids += column_of(self._aside, queries["know_zone_sets"], {"zone_sets": zone_sets})

    def _reject_lines(self, batch: Batch) -> Iterator[str]:
        for row_number in sorted(batch.rejected):
            reason, detail = batch.rejected[row_number]
            cells = ",".join(map(encode_basestring, batch.cells[row_number]))
            yield f"{self._import_id}\t{row_number}\t{reason}\t{_copied(detail)}\t[{_copied(cells)}]\n"

    def _tell(self) -> None:
        """Tell others how far it is; raises ImportCancelled when it is not wanted any more."""
        if not value_of(self._aside, queries["progress"], self._progress()):
            raise ImportCancelled("somebody cancelled the import")

    def _values(self, target: Target) -> dict[str, Any]:
        return self._rules | {
            "import_id": self._import_id,
            "campaign_id": target.campaign_id,
            "zone_set_ids": self._zone_set_ids,
        }

    def _progress(self) -> dict[str, Any]:
        return {
            "import_id": self._import_id,
            "rows_total": self._rows,
            "accepted": self._accepted,
            "rejected": Jsonb(self._rejected),
        }


def _copied(text: str) -> str:
    return text.translate(ESCAPES) if SPECIAL.search(text) else text


def _refuse_closed(state: CampaignState) -> None:
    if state in CLOSED:
        raise IllegalMove(f"a campaign that is {state} takes no more contacts; clone it")
