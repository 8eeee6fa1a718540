"""What a witness knows of an ended call, and the one function that says how the attempt ended."""

from dataclasses import dataclass
from datetime import datetime

from dialer.hangup_cause import WITHDRAWN, disposition_of_unanswered
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

SWITCH_DIED = frozenset({"", "CRASH", "SYSTEM_SHUTDOWN", "LOSE_RACE"})
"""Causes under which nobody can tell how an answered call would have ended."""


def disposition_of(facts: CallFacts) -> Disposition:
    """Decide how the attempt ended: a press beats everything, then the conversation, then the cause.

    Whom we cut off before the message began was abandoned, whatever our reason.
    """
    if facts.outcome is not None:
        return Disposition(facts.outcome.value)
    if facts.answered_at is None:
        return disposition_of_unanswered(facts.hangup_cause, facts.sip_code)
    if facts.hangup_cause in SWITCH_DIED:
        return Disposition.LOST
    if facts.hangup_cause == WITHDRAWN and facts.message_started:
        return Disposition.CANCELLED
    if facts.message_started or facts.hangup_cause in CALLEE_ENDED:
        return Disposition.HUNG_UP
    return Disposition.ABANDONED


def better_outcome(stored: Outcome | None, later: Outcome | None) -> Outcome | None:
    """Choose between what is written down and what comes later: the first press, else the first decision."""
    if stored not in PRESSED and later in PRESSED:
        return later
    return stored or later


def merged(stored: CallFacts, later: CallFacts) -> CallFacts:
    """Join what is known already with what another witness brings; nothing known is forgotten.

    Seconds nobody counted are worked out when the stored answer is one that the later witness had not seen.
    """
    answered_at = stored.answered_at or later.answered_at
    cause = stored.hangup_cause or later.hangup_cause
    ended_at = stored.ended_at if stored.hangup_cause else later.ended_at
    billsec = stored.billsec or later.billsec
    if not billsec and answered_at and later.answered_at is None and cause not in SWITCH_DIED:
        billsec = max(0, int((ended_at - answered_at).total_seconds()))
    return CallFacts(
        attempt_id=later.attempt_id,
        hangup_cause=cause,
        ended_at=ended_at,
        sip_code=stored.sip_code if stored.sip_code is not None else later.sip_code,
        answered_at=answered_at,
        billsec=billsec,
        digits=stored.digits if len(stored.digits) >= len(later.digits) else later.digits,
        outcome=better_outcome(stored.outcome, later.outcome),
        amd_verdict=stored.amd_verdict or later.amd_verdict,
        message_started=stored.message_started or later.message_started,
        recording_path=stored.recording_path or later.recording_path,
    )


def is_upgrade(before: Disposition, stored: CallFacts, now_known: CallFacts) -> bool:
    """Say whether facts that came after the conclusion change it: a decision nobody knew of, or an end that was lost.

    before: the disposition it was concluded with. Everything else that comes late leaves the conclusion alone.
    """
    if disposition_of(now_known) == before:
        return False
    return now_known.outcome != stored.outcome or before is Disposition.LOST
