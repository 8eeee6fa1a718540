"""The audit log: who changed what, written in the transaction of the change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from psycopg.types.json import Jsonb

from db.sql import AnyConnection, all_of, change, load, value_of

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


def list_page(conn: AnyConnection, page: int = 1, per_page: int = 50) -> tuple[list[AuditEntry], int]:
    """Return one page (from 1), newest first, and how many entries there are."""
    found = all_of(conn, AuditEntry, queries["page"], {"limit": per_page, "offset": (page - 1) * per_page})
    return found, cast(int, value_of(conn, queries["count"]))
