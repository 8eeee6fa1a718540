"""Retries: by the rules, growing, ending, and inside calling hours."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from dialer.calling_hours import CallingHours
from dialer.errors import InvalidRetryRules
from dialer.outcome import Disposition
from dialer.retry import DEFAULT_DEFINITION, FINAL, next_attempt, parse_rules

ALWAYS = CallingHours(time(0), time(0))
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RULES = parse_rules(
    {
        "max_attempts": 4,
        "busy": {"delay_s": 60, "growth": 2.0, "max_attempts": 9},
        "machine": {"delay_s": 600, "max_attempts": 2},
        "voicemail_left": {"delay_s": 86_400, "max_attempts": 2},
    }
)


@pytest.mark.parametrize(
    ("disposition", "attempts_made", "delay_s"),
    [
        (Disposition.BUSY, 1, 60),
        (Disposition.BUSY, 2, 120),
        (Disposition.BUSY, 3, 240),
        (Disposition.BUSY, 4, None),  # the limit over all dispositions
        (Disposition.MACHINE, 1, 600),
        (Disposition.MACHINE, 2, None),  # its own limit
        (Disposition.VOICEMAIL_LEFT, 1, 86_400),
        (Disposition.VOICEMAIL_LEFT, 2, None),  # a message that was left counts as an attempt
        (Disposition.NO_ANSWER, 1, None),  # no rule
        (Disposition.LOST, 1, None),
        (Disposition.INVALID_NUMBER, 1, None),
        (Disposition.OPTED_OUT, 1, None),
        (Disposition.INTERESTED, 1, None),
    ],
)
def test_the_rules_say_when_a_contact_is_due_again(
    disposition: Disposition, attempts_made: int, delay_s: int | None
) -> None:
    due = next_attempt(RULES, disposition, attempts_made, NOW, ALWAYS, ["UTC"])
    assert due == (None if delay_s is None else NOW + timedelta(seconds=delay_s))


def test_a_retry_that_would_fall_into_the_night_waits_for_the_morning() -> None:
    hours = CallingHours(time(9), time(21), frozenset({1, 2, 3, 4, 5}))
    friday_evening = datetime(2026, 3, 6, 20, 59, 30, tzinfo=UTC)
    due = next_attempt(RULES, Disposition.BUSY, 1, friday_evening, hours, ["UTC"])
    assert due == datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


def test_a_contact_that_can_never_be_called_is_not_retried() -> None:
    assert next_attempt(RULES, Disposition.BUSY, 1, NOW, CallingHours(time(9), time(21), frozenset()), ["UTC"]) is None


def test_without_rules_nothing_is_retried() -> None:
    rules = parse_rules({})
    assert rules.max_attempts == 1
    assert all(next_attempt(rules, d, 1, NOW, ALWAYS, ["UTC"]) is None for d in Disposition)


@pytest.mark.parametrize("disposition", sorted(FINAL))
def test_no_rule_can_make_a_final_answer_be_dialled_again(disposition: Disposition) -> None:
    with pytest.raises(InvalidRetryRules, match="final"):
        parse_rules({disposition.value: {"delay_s": 60, "growth": 1, "max_attempts": 2}})


@pytest.mark.parametrize(
    ("definition", "word"),
    [
        ({"buzy": {"delay_s": 1, "max_attempts": 2}}, "buzy"),
        ({"busy": 5}, "busy"),
        ({"busy": {"delay_s": -1, "max_attempts": 2}}, "busy.delay_s"),
        ({"busy": {"delay_s": True, "max_attempts": 2}}, "busy.delay_s"),
        ({"busy": {"delay_s": 1, "growth": 0.5, "max_attempts": 2}}, "busy.growth"),
        ({"busy": {"delay_s": 1, "growth": 1}}, "busy.max_attempts"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"max_attempts": 51}, "max_attempts"),
    ],
)
def test_rules_nobody_could_follow_are_refused_by_the_fields_name(definition: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidRetryRules, match=word):
        parse_rules(definition)


def test_the_default_rules_can_be_followed() -> None:
    assert parse_rules(DEFAULT_DEFINITION).max_attempts == 3


def test_jitter_makes_a_delay_longer_by_the_same_share_for_the_same_attempt() -> None:
    rules = parse_rules({"jitter": 0.5, "busy": {"delay_s": 1000, "max_attempts": 3}})
    around_the_clock = CallingHours(time(0), time(0))
    ids = [str(UUID(int=number)) for number in range(0, 2000, 7)]
    delays = [
        next_attempt(rules, Disposition.BUSY, 1, NOW, around_the_clock, ["Europe/Moscow"], attempt_id)
        for attempt_id in ids + ids
    ]
    seconds = [(due - NOW).total_seconds() for due in delays if due]
    assert seconds[: len(ids)] == seconds[len(ids) :]
    assert min(seconds) == 1000
    assert 1490 < max(seconds) < 1500
    assert len(set(seconds)) > 200


@pytest.mark.parametrize(
    "wrong", [{"jitter": 1.1}, {"jitter": -0.1}, {"jitter": "much"}, {"max_per_day": 0}, {"max_per_day": 1.5}]
)
def test_rules_in_all_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRetryRules):
        parse_rules(wrong)


@pytest.mark.parametrize("disposition", [Disposition.VOICEMAIL_LEFT, Disposition.MACHINE, Disposition.FAX])
def test_a_new_campaign_does_not_call_machines_again(disposition: Disposition) -> None:
    assert next_attempt(parse_rules(DEFAULT_DEFINITION), disposition, 1, NOW, ALWAYS, ["UTC"]) is None
