"""The audit log: who changed what, written in the transaction of the change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from db import records
from db.sql import AnyConnection, change, load

queries = load("audit")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. user_id None: the system itself."""

    id: int
    at: datetime
    user_id: int | None
    user_email: str | None
    action: str
    entity_type: str
    entity_id: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which changes; None and '' mean any. by_system: those that no user made.

    since, until: days of UTC, both included.
    """

    user_id: int | None = None
    by_system: bool = False
    action: str | None = None
    entity_id: str = ""
    since: date | None = None
    until: date | None = None


def record(
    conn: AnyConnection,
    user_id: int | None,
    action: str,
    entity_type: str,
    entity_id: int | str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one line: action as `campaign.started`; details without secrets."""
    values = {
        "user_id": user_id,
        "action": action,
        "entity_type": entity_type,
        "entity_id": str(entity_id),
        "details": Jsonb(dict(details or {})),
    }
    change(conn, queries["record"], values)


def record_many(
    conn: AnyConnection,
    user_id: int | None,
    action: str,
    entity_type: str,
    entity_ids: Sequence[str],
    details: Mapping[str, Any],
) -> None:
    """Write a line for each of many things that were changed alike."""
    values = {
        "user_id": user_id,
        "action": action,
        "entity_type": entity_type,
        "entity_ids": list(entity_ids),
        "details": Jsonb(dict(details)),
    }
    change(conn, queries["record_many"], values)


def found(conn: AnyConnection, chosen: AuditFilter, before: int | None, limit: int) -> list[AuditEntry]:
    """Return up to `limit` entries, newest first; `before`: only those older than the entry with this id."""
    return records.newest(conn, AuditEntry, queries["entries"], asdict(chosen), before, limit)


def every(conn: AnyConnection, chosen: AuditFilter) -> Iterator[AuditEntry]:
    """Yield the entries, oldest first; needs a transaction under way."""
    return records.every(conn, AuditEntry, queries["entries"], asdict(chosen))
