"""Whether an integration works or is paused, and why."""

from dataclasses import dataclass
from datetime import datetime

from db.sql import AnyConnection, all_of, change, load, value_of

queries = load("integrations")


@dataclass(frozen=True, slots=True)
class IntegrationState:
    """paused_at None: working."""

    kind: str
    paused_at: datetime | None
    paused_reason: str | None


def pause(conn: AnyConnection, kind: str, reason: str) -> bool:
    """Stop deliveries to `kind` ('bitrix24'); False when it was paused already."""
    return change(conn, queries["pause"], {"kind": kind, "reason": reason}) == 1


def resume(conn: AnyConnection, kind: str) -> bool:
    """Let deliveries go on; False when it was not paused."""
    return change(conn, queries["resume"], {"kind": kind}) == 1


def is_paused(conn: AnyConnection, kind: str) -> bool:
    """Say whether deliveries to `kind` are paused."""
    return bool(value_of(conn, queries["is_paused"], {"kind": kind}))


def list_all(conn: AnyConnection) -> list[IntegrationState]:
    """Return every integration."""
    return all_of(conn, IntegrationState, queries["list_all"])
