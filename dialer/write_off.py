"""Whether a silent switch may be written off, its open calls given up: every doubt speaks against it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SILENT_FOR_S = 600.0
"""No scheduler may have heard the switch for so long."""
LOOKED_AT_WITHIN_S = 15.0
"""A scheduler must have looked so lately: else nobody knows whether the switch answers."""
AFTER_THE_CALL_S = 60.0
"""What a call may last beyond its ring time and its longest duration, the operator's leg being dialled included."""
LAST_WORD_S = 5.0
"""How much later than it was the switch's last answer may have been written down."""


class Obstacle(StrEnum):
    """Why a switch may not be written off now."""

    NO_CALLS = "no_calls"
    """No call is open on it."""
    ENABLED = "enabled"
    """It must be taken out first, so that it gets no calls when it returns in this moment."""
    NOT_LOOKED_AT = "not_looked_at"
    """No scheduler looks at it, so nobody can say that it does not answer."""
    ANSWERED = "answered"
    """Some scheduler has heard it lately."""
    CALLS_MAY_BE_UP = "calls_may_be_up"
    """It may be cut off from us and still hold a call, which ends by itself at its longest duration."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a switch. *_s: ages by the database's clock, None: never.

    disabled_s: since it was taken out. looked_at_s: since the leading scheduler wrote down what it sees. answered_s:
    since any scheduler had an answer. calls: open ones of ours. up_until: when the last of them has surely ended.
    """

    is_enabled: bool
    disabled_s: float | None
    looked_at_s: float | None
    answered_s: float | None
    calls: int
    up_until: datetime | None


def obstacle(known: Standing, rest_s: float, now: datetime) -> Obstacle | None:
    """Return the first reason against it, None: it may be written off. rest_s: by then everybody knows it is out."""
    reasons = (
        (known.calls == 0, Obstacle.NO_CALLS),
        (known.is_enabled or known.disabled_s is None or known.disabled_s < rest_s, Obstacle.ENABLED),
        (known.looked_at_s is None or known.looked_at_s > LOOKED_AT_WITHIN_S, Obstacle.NOT_LOOKED_AT),
        (known.answered_s is None or known.answered_s < SILENT_FOR_S, Obstacle.ANSWERED),
        (known.up_until is None or known.up_until > now, Obstacle.CALLS_MAY_BE_UP),
    )
    return next((reason for holds, reason in reasons if holds), None)
