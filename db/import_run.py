"""Runs an import: one transaction, batch after batch, while the next rows are read; every reject is listed."""

import re
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from json.encoder import encode_basestring
from typing import Any, ClassVar, LiteralString

from psycopg import Cursor
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from db import audit, imports
from db.ahead import ahead
from db.errors import NotFound
from db.imports import RUNNING_SPACE, ImportReport
from db.sql import AnyConnection, change, one_of, value_of
from dialer.contact import ImportReject
from dialer.contact_file import ContactTable
from dialer.errors import ImportCancelled

queries = imports.queries

TURN_SPACES = {"campaign": 0x1A9047, "blacklist": 0x1A9049}
"""First half of the advisory lock that lets imports into one campaign or list take turns; the second is its id."""
BATCH_ROWS = 10_000
LOOK_S = 0.2
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
"""What COPY's text format writes otherwise."""


@dataclass(frozen=True, slots=True)
class About:
    """What is imported for whom."""

    file_name: str
    started_by: int | None


@dataclass(slots=True)
class Batch:
    """Some rows of the file, judged as far as a row tells by itself.

    staged: lines for COPY. cells: of every row, by its number. firsts: number → its first row. repeats: row → the row
    of this batch that has its number. rejected: row → reason and detail. new_zones: sets that no batch had before.
    """

    staged: list[str] = field(default_factory=list)
    cells: dict[int, list[str]] = field(default_factory=dict)
    repeats: dict[int, int] = field(default_factory=dict)
    firsts: dict[str, int] = field(default_factory=dict)
    rejected: dict[int, tuple[str, str]] = field(default_factory=dict)
    new_zones: list[tuple[str, ...]] = field(default_factory=list)

    def stage(self, row_number: int, phone: str, *values: str) -> None:
        """Let a row go on, unless one of this batch has its number."""
        first = self.firsts.setdefault(phone, row_number)
        if first == row_number:
            self.staged.append("\t".join((str(row_number), phone, *values)) + "\n")
        else:
            self.repeats[row_number] = first

    def refuse_repeats(self) -> None:
        """Reject each repeat as its first row was, or because of it."""
        for row_number, first in self.repeats.items():
            self.rejected[row_number] = self.rejected.get(first) or (
                ImportReject.DUPLICATE,
                f"row {first} has the same number",
            )


