"""What a witness knows of an ended call, and the one function that says how the attempt ended."""

from dataclasses import dataclass
from datetime import datetime

from dialer.hangup_cause import disposition_of_unanswered
from dialer.outcome import PRESSED, Disposition, Outcome, Witness

__all__ = ["PRESSED", "CallFacts", "Disposition", "Outcome", "Witness", "disposition_of"]


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What one witness knows of a call that has ended.

    hangup_cause: the switch's spelling (`USER_BUSY`), empty when unknown.
    sip_code: the final SIP status of the callee's side, None when there was none.
    answered_at / ended_at: aware datetimes (UTC).
    billsec: whole seconds from answer to end, 0 when unanswered.
    digits: every key the callee pressed, in order.
    outcome: what the conversation decided, if it came to a decision.
    amd_verdict: 'human', 'machine', 'fax', 'unsure' or None when not looked for.
    message_started: the first prompt had begun to play.
    """

    attempt_id: str
    hangup_cause: str
    ended_at: datetime
    sip_code: int | None = None
    answered_at: datetime | None = None
    billsec: int = 0
    digits: str = ""
    outcome: Outcome | None = None
    amd_verdict: str | None = None
    message_started: bool = False
    recording_path: str | None = None


CALLEE_ENDED = frozenset({"NORMAL_CLEARING", "ORIGINATOR_CANCEL", "MEDIA_TIMEOUT", "NORMAL_UNSPECIFIED"})
"""Causes under which an answered call without an outcome counts as hung up by the callee.
When our own script ends a call it says so by an outcome first."""


def disposition_of(facts: CallFacts) -> Disposition:
    """Decide how the attempt ended: a press beats everything, then the conversation, then the cause."""
    if facts.outcome is not None:
        return Disposition(facts.outcome.value)
    if facts.answered_at is None:
        return disposition_of_unanswered(facts.hangup_cause, facts.sip_code)
    if facts.hangup_cause == "LOSE_RACE" or facts.hangup_cause == "":
        return Disposition.LOST
    if facts.message_started or facts.hangup_cause in CALLEE_ENDED:
        return Disposition.HUNG_UP
    return Disposition.ABANDONED
