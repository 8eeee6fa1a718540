"""Leads: the outbox to the CRM, exactly one row for each interested attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from db.sql import AnyConnection


class LeadState(StrEnum):
    """Where a lead is. The SQL type `lead_state` has the same members."""

    PENDING = "pending"
    """Owed to the CRM."""
    DELIVERED = "delivered"
    """The CRM has it; external_id is its id there."""
    FAILED = "failed"
    """The CRM refuses it for good; last_error says why."""


@dataclass(frozen=True, slots=True)
class LeadToPost:
    """One lead as the CRM needs it. is_ambiguous: an earlier post may have arrived, look it up first.

    mapping: the campaign's crm_mapping. tries: posts so far, this one included.
    """

    lead_id: int
    attempt_id: str
    campaign_id: int
    campaign_name: str
    phone: str
    name: str
    extra: dict[str, Any]
    digits: str
    is_ambiguous: bool
    tries: int
    mapping: dict[str, Any]
    created_at: datetime


def claim_due(conn: AnyConnection, limit: int, hold_s: float) -> list[LeadToPost]:
    """Take up to `limit` due leads for `hold_s` seconds; commit before posting."""
    raise NotImplementedError


def claim_one(conn: AnyConnection, attempt_id: str, hold_s: float) -> LeadToPost | None:
    """Take the lead of this attempt if it is due and nobody holds it."""
    raise NotImplementedError


def delivered(conn: AnyConnection, lead_id: int, external_id: str) -> bool:
    """Record that the CRM has it; False when that was known."""
    raise NotImplementedError


def retry_later(conn: AnyConnection, lead_id: int, at: datetime, error: str, ambiguous: bool = False) -> None:  # noqa: FBT001
    """Put it back until `at`. ambiguous: the post may have arrived."""
    raise NotImplementedError


def failed(conn: AnyConnection, lead_id: int, error: str) -> None:
    """Record that the CRM refuses this lead for good."""
    raise NotImplementedError


def log_exchange(
    conn: AnyConnection,
    lead_id: int,
    method: str,
    request: Mapping[str, Any],
    http_status: int | None = None,
    response: Any = None,
    error: str | None = None,
) -> None:
    """Keep one exchange with the CRM; never pass the secret URL."""
    raise NotImplementedError