class Run(ABC):
    """One run, with what it counts. conn: idle, its transaction holds all rows until it ends.

    aside: in autocommit, tells others how far it is.
    """

    action: ClassVar[str]
    """For the audit log."""
    stage: ClassVar[LiteralString]
    copy: ClassVar[LiteralString]
    add: ClassVar[LiteralString]
    """The batch's temporary table, what fills it, and what takes its rows over and returns those it refused."""
    empty: ClassVar[LiteralString]

    def __init__(self, conn: AnyConnection, aside: AnyConnection, import_id: int) -> None:
        self.conn, self.aside, self.import_id = conn, aside, import_id
        self._rows, self._accepted = 0, 0
        self._rejected: Counter[str] = Counter()

    @abstractmethod
    def begin(self) -> tuple[str, int]:
        """Find out and lock what is imported into; return its kind and id. Raises when it takes nothing."""

    @abstractmethod
    def sort(self, batch: Batch, row_number: int, cells: list[str], columns: Sequence[str]) -> None:
        """Judge a row by itself. Runs in a thread of its own and touches no connection."""

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """Return the parameters of `add`."""

    def before_batch(self, batch: Batch) -> None:  # noqa: B027 - there may be nothing to look up
        """Look up what `add` needs to know of this batch."""

    def before_end(self) -> None:  # noqa: B027 - there may be no reason to
        """Raise when it may not be taken over any more."""

    def all_of(self, table: ContactTable) -> ImportReport:
        """Import every row of `table`, or none: whatever fails, also this process, leaves nothing but its record.

        Raises ImportCancelled, InvalidContactFile, and what `begin` and `before_end` raise.
        """
        try:
            return self._all_of(table)
        except BaseException as error:
            imports.record_failure(self.aside, self.import_id, f"{type(error).__name__}: {error}"[:500])
            raise

    def _all_of(self, table: ContactTable) -> ImportReport:
        with self.conn.transaction(), self.conn.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(queries["hold"], {"running_space": RUNNING_SPACE, "import_id": self.import_id})
            about = one_of(self.conn, About, queries["about"], {"import_id": self.import_id})
            if about is None:
                raise NotFound(f"there is no import {self.import_id}")
            kind, target_id = self.begin()
            self._take_turn(kind, target_id)
            cursor.execute(self.stage)
            for batch in ahead(self._batches(table)):
                self._add(cursor, batch)
                self._tell()
            self.before_end()
            if change(self.conn, queries["finish"], self._progress()) != 1:
                raise ImportCancelled("somebody cancelled the import at its end")
            details = {"file": about.file_name, "accepted": self._accepted, "rows": self._rows}
            audit.record(self.conn, about.started_by, self.action, kind, target_id, details)
        rejected = {ImportReject(reason): count for reason, count in self._rejected.items()}
        return ImportReport(self.import_id, self._rows, self._accepted, rejected)

    def _take_turn(self, kind: str, target_id: int) -> None:
        values = {"turn_space": TURN_SPACES[kind], "target_id": target_id}
        while not value_of(self.conn, queries["take_turn"], values):
            self._tell()
            time.sleep(LOOK_S)
        change(self.aside, queries["began"], {"import_id": self.import_id})

    def _batches(self, table: ContactTable) -> Iterator[Batch]:
        rows = enumerate(table.rows, table.first_row)
        while some := list(islice(rows, BATCH_ROWS)):
            batch = Batch()
            for row_number, cells in some:
                if cells:
                    # which PostgreSQL stores nowhere
                    clean = (
                        [cell.replace("\x00", "") for cell in cells] if any("\x00" in cell for cell in cells) else cells
                    )
                    batch.cells[row_number] = clean
                    self.sort(batch, row_number, clean, table.columns)
            yield batch

    def _add(self, cursor: Cursor[Any], batch: Batch) -> None:
        """Take a batch over, and list what it refused."""
        if batch.staged:
            self.before_batch(batch)
            with cursor.copy(self.copy) as copy:
                copy.write("".join(batch.staged))
            for row_number, reason, detail in cursor.execute(self.add, self.values()):
                batch.rejected[row_number] = (reason, detail)
            cursor.execute(self.empty)
        batch.refuse_repeats()
        if batch.rejected:
            with cursor.copy(queries["copy_rejects"]) as copy:
                copy.write("".join(self._reject_lines(batch)))
        self._rows += len(batch.cells)
        self._accepted += len(batch.cells) - len(batch.rejected)
        self._rejected.update(reason for reason, _detail in batch.rejected.values())

    def _reject_lines(self, batch: Batch) -> Iterator[str]:
        for row_number in sorted(batch.rejected):
            reason, detail = batch.rejected[row_number]
            cells = ",".join(map(encode_basestring, batch.cells[row_number]))
            yield f"{self.import_id}\t{row_number}\t{reason}\t{copied(detail)}\t[{copied(cells)}]\n"

    def _tell(self) -> None:
        """Tell others how far it is; raises ImportCancelled when it is not wanted any more."""
        if not value_of(self.aside, queries["progress"], self._progress()):
            raise ImportCancelled("somebody cancelled the import")

    def _progress(self) -> dict[str, Any]:
        return {
            "import_id": self.import_id,
            "rows_total": self._rows,
            "accepted": self._accepted,
            "rejected": Jsonb(self._rejected),
        }


def _storable(cells: list[str]) -> list[str]:
    """Return the cells without zero bytes, which PostgreSQL stores nowhere."""
    return [cell.replace("\x00", "") for cell in cells] if any("\x00" in cell for cell in cells) else cells


def copied(text: str) -> str:
    """Return the text as COPY reads it."""
    return text.translate(ESCAPES) if SPECIAL.search(text) else text
