"""What the switch's final event of a leg says of its call: headers → CallFacts."""

from collections.abc import Callable
from datetime import UTC, datetime

from dialer.call_ids import CALL, CallIds, call_ids_in
from dialer.disposition import CallFacts
from dialer.hangup_cause import NEVER_RANG
from dialer.outcome import Outcome

OUTCOME = "dialer_outcome"
DIGITS = "dialer_digits"
AMD_VERDICT = "dialer_amd_verdict"
MESSAGE_STARTED = "dialer_message_started"
RECORDING = "dialer_recording"
AMD_AUDIO = "dialer_amd_audio"
TAPPED = "RECORD_READ_ONLY"
"""Channel variables; an event carries each as `variable_<name>`."""

WAITED_IN_VAIN = "NO_ANSWER"
"""What the switch says at the end of the ring time, whether anything rang or not."""
PROGRESS = ("Progress", "Progress-Media", "Answered")
"""Signs that the far end had the call."""

OUTCOMES = {str(outcome): outcome for outcome in Outcome}

Header = Callable[[str], str | None]
"""Header's name → its value, None or empty when the event lacks it."""


def facts_from_headers(header: Header, ended_at: datetime) -> CallFacts | None:
    """Return the facts; None when the leg is not one of our attempts.

    ended_at: when the event was heard (aware); the switch's own hangup time is preferred.
    """
    return facts_of_ours(header, ended_at) if ids_from_headers(header) else None


def facts_of_ours(header: Header, ended_at: datetime) -> CallFacts:
    """Return the facts of a leg that is known to be one of our attempts."""
    answered_at = _time(header("Caller-Channel-Answered-Time"))
    return CallFacts(
        attempt_id=attempt_id_of(header),
        hangup_cause=_cause(header),
        ended_at=_time(header("Caller-Channel-Hangup-Time")) or ended_at,
        sip_code=_sip_code(header, answered_at),
        answered_at=answered_at,
        billsec=_whole(_variable(header, "billsec")) if answered_at else 0,
        digits=_variable(header, DIGITS),
        outcome=_outcome(_variable(header, OUTCOME)),
        amd_verdict=_variable(header, AMD_VERDICT) or None,
        message_started=_variable(header, MESSAGE_STARTED) == "true",
        recording_path=_variable(header, RECORDING) or None,
    )


def attempt_id_of(header: Header) -> str:
    """Return the attempt's id, of a leg that is one of ours: it is the channel's."""
    return header("Unique-ID") or ""


def ids_from_headers(header: Header) -> CallIds | None:
    """Return what the leg belongs to, None when it is not one of ours."""
    return call_ids_in(header(f"variable_{CALL}"))


def _cause(header: Header) -> str:
    """Read the cause; of a call that never rang, nor had early media, it is the switch's for just that."""
    cause = header("Hangup-Cause") or _variable(header, "hangup_cause")
    if cause != WAITED_IN_VAIN or any(_whole(header(f"Caller-Channel-{name}-Time")) for name in PROGRESS):
        return cause
    return NEVER_RANG


def _variable(header: Header, name: str) -> str:
    return header(f"variable_{name}") or ""


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() else 0


def _time(microseconds: str | None) -> datetime | None:
    """Read the switch's epoch microseconds; 0 means that it did not happen."""
    value = _whole(microseconds)
    return datetime.fromtimestamp(value / 1_000_000, UTC) if value else None


def _sip_code(header: Header, answered_at: datetime | None) -> int | None:
    """Read `sip:486`; an answered call is 200, whatever its BYE was answered with."""
    if answered_at is not None:
        return 200
    kind, _, code = _variable(header, "proto_specific_hangup_cause").partition(":")
    return _whole(code) or None if kind == "sip" else None


def _outcome(text: str) -> Outcome | None:
    return OUTCOMES.get(text)
