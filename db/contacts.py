"""Contacts as the panel lists them."""

from dataclasses import dataclass
from datetime import datetime

from db import claims, dialing
from db.errors import NotFound
from db.sql import AnyConnection, all_of, change, joined, load, one_of
from dialer.contact import ContactState
from dialer.outcome import Disposition

queries = load("contacts")


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact. due_at: when it may be called next; disposition: of its last attempt.

    blocked_reason: as `blacklist: complaint`, None unless it is blocked. callback_at: the time the callee chose.
    consent_…: what was agreed to, when, and where that is on record; all None when nothing is.
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
    callback_at: datetime | None
    consent_basis: str | None
    consent_at: datetime | None
    consent_source: str | None


@dataclass(frozen=True, slots=True)
class Consent:
    """basis: what was agreed to. at: when. source: where that is on record."""

    basis: str
    at: datetime
    source: str


def get(conn: AnyConnection, campaign_id: int, contact_id: int) -> Contact:
    """Return one contact of the campaign; raises NotFound."""
    found = one_of(conn, Contact, queries["get"], {"campaign_id": campaign_id, "contact_id": contact_id})
    if found is None:
        raise NotFound(f"campaign {campaign_id} has no contact {contact_id}")
    return found


def set_consent(conn: AnyConnection, campaign_id: int, contact_id: int, consent: Consent | None) -> None:
    """Put the consent on record, or take it back (None); whoever only lacked it waits again. Raises NotFound."""
    values = {
        "campaign_id": campaign_id,
        "contact_id": contact_id,
        "basis": consent and consent.basis,
        "at": consent and consent.at,
        "source": consent and consent.source,
    }
    with joined(conn):
        if not change(conn, queries["set_consent"], values):
            raise NotFound(f"campaign {campaign_id} has no contact {contact_id}")
        claims.judge_again(conn, dialing.of(conn, campaign_id), contact_id=contact_id)


def page(conn: AnyConnection, campaign_id: int, state: ContactState | None, after: int, limit: int) -> list[Contact]:
    """Return up to `limit` contacts with ids above `after`, in order; `state` None means any."""
    values = {"campaign_id": campaign_id, "state": state, "after": after, "limit": limit}
    return all_of(conn, Contact, queries["page"], values)
