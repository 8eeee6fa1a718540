"""The conclusion of an attempt: one idempotent transaction, whoever brings the facts, however often."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from psycopg.errors import SerializationFailure

from db import blacklist, lent
from db.blacklist import BlacklistReason
from db.conclude_statement import Kind, conclude_query
from db.known_terms import DIALS_AGAIN, Known, KnownTerms, Terms
from db.sql import AnyConnection, joined, load, one_of, row_of, value_of
from dialer.call_flow import parse_flow
from dialer.callback import callback_due
from dialer.calling_hours import CallingHours
from dialer.campaign import CampaignState
from dialer.contact import ContactState
from dialer.disposition import CallFacts, disposition_of, is_upgrade, merged
from dialer.outcome import BY_PEOPLE, Disposition, Outcome, Witness
from dialer.retry import FINAL, RetryBasis, parse_rules

queries = load("conclusion")

SHARDS = 8
LOOKS = 5
"""So often an attempt is looked at without a lock; whoever is overtaken every time then waits for its turn."""
NEEDS_MORE = frozenset({Disposition.CALLBACK_REQUESTED, Disposition.OPTED_OUT})
"""Needs the flow, or the number on a list first: a look at the attempt, whatever is known."""
SAYS_MORE = ("answered_at", "outcome", "digits", "message_started", "recording_path")
"""What is known of a call besides that it has ended."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """How an attempt ended. retry_at: when its contact is due again, None: never.

    lead_id: the lead owed, None when none is. was_upgrade: it had been concluded by a poorer witness before.
    """

    attempt_id: str
    campaign_id: int
    contact_id: int
    gateway_id: int
    phone: str
    disposition: Disposition
    answered_at: datetime | None
    billsec: int
    retry_at: datetime | None
    lead_id: int | None
    was_upgrade: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """The attempt as it is stored, with what the decision needs of its contact and campaign."""

    attempt_id: str
    campaign_id: int
    contact_id: int
    gateway_id: int
    phone: str
    number: int
    answered_at: datetime | None
    message_started_at: datetime | None
    outcome: Outcome | None
    digits: str
    amd_verdict: str | None
    concluded_at: datetime | None
    disposition: Disposition | None
    hangup_cause: str | None
    sip_code: int | None
    billsec: int | None
    ended_at: datetime | None
    recording_path: str | None
    row_version: str
    contact_state: ContactState
    attempt_count: int
    zone_set_id: int
    zones: tuple[str, ...]
    campaign_state: CampaignState
    campaign_version: str
    hours_start: time
    hours_end: time
    weekdays: tuple[int, ...]
    holidays: tuple[date, ...]
    retry_rules: dict[str, Any]
    time_zone: str
    is_by_own_clock: bool

    @property
    def hours(self) -> CallingHours:
        """Return the campaign's calling hours."""
        zone = self.time_zone if self.is_by_own_clock else None
        return CallingHours(self.hours_start, self.hours_end, frozenset(self.weekdays), frozenset(self.holidays), zone)

    @property
    def terms(self) -> Terms:
        """Return on what terms its campaign calls again; raises InvalidRetryRules."""
        rules = parse_rules(self.retry_rules)
        return Terms(self.campaign_version, self.campaign_state, self.hours, rules, self.time_zone)

    def facts(self, ended_at: datetime) -> CallFacts:
        """Return what is written down; `ended_at` stands in while nobody has written down an end."""
        return CallFacts(
            attempt_id=self.attempt_id,
            hangup_cause=self.hangup_cause or "",
            ended_at=self.ended_at or ended_at,
            sip_code=self.sip_code,
            answered_at=self.answered_at,
            billsec=self.billsec or 0,
            digits=self.digits,
            outcome=self.outcome,
            amd_verdict=self.amd_verdict,
            message_started=self.message_started_at is not None,
            recording_path=self.recording_path,
        )


def conclude(
    conn: AnyConnection,
    facts: CallFacts,
    witness: Witness,
    terms: KnownTerms | None = None,
    basis: RetryBasis | None = None,
) -> Concluded | None:
    """Conclude the attempt: disposition, contact, tally, lead. None: it was concluded already, or never existed.

    What the call committed before (its outcome, its answer) counts more than what comes later and knows less.
    Facts that come after the conclusion and know more upgrade it, once (was_upgrade).

    On a connection that commits by itself it is one round trip for whoever knows the campaign's terms and the basis of
    a retry: the attempt is written only where nothing in the database says otherwise. Else it is two: the attempt is
    read without a lock and written only while its row is the one that was read; who is overtaken looks again. terms
    learn from what is read.
    """
    known_ahead = terms.of(basis) if terms and basis else None
    if known_ahead and (concluded := _conclude_unread(conn, facts, witness, known_ahead)):
        return concluded
    for look in range(LOOKS + 1):
        with joined(conn) if look == LOOKS else nullcontext():
            query = queries["subject"] + (queries["locked"] if look == LOOKS else "")
            subject = one_of(conn, Subject, query, {"attempt_id": facts.attempt_id})
            if subject is None:
                return None
            if terms is not None:
                terms.learn(subject.campaign_id, subject.terms, subject.zone_set_id, subject.zones)
            stored = subject.facts(facts.ended_at)
            known = merged(stored, facts)
            before = subject.disposition
            if before is not None and not is_upgrade(before, stored, known):
                return None
            if concluded := _write(conn, subject, known, witness, before):
                return concluded
    raise AssertionError("a locked row was overtaken")


