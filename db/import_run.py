"""Runs an import: one transaction, batch after batch, while the next rows are read; every reject is listed."""

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from json.encoder import encode_basestring
from typing import Any, ClassVar, LiteralString

from psycopg import Cursor

from db import imports
from db.ahead import ahead
from db.import_job import Job
from db.imports import ImportReport
from dialer.contact import ImportReject
from dialer.contact_file import ContactTable

queries = imports.queries

BATCH_ROWS = 10_000
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
"""What COPY's text format writes otherwise."""


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


class Run(Job):
    """An import of a file's rows, batch after batch."""

    stage: ClassVar[LiteralString]
    copy: ClassVar[LiteralString]
    add: ClassVar[LiteralString]
    """The batch's temporary table, what fills it, and what takes its rows over and returns those it refused."""
    empty: ClassVar[LiteralString]
    _table: ContactTable

    @abstractmethod
    def sort(self, batch: Batch, row_number: int, cells: list[str], columns: Sequence[str]) -> None:
        """Judge a row by itself. Runs in a thread of its own and touches no connection."""

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """Return the parameters of `add`."""

    def before_batch(self, batch: Batch) -> None:
        """Look up what `add` needs to know of this batch."""

    def all_of(self, table: ContactTable) -> ImportReport:
        """Import every row of `table`, or none; see `carry_out`. Raises InvalidContactFile too."""
        self._table = table
        return self.carry_out()

    def take_over(self, cursor: Cursor[Any]) -> None:
        """Take the rows over, a batch while the next one is read."""
        cursor.execute(queries["have_room"])
        cursor.execute(self.stage)
        for batch in ahead(self._batches(self._table)):
            self._add(cursor, batch)
            self.tell()

    def _batches(self, table: ContactTable) -> Iterator[Batch]:
        rows = enumerate(table.rows, table.first_row)
        while some := list(islice(rows, BATCH_ROWS)):
            batch = Batch()
            for row_number, cells in some:
                if cells:
                    batch.cells[row_number] = clean = _storable(cells)
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
        self.count(len(batch.cells), Counter(reason for reason, _detail in batch.rejected.values()))

    def _reject_lines(self, batch: Batch) -> Iterator[str]:
        for row_number in sorted(batch.rejected):
            reason, detail = batch.rejected[row_number]
            cells = ",".join(map(encode_basestring, batch.cells[row_number]))
            yield f"{self.import_id}\t{row_number}\t{reason}\t{copied(detail)}\t[{copied(cells)}]\n"


def _storable(cells: list[str]) -> list[str]:
    """Return the cells without zero bytes, which PostgreSQL stores nowhere."""
    return [cell.replace("\x00", "") for cell in cells] if any("\x00" in cell for cell in cells) else cells


def copied(text: str) -> str:
    """Return the text as COPY reads it."""
    return text.translate(ESCAPES) if SPECIAL.search(text) else text
