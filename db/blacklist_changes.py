"""What became of the blacklists' entries: every change with who made it and why, as the triggers wrote it down."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

from db import records
from db.blacklist import Change, ChangeAction
from db.sql import AnyConnection, load

queries = load("blacklist_changes")

CALLEE = "callee"
"""Stands for the callees, who list themselves by a key press."""
SYSTEM = "system"
"""Stands for everything else that no user did."""


@dataclass(frozen=True, slots=True)
class NumberChange(Change):
    """A change with the number it is about."""

    id: int
    phone: str


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes; None and '' mean any. phone: E.164. who: a user's id as text, CALLEE or SYSTEM.

    since, until: days of UTC, both included.
    """

    phone: str = ""
    action: ChangeAction | None = None
    who: str = ""
    since: date | None = None
    until: date | None = None


def found(conn: AnyConnection, chosen: ChangeFilter, before: int | None, limit: int) -> list[NumberChange]:
    """Return up to `limit` changes, newest first; `before`: only those older than the change with this id."""
    return records.newest(conn, NumberChange, queries["changes"], asdict(chosen), before, limit)


def every(conn: AnyConnection, chosen: ChangeFilter) -> Iterator[NumberChange]:
    """Yield the changes, oldest first; needs a transaction under way."""
    return records.every(conn, NumberChange, queries["changes"], asdict(chosen))
