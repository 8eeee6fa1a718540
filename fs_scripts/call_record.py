"""The facts of one call on their way out: channel variables for the hangup hook, the stores, the live events."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from dialer.outcome import Outcome
from dialer.switch_facts import AMD_VERDICT, DIGITS, MESSAGE_STARTED, OUTCOME
from fs_scripts.amd.detector import Verdict
from fs_scripts.announcer import Announcer
from fs_scripts.background import Background
from fs_scripts.channel import Channel
from fs_scripts.memory import Memory, Setup

TOLD = ("score", "reason", "heard_ms")
"""What of the evidence the live event tells."""


class CallRecord:
    """Writes one call down. The variable is set first: the hook then knows the fact even when every store fails."""

    def __init__(
        self,
        channel: Channel,
        attempt_id: str,
        campaign_id: int,
        memory: Memory,
        announcer: Announcer,
        background: Background,
    ) -> None:
        self._channel = channel
        self._attempt_id = attempt_id
        self._campaign_id = campaign_id
        self._memory = memory
        self._announcer = announcer
        self._background = background
        self._verdict: Verdict | None = None
        self._kept: Verdict | None = None
        self._heard: dict[str, Any] = {}
        self._has_message_begun = False

    def answered(self, flow_version_id: int, speaks_at_once: Callable[[Setup], bool]) -> Setup | None:
        """Note the answer; return how the call is to be held, None when nobody can say it.

        speaks_at_once: whether nothing comes before the message where calls are held so; then it is noted with the
        answer.
        """
        at = datetime.now(UTC)
        found = self._memory.answered(self._attempt_id, self._campaign_id, flow_version_id, at, speaks_at_once)
        self._has_message_begun = found.has_message_begun
        self._announce("call.answered")
        return found.setup

    def verdict(self, verdict: Verdict) -> None:
        """Note who answered; a later one, by a key, corrects what is kept with the evidence."""
        self._verdict = verdict
        self._channel.remember(AMD_VERDICT, verdict)
        if self._kept not in (None, verdict):
            self._background.put(lambda: self._memory.verdict(self._attempt_id, verdict))
        self._announce("amd.detected", verdict=verdict, **self._heard)

    def evidence(self, verdict: Verdict, evidence: Mapping[str, Any]) -> None:
        """Keep why the detector decided so; the call does not wait for it."""
        self._kept = verdict
        self._heard = {name: evidence[name] for name in TOLD if name in evidence}
        self._background.put(lambda: self._memory.evidence(self._attempt_id, verdict, evidence))

    def message_started(self) -> None:
        """Note that the first prompt begins."""
        self._channel.remember(MESSAGE_STARTED, "true")
        if not self._has_message_begun:
            self._memory.message_started(self._attempt_id, datetime.now(UTC))

    def voicemail_started(self) -> None:
        """Note that a message to a machine begins; the variable alone is safe, the store is told behind its back."""
        self._channel.remember(MESSAGE_STARTED, "true")
        at = datetime.now(UTC)
        self._background.put(lambda: self._memory.message_started(self._attempt_id, at))

    def outcome(self, outcome: Outcome) -> None:
        """Note what was decided; raises SpoolFull when it could be written nowhere."""
        digits = self._channel.digits
        self._channel.remember(OUTCOME, outcome)
        self._channel.remember(DIGITS, digits)
        self._memory.outcome(self._attempt_id, outcome, digits, self._verdict, datetime.now(UTC))
        if digits:
            self._announce("dtmf.received", digits=digits, outcome=outcome)

    def no_operator(self) -> None:
        """Note that the callee asked for an operator and got none; pacing learns from it, the call does not wait."""
        self._background.put(lambda: self._memory.no_operator(self._attempt_id))

    def abandoned(self) -> None:
        """Note that we ended the call before the message began, for the hook to conclude."""
        self._channel.remember(OUTCOME, Outcome.ABANDONED)

    def close(self) -> None:
        """Leave the hook every key that was pressed, also those that decided nothing."""
        self._channel.remember(DIGITS, self._channel.digits)

    def _announce(self, event_type: str, **facts: Any) -> None:
        self._announcer.announce(event_type, attempt_id=self._attempt_id, campaign_id=self._campaign_id, **facts)
