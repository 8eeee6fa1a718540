"""Whether and when a contact is called again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dialer.calling_hours import CallingHours, next_open
from dialer.errors import InvalidRetryRules
from dialer.outcome import PRESSED, Disposition

FINAL = frozenset({Disposition(outcome.value) for outcome in PRESSED} | {Disposition.BLOCKED})
"""Never dialled again, whatever the rules say: the callee has answered, or a rule forbids it."""
LONGEST_DELAY_S = 30 * 86_400
NO_ID = str(UUID(int=0))
"""Stands for an attempt whose delay gets no jitter."""
OF_ALL = frozenset({"max_attempts", "max_per_day", "jitter"})
"""What a definition says of the rules in all; its other names are dispositions."""
MOST_ATTEMPTS = 50
DEFAULT_DEFINITION: dict[str, Any] = {
    "max_attempts": 3,
    "busy": {"delay_s": 300, "growth": 2.0, "max_attempts": 3},
    "no_answer": {"delay_s": 3600, "growth": 2.0, "max_attempts": 3},
    "unreachable": {"delay_s": 3600, "growth": 2.0, "max_attempts": 3},
    "congestion": {"delay_s": 60, "growth": 2.0, "max_attempts": 3},
    "failed": {"delay_s": 300, "growth": 2.0, "max_attempts": 2},
    "cancelled": {"delay_s": 60, "growth": 1.0, "max_attempts": 3},
}
"""What a new campaign starts with."""


@dataclass(frozen=True, slots=True)
class RetryRule:
    """delay_s: seconds before the second attempt; each further delay is `growth` times the one before.

    max_attempts: after this many attempts in all, this disposition is not retried.
    """

    delay_s: float
    growth: float
    max_attempts: int


@dataclass(frozen=True, slots=True)
class RetryRules:
    """max_attempts: attempts per contact in all. A disposition without a rule is not retried.

    max_per_day: attempts per contact and calendar day of its zone, kept by the claim; None: as many as come due.
    jitter: 0 to 1, by up to what share a delay is made longer, so that what failed together is not retried together.
    """

    max_attempts: int = 1
    rules: Mapping[Disposition, RetryRule] = field(default_factory=dict)
    max_per_day: int | None = None
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryBasis:
    """What a retry depends on besides the campaign's rules. number: of the attempt, 1 is the contact's first.

    zone_set_id: the zones that the contact may be in.
    """

    campaign_id: int
    number: int
    zone_set_id: int


def parse_rules(definition: Mapping[str, Any]) -> RetryRules:
    """Read `{"max_attempts": 5, "max_per_day": 2, "jitter": 0.1, "busy": {"delay_s": 300, "growth": 2.0, …}, …}`.

    Raises InvalidRetryRules naming the field. Without `max_attempts` the largest of the rules counts.
    """
    rules: dict[Disposition, RetryRule] = {}
    for name, rule in definition.items():
        if name in OF_ALL:
            continue
        try:
            disposition = Disposition(name)
        except ValueError as error:
            raise InvalidRetryRules(f"{name!r} is no disposition and not max_attempts") from error
        if disposition in FINAL:
            raise InvalidRetryRules(f"{name} is final and can't be retried")
        if not isinstance(rule, Mapping):
            raise InvalidRetryRules(f"{name} needs {{delay_s, growth, max_attempts}}")
        rules[disposition] = RetryRule(
            _number(rule, name, "delay_s", 0, LONGEST_DELAY_S, None),
            _number(rule, name, "growth", 1, 100, 1.0),
            _attempts(rule.get("max_attempts"), f"{name}.max_attempts"),
        )
    most = max((rule.max_attempts for rule in rules.values()), default=1)
    per_day = definition.get("max_per_day")
    return RetryRules(
        _attempts(definition.get("max_attempts", most), "max_attempts"),
        rules,
        None if per_day is None else _attempts(per_day, "max_per_day"),
        _number(definition, "retry rules", "jitter", 0, 1, 0.0),
    )


def are_followable(definition: Mapping[str, Any]) -> bool:
    """Whether these are rules at all: nothing is dialled and no result written down by others."""
    try:
        parse_rules(definition)
    except InvalidRetryRules:
        return False
    return True


def _number(rule: Mapping[str, Any], where: str, name: str, low: float, high: float, default: float | None) -> float:
    value = rule.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidRetryRules(f"{where}.{name} is a number from {low} to {high}, not {value!r}")
    return float(value)


def _attempts(value: Any, where: str) -> int:
    if type(value) is not int or not 1 <= value <= MOST_ATTEMPTS:
        raise InvalidRetryRules(f"{where} is a whole number from 1 to {MOST_ATTEMPTS}, not {value!r}")
    return value


def next_attempt(
    rules: RetryRules,
    disposition: Disposition,
    attempts_made: int,
    now: datetime,
    hours: CallingHours,
    zones: Sequence[str],
    attempt_id: str = NO_ID,
) -> datetime | None:
    """Return when the contact is due again, inside the calling hours of all its zones; None: never again.

    attempts_made: attempts so far, this one included. attempt_id: of this one; the jitter is worked out from it, so
    that whoever asks again gets the same answer.
    """
    rule = None if disposition in FINAL else rules.rules.get(disposition)
    if rule is None or attempts_made >= min(rule.max_attempts, rules.max_attempts):
        return None
    delay_s = min(rule.delay_s * rule.growth ** (attempts_made - 1), LONGEST_DELAY_S)
    if rules.jitter:
        delay_s *= 1 + rules.jitter * (UUID(attempt_id).int % 1000) / 1000
    return next_open(hours, zones, now + timedelta(seconds=delay_s))
