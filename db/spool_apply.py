"""What a spooled record means: the same idempotent functions that the call would have used."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from db.sql import AnyConnection
from dialer.disposition import CallFacts
from dialer.outcome import Outcome, Witness


def answered(attempt_id: str, at: datetime) -> tuple[str, dict[str, Any]]:
    """Return (kind, payload) for Spool.write."""
    raise NotImplementedError


def message_started(attempt_id: str, at: datetime) -> tuple[str, dict[str, Any]]:
    """Return (kind, payload) for Spool.write."""
    raise NotImplementedError


def outcome(
    attempt_id: str, decided: Outcome, digits: str, amd_verdict: str | None, at: datetime
) -> tuple[str, dict[str, Any]]:
    """Return (kind, payload) for Spool.write."""
    raise NotImplementedError


def concluded(facts: CallFacts, witness: Witness) -> tuple[str, dict[str, Any]]:
    """Return (kind, payload) for Spool.write."""
    raise NotImplementedError


def apply(conn: AnyConnection, kind: str, payload: Mapping[str, Any]) -> None:
    """Replay one record in a transaction of its own; raises RecordRejected when it can never succeed."""
    raise NotImplementedError
