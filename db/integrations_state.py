"""Whether an integration works or is paused, and why."""

from dataclasses import dataclass
from datetime import datetime

from db.sql import AnyConnection


@dataclass(frozen=True, slots=True)
class IntegrationState:
    """paused_at None: working."""

    kind: str
    paused_at: datetime | None
    paused_reason: str | None


def pause(conn: AnyConnection, kind: str, reason: str) -> bool:
    """Stop deliveries to `kind` ('bitrix24'); False when it was paused already."""
    raise NotImplementedError


def resume(conn: AnyConnection, kind: str) -> bool:
    """Let deliveries go on; False when it was not paused."""
    raise NotImplementedError


def is_paused(conn: AnyConnection, kind: str) -> bool:
    """Say whether deliveries to `kind` are paused."""
    raise NotImplementedError


def list_all(conn: AnyConnection) -> list[IntegrationState]:
    """Return every integration."""
    raise NotImplementedError
