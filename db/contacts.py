"""Contacts as the panel lists them."""

from dataclasses import dataclass
from datetime import datetime

from db.sql import AnyConnection, all_of, load
from dialer.contact import ContactState
from dialer.outcome import Disposition

queries = load("contacts")


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact. due_at: when it may be called next; disposition: of its last attempt.

    blocked_reason: as `blacklist: complaint`, None unless it is blocked.
    """

    id: int
    phone: str
    name: str
    state: ContactState
    disposition: Disposition | None
    attempt_count: int
    due_at: datetime
    blocked_reason: str | None
    concluded_at: datetime | None


def page(conn: AnyConnection, campaign_id: int, state: ContactState | None, after: int, limit: int) -> list[Contact]:
    """Return up to `limit` contacts with ids above `after`, in order; `state` None means any."""
    values = {"campaign_id": campaign_id, "state": state, "after": after, "limit": limit}
    return all_of(conn, Contact, queries["page"], values)
