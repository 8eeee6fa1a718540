"""Attempts: what the call itself commits while it goes on, and which are open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from db import blacklist
from db.blacklist import BlacklistReason
from db.conclusion import conclude
from db.sql import AnyConnection, all_of, change, joined, load, one_of, value_of
from dialer.disposition import CallFacts
from dialer.outcome import PRESSED, Outcome, Witness

queries = load("attempts")

OPERATOR_S = 20.0
"""An operator's leg leaves within so long after the decision to connect: the callee waits no longer than 15 s."""


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt without a conclusion. originated_at None: claimed, not yet handed to the wire.

    switch_id: where it was originated. is_transferred: the callee was or is being connected with an operator, whose leg
    holds a channel too.
    """

    attempt_id: str
    campaign_id: int
    contact_id: int
    gateway_id: int
    phone: str
    claimed_at: datetime
    originated_at: datetime | None
    switch_core_uuid: str | None
    answered_at: datetime | None
    is_transferred: bool = False
    switch_id: int | None = None


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


@dataclass(frozen=True, slots=True)
class LiveSetup:
    """How the calls of one campaign are to be held."""

    campaign_id: int
    flow_version_id: int
    definition: dict[str, Any]
    is_recording: bool


@dataclass(frozen=True, slots=True)
class AnsweredBy:
    """Which version of a flow holds the call that was answered, in which campaign."""

    campaign_id: int
    flow_version_id: int
    is_recording: bool


def live_setups(conn: AnyConnection) -> list[LiveSetup]:
    """Return it for every campaign that dials, or is paused."""
    return all_of(conn, LiveSetup, queries["live_setups"])


def call_context(conn: AnyConnection, attempt_id: str) -> CallContext | None:
    """Return the attempt with its contact and frozen flow, or None when there is no such attempt."""
    return one_of(conn, CallContext, queries["call_context"], {"attempt_id": attempt_id})


def answer(conn: AnyConnection, attempt_id: str, at: datetime, *, begins_message: bool) -> AnsweredBy | None:
    """Record the answer (the first one counts) and return what holds the call, None when there is no such attempt.

    begins_message: the first prompt begins at once, and is recorded in the same statement.
    """
    values = {"attempt_id": attempt_id, "at": at, "begins_message": begins_message}
    return one_of(conn, AnsweredBy, queries["answer"], values)


def mark_answered(conn: AnyConnection, attempt_id: str, at: datetime) -> bool:
    """Record the answer (the first one counts); True when the attempt exists and is still open."""
    return bool(value_of(conn, queries["mark_answered"], {"attempt_id": attempt_id, "at": at}))


def mark_message_started(conn: AnyConnection, attempt_id: str, at: datetime) -> bool:
    """Record that the first prompt began; True when the attempt exists and is still open."""
    return bool(value_of(conn, queries["mark_message_started"], {"attempt_id": attempt_id, "at": at}))


def record_amd(conn: AnyConnection, attempt_id: str, verdict: str, evidence: Mapping[str, Any]) -> bool:
    """Record who answered ('human', 'machine', 'fax', 'unsure') and why we think so; False: no such attempt."""
    values = {"attempt_id": attempt_id, "verdict": verdict, "evidence": Jsonb(dict(evidence))}
    return change(conn, queries["record_amd"], values) == 1


def record_early_media(conn: AnyConnection, attempt_id: str, evidence: Mapping[str, Any]) -> bool:
    """Record what was heard before the answer, below `early_media` of the evidence."""
    values = {"attempt_id": attempt_id, "evidence": Jsonb({"early_media": dict(evidence)})}
    return change(conn, queries["record_early_media"], values) == 1


def correct_amd(conn: AnyConnection, attempt_id: str, verdict: str) -> bool:
    """Replace the verdict, say because a key showed that a person is there; the evidence stays."""
    return change(conn, queries["correct_amd"], {"attempt_id": attempt_id, "verdict": verdict}) == 1


def record_amd_audio(conn: AnyConnection, attempt_id: str, path: str) -> bool:
    """Record where the first seconds of the callee's audio are kept, below the recordings' folder."""
    return change(conn, queries["record_amd_audio"], {"attempt_id": attempt_id, "path": path}) == 1


def record_outcome(
    conn: AnyConnection, attempt_id: str, outcome: Outcome, digits: str, amd_verdict: str | None, at: datetime
) -> bool:
    """Record what the conversation decided; False when there is no such attempt.

    The first press wins and nothing takes it back. opted_out blacklists the number in the same transaction.
    An attempt that was concluded by a poorer witness is upgraded (see db.conclusion).
    """
    values = {
        "attempt_id": attempt_id,
        "outcome": outcome,
        "digits": digits,
        "amd_verdict": amd_verdict,
        "at": at,
        "pressed": sorted(PRESSED),
        "is_press": outcome in PRESSED,
    }
    with joined(conn):
        phone = value_of(conn, queries["record_outcome"], values)
        if phone is not None:
            if outcome is Outcome.OPTED_OUT:
                blacklist.add(conn, phone, BlacklistReason.CUSTOMER_REQUEST, attempt_id=attempt_id)
            return True
        is_concluded = value_of(conn, queries["concluded"], {"attempt_id": attempt_id})
        if is_concluded:
            late = CallFacts(attempt_id, "", at, digits=digits, outcome=outcome, amd_verdict=amd_verdict)
            conclude(conn, late, Witness.HOOK)
        return is_concluded is not None


def open_attempts(conn: AnyConnection) -> list[OpenAttempt]:
    """Return every attempt without a conclusion, oldest first."""
    return all_of(conn, OpenAttempt, queries["open_attempts"])


def recent_attempts(conn: AnyConnection, within_s: float = 60.0) -> list[OpenAttempt]:
    """Return what left within `within_s`, itself or its operator's leg, ended or not, and what is claimed.

    Rates are rebuilt from it.
    """
    values = {"within_s": within_s, "operator_s": OPERATOR_S}
    return all_of(conn, OpenAttempt, queries["recent_attempts"], values)