def _conclude_unread(conn: AnyConnection, facts: CallFacts, witness: Witness, known: Known) -> Concluded | None:
    """Write a conclusion that needs no look at the attempt; None: this one does, or it is over."""
    disposition = disposition_of(facts)
    if disposition in NEEDS_MORE:
        return None
    basis = known.basis
    retry_at = known.terms.retry_at(disposition, basis.number, known.zones, facts.attempt_id)
    values = _values(facts, witness, disposition, retry_at, known.terms.time_zone) | {
        "campaign_id": basis.campaign_id,
        "campaign_version": known.terms.version,
        "number": basis.number,
        "zone_set_id": basis.zone_set_id,
    }
    try:
        written = lent.row_of(conn, conclude_query(_kind(values, is_read=False)), values)
    except SerializationFailure:  # the contact is in another zone set by now
        return None
    if not written:
        return None
    return _concluded(written, facts, disposition, retry_at)


def _write(
    conn: AnyConnection, subject: Subject, known: CallFacts, witness: Witness, before: Disposition | None
) -> Concluded | None:
    """Write one conclusion; None: somebody changed the attempt since it was read."""
    disposition = disposition_of(known)
    callback_at = _callback_at(conn, subject, known) if disposition is Disposition.CALLBACK_REQUESTED else None
    retry_at = callback_at or subject.terms.retry_at(disposition, subject.number, subject.zones, subject.attempt_id)
    values = _values(known, witness, disposition, retry_at, subject.time_zone) | {
        "row_version": subject.row_version,
        "callback_at": callback_at,
        "before": before,
        "billsec_before": subject.billsec or 0,
        "answered_before": subject.answered_at,
    }
    query = conclude_query(_kind(values, is_read=True)) if before is None else queries["upgrade"]
    if disposition is Disposition.OPTED_OUT:
        with joined(conn):  # the list first, as everybody who lists a number; an opt-out stands whoever concludes
            blacklist.add(conn, subject.phone, BlacklistReason.CUSTOMER_REQUEST, attempt_id=subject.attempt_id)
            written = row_of(conn, query, values)
    else:
        written = row_of(conn, query, values)
    return _concluded(written, known, disposition, retry_at, before) if written else None


def _kind(values: Mapping[str, Any], *, is_read: bool) -> Kind:
    return Kind(
        is_read=is_read,
        by_person=values["answered_at"] is not None and values["disposition"] in BY_PEOPLE,
        says_more=any(values[name] for name in SAYS_MORE),
        has_verdict=values["amd_verdict"] is not None,
        is_due_again=values["retry_at"] is not None,
        owes_lead=values["owes_lead"],
    )


def _values(
    known: CallFacts, witness: Witness, disposition: Disposition, retry_at: datetime | None, time_zone: str
) -> dict[str, Any]:
    """Return what every conclusion writes."""
    return {
        "attempt_id": known.attempt_id,
        "disposition": disposition,
        "hangup_cause": known.hangup_cause,
        "sip_code": known.sip_code,
        "billsec": known.billsec,
        "ended_at": known.ended_at,
        "answered_at": known.answered_at,
        "outcome": known.outcome,
        "digits": known.digits,
        "amd_verdict": known.amd_verdict,
        "message_started": known.message_started,
        "recording_path": known.recording_path,
        "witness": witness,
        "contact_state": ContactState.CONCLUDED if retry_at is None else ContactState.RETRY,
        "retry_at": retry_at,
        "callback_at": None,
        "time_zone": time_zone,
        "shard": int(known.attempt_id[:8], 16) % SHARDS,  # of the attempt, so that an upgrade finds its tally
        "owes_lead": disposition is Disposition.INTERESTED,
        "is_final": disposition in FINAL,
    }


def _concluded(
    written: tuple[Any, ...],
    known: CallFacts,
    disposition: Disposition,
    retry_at: datetime | None,
    before: Disposition | None = None,
) -> Concluded:
    campaign_id, contact_id, gateway_id, phone, answered_at, contact_state, lead_id = written
    return Concluded(
        attempt_id=known.attempt_id,
        campaign_id=campaign_id,
        contact_id=contact_id,
        gateway_id=gateway_id,
        phone=phone,
        disposition=disposition,
        answered_at=answered_at,
        billsec=known.billsec,
        retry_at=None if contact_state == ContactState.BLOCKED else retry_at,
        lead_id=lead_id,
        was_upgrade=before is not None,
    )


def _callback_at(conn: AnyConnection, subject: Subject, known: CallFacts) -> datetime | None:
    """Return the time the callee chose, or None when the flow offers none; raises InvalidFlow."""
    if subject.campaign_state not in DIALS_AGAIN:
        return None
    flow = parse_flow(value_of(conn, queries["flow"], {"attempt_id": subject.attempt_id}))
    chosen = flow.chosen_callback(known.digits)
    if chosen is None:
        return None
    return callback_due(chosen, known.ended_at, datetime.now(UTC), subject.hours, subject.zones, subject.time_zone)
