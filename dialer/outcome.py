"""The words for how an attempt ends: what the callee decided, what it came to, and who saw it."""

from enum import StrEnum


class Disposition(StrEnum):
    """How an attempt ended. The SQL type `disposition` has the same members."""

    INTERESTED = "interested"
    """The callee pressed the key for "interested": one lead is owed."""
    NOT_INTERESTED = "not_interested"
    """The callee pressed the key for "not interested"."""
    OPTED_OUT = "opted_out"
    """The callee asked not to be called again: the number is on the blacklist."""
    CALLBACK_REQUESTED = "callback_requested"
    """The callee asked to be called later."""
    TRANSFERRED = "transferred"
    """The callee was put through to an operator."""
    NO_INPUT = "no_input"
    """A person heard the message to its end and pressed no key that counts."""
    HUNG_UP = "hung_up"
    """A person hung up after the message had begun, or before it could."""
    MACHINE = "machine"
    """An answering machine answered and was cut off."""
    VOICEMAIL_LEFT = "voicemail_left"
    """An answering machine answered and the message was left after its beep."""
    FAX = "fax"
    """A fax or modem answered."""
    BUSY = "busy"
    """The line was busy."""
    NO_ANSWER = "no_answer"
    """It rang for the whole ring time and nobody answered."""
    REJECTED = "rejected"
    """The callee's side declined the call."""
    UNREACHABLE = "unreachable"
    """The subscriber is switched off, out of coverage or temporarily unavailable."""
    INVALID_NUMBER = "invalid_number"
    """The network says that there is no such number."""
    CONGESTION = "congestion"
    """The trunk or the network had no capacity."""
    FAILED = "failed"
    """The call could not be placed for a technical reason on our side or the trunk's."""
    CANCELLED = "cancelled"
    """We withdrew the call, because its campaign was stopped or the switch shut down: before it was answered, or once
    the message had begun."""
    ABANDONED = "abandoned"
    """Answered by a person and ended by us before the message began."""
    BLOCKED = "blocked"
    """Not dialled: a rule forbade it at the dial boundary."""
    LOST = "lost"
    """The switch died under the call and nobody can tell how it ended."""


class Outcome(StrEnum):
    """What the conversation itself decided, written down before the call ends."""

    INTERESTED = "interested"
    NOT_INTERESTED = "not_interested"
    OPTED_OUT = "opted_out"
    CALLBACK_REQUESTED = "callback_requested"
    TRANSFERRED = "transferred"
    NO_INPUT = "no_input"
    MACHINE = "machine"
    VOICEMAIL_LEFT = "voicemail_left"
    FAX = "fax"
    ABANDONED = "abandoned"


PRESSED = frozenset(
    {
        Outcome.INTERESTED,
        Outcome.NOT_INTERESTED,
        Outcome.OPTED_OUT,
        Outcome.CALLBACK_REQUESTED,
        Outcome.TRANSFERRED,
    }
)
"""Outcomes that a key press decided; nothing that happens later on the line takes them back."""


BY_PEOPLE = frozenset(
    {
        Disposition.INTERESTED,
        Disposition.NOT_INTERESTED,
        Disposition.OPTED_OUT,
        Disposition.CALLBACK_REQUESTED,
        Disposition.TRANSFERRED,
        Disposition.NO_INPUT,
        Disposition.HUNG_UP,
        Disposition.CANCELLED,
        Disposition.ABANDONED,
    }
)
"""Of an answered call: a person was on the line. SQL's `answered_by_person` says the same."""


class Witness(StrEnum):
    """Who concluded an attempt. The SQL type `witness` has the same members."""

    HOOK = "hook"
    """The hangup hook inside the switch."""
    EVENTS = "events"
    """The scheduler, from the switch's hangup event, after the hook stayed silent."""
    REPLY = "reply"
    """The scheduler, from the originate's `-ERR` reply when no channel ever existed."""
    RECONCILE = "reconcile"
    """The reconciliation, which found the channel gone."""
    WRITE_OFF = "write_off"
    """The scheduler, after an administrator had written off the switch, which never came back."""
