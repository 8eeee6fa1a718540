"""The audit log: who changed what, written in the same transaction as the change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from db import sql
from db.sql import AnyConnection

QUERIES = sql.load("audit")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. action: noun and past verb (`campaign.started`)."""

    at: datetime
    user_email: str | None
    action: str
    entity_type: str
    entity_id: str
    details: Mapping[str, Any]


def record(
    conn: AnyConnection,
    user_id: int | None,
    action: str,
    entity_type: str,
    entity_id: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one entry; `details` must hold no secret."""
    sql.change(
        conn,
        QUERIES["record"],
        {
            "user_id": user_id,
            "action": action,
            "entity_type": entity_type,
            "entity_id": entity_id,
            "details": Jsonb(dict(details or {})),
        },
    )


def of_entity(conn: AnyConnection, entity_type: str, entity_id: str, limit: int = 20) -> list[AuditEntry]:
    """Return an entity's latest changes, newest first."""
    return sql.all_of(
        conn, AuditEntry, QUERIES["of_entity"], {"entity_type": entity_type, "entity_id": entity_id, "limit": limit}
    )
