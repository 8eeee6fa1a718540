"""Imports numbers into a blacklist: whoever waits with one of them leaves the queue with the import's commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db import imports
from db.blacklist import BlacklistReason
from db.errors import NotFound
from db.import_run import Batch, Run, copied
from db.sql import AnyConnection, value_of
from dialer.contact import ImportReject
from dialer.errors import InvalidNumber
from dialer.phone import normalise

queries = imports.queries

LONGEST_NOTE = 500
NULL = "\\N"


@dataclass(frozen=True, slots=True)
class EntryMapping:
    """Which column (from 0) holds what. default_reason: of rows whose reason is none of ours.

    words: how else reasons may be written in the file, in lower case.
    """

    phone: int
    reason: int | None
    note: int | None
    expires_at: int | None
    default_reason: BlacklistReason
    default_country: str
    words: Mapping[str, str]


class EntryRun(Run):
    """An import of entries."""

    action = "blacklist.imported"
    stage, copy, add, empty = (
        queries[name] for name in ("stage_entries", "copy_entries", "add_entries", "empty_entries")
    )

    def __init__(self, conn: AnyConnection, aside: AnyConnection, import_id: int, mapping: EntryMapping) -> None:
        super().__init__(conn, aside, import_id)
        self._mapping = mapping
        self._blacklist_id = 0
        self._reasons = {str(reason): str(reason) for reason in BlacklistReason} | dict(mapping.words)

    def begin(self) -> tuple[str, int]:
        """Lock the list so that nobody deletes it."""
        blacklist_id = value_of(self.conn, queries["list"], {"import_id": self.import_id})
        if blacklist_id is None:
            raise NotFound(f"import {self.import_id} is none into a blacklist")
        self._blacklist_id = blacklist_id
        return "blacklist", blacklist_id

    def sort(self, batch: Batch, row_number: int, cells: list[str], _columns: Sequence[str]) -> None:
        """Judge a row by itself."""
        mapping = self._mapping
        raw = _cell(cells, mapping.phone)
        if not raw:
            batch.rejected[row_number] = (ImportReject.MALFORMED, "the cell of the phone number is empty")
            return
        try:
            phone = normalise(raw, mapping.default_country).e164
        except InvalidNumber as error:
            batch.rejected[row_number] = (ImportReject.INVALID_NUMBER, str(error))
            return
        until = _cell(cells, mapping.expires_at)
        try:
            expires_at = datetime.fromisoformat(until).isoformat() if until else NULL
        except ValueError:
            batch.rejected[row_number] = (ImportReject.MALFORMED, f"{until!r} is no date as 2026-12-31")
            return
        reason = self._reasons.get(_cell(cells, mapping.reason).lower(), str(mapping.default_reason))
        batch.stage(row_number, phone, reason, copied(_cell(cells, mapping.note)[:LONGEST_NOTE]), expires_at)

    def values(self) -> dict[str, Any]:
        """Return the parameters of `add`."""
        return {"import_id": self.import_id, "blacklist_id": self._blacklist_id}


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""
