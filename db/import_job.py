"""What every import has in common: one transaction, its turn, its progress, its end on record."""

import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

from psycopg import Cursor
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from db import audit, imports
from db.errors import NotFound
from db.imports import RUNNING_SPACE, ImportReport
from db.sql import AnyConnection, change, one_of, value_of
from dialer.contact import ImportReject
from dialer.errors import ImportCancelled

queries = imports.queries

TURN_SPACES = {"campaign": 0x1A9047, "blacklist": 0x1A9049}
"""First half of the advisory lock that lets imports into one campaign or list take turns; the second is its id."""
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class About:
    """What is imported for whom."""

    file_name: str
    started_by: int | None


class Job(ABC):
    """One import, with what it counts. conn: idle, its transaction holds all rows until it ends.

    aside: in autocommit, tells others how far it is.
    """

    action: ClassVar[str]
    """For the audit log."""

    def __init__(self, conn: AnyConnection, aside: AnyConnection, import_id: int) -> None:
        self.conn, self.aside, self.import_id = conn, aside, import_id
        self._rows, self._accepted = 0, 0
        self._rejected: Counter[str] = Counter()

    @abstractmethod
    def begin(self) -> tuple[str, int]:
        """Find out and lock what is imported into; return its kind and id. Raises when it takes nothing."""

    @abstractmethod
    def take_over(self, cursor: Cursor[Any]) -> None:
        """Take all rows over in the transaction under way, list those refused, and count both."""

    def before_end(self) -> None:  # noqa: B027 - there may be no reason to
        """Raise when it may not be taken over any more."""

    def details(self) -> dict[str, Any]:
        """Return what else the audit log should know."""
        return {}

    def carry_out(self) -> ImportReport:
        """Import every row, or none: whatever fails, also this process, leaves nothing but its record.

        Raises ImportCancelled, and what `begin`, `take_over` and `before_end` raise.
        """
        try:
            return self._carry_out()
        except BaseException as error:
            imports.record_failure(self.aside, self.import_id, f"{type(error).__name__}: {error}"[:500])
            raise

    def _carry_out(self) -> ImportReport:
        with self.conn.transaction(), self.conn.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(queries["hold"], {"running_space": RUNNING_SPACE, "import_id": self.import_id})
            about = one_of(self.conn, About, queries["about"], {"import_id": self.import_id})
            if about is None:
                raise NotFound(f"there is no import {self.import_id}")
            kind, target_id = self.begin()
            self._take_turn(kind, target_id)
            self.take_over(cursor)
            self.before_end()
            if change(self.conn, queries["finish"], self._progress()) != 1:
                raise ImportCancelled("somebody cancelled the import at its end")
            details = {"file": about.file_name, "accepted": self._accepted, "rows": self._rows, **self.details()}
            audit.record(self.conn, about.started_by, self.action, kind, target_id, details)
        rejected = {ImportReject(reason): count for reason, count in self._rejected.items()}
        return ImportReport(self.import_id, self._rows, self._accepted, rejected)

    def _take_turn(self, kind: str, target_id: int) -> None:
        values = {"turn_space": TURN_SPACES[kind], "target_id": target_id}
        while not value_of(self.conn, queries["take_turn"], values):
            self.tell()
            time.sleep(LOOK_S)
        change(self.aside, queries["began"], {"import_id": self.import_id})

    def count(self, rows: int, rejected: Counter[str]) -> None:
        """Add rows that were read, of which these were refused."""
        self._rows += rows
        self._accepted += rows - rejected.total()
        self._rejected.update(rejected)

    def tell(self) -> None:
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
