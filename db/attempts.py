"""Attempts: what the call itself commits while it goes on, and which are open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.sql import AnyConnection
from dialer.outcome import Outcome


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt without a conclusion. originated_at None: claimed, not yet handed to the wire."""

    attempt_id: str
    campaign_id: int
    contact_id: int
    gateway_id: int
    phone: str
    claimed_at: datetime
    originated_at: datetime | None
    switch_core_uuid: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallContext:
    """What the conversation needs of its attempt, in one read."""

    attempt_id: str
    campaign_id: int
    contact_id: int
    phone: str
    name: str
    extra: dict[str, Any]
    flow_version_id: int
    definition: dict[str, Any]
    is_recording: bool
    is_open: bool


def call_context(conn: AnyConnection, attempt_id: str) -> CallContext | None:
    """Return the attempt with its contact and frozen flow, or None when there is no such attempt."""
    raise NotImplementedError


def mark_answered(conn: AnyConnection, attempt_id: str, at: datetime) -> bool:
    """Record the answer (the first one counts); True when the attempt exists and is still open."""
    raise NotImplementedError


def mark_message_started(conn: AnyConnection, attempt_id: str, at: datetime) -> bool:
    """Record that the first prompt began; True when the attempt exists and is still open."""
    raise NotImplementedError


def record_amd(conn: AnyConnection, attempt_id: str, verdict: str, evidence: dict[str, Any]) -> bool:
    """Record who answered ('human', 'machine', 'fax', 'unsure') and why we think so."""
    raise NotImplementedError


def record_outcome(
    conn: AnyConnection, attempt_id: str, outcome: Outcome, digits: str, amd_verdict: str | None, at: datetime
) -> bool:
    """Record what the conversation decided; False when there is no such attempt.

    The first press wins and nothing takes it back. opted_out blacklists the number in the same transaction.
    An attempt that was concluded by a poorer witness is upgraded (see db.conclusion).
    """
    raise NotImplementedError


def open_attempts(conn: AnyConnection) -> list[OpenAttempt]:
    """Return every attempt without a conclusion, oldest first."""
    raise NotImplementedError


def recent_attempts(conn: AnyConnection, within_s: float = 60.0) -> list[OpenAttempt]:
    """Return what was originated within `within_s`, ended or not: what rates per minute are rebuilt from."""
    raise NotImplementedError
