"""Causes, codes and facts become dispositions; what was known is never forgotten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialer.disposition import CallFacts, disposition_of, is_upgrade, merged
from dialer.hangup_cause import BY_SIP_CODE, UNANSWERED, disposition_of_unanswered
from dialer.outcome import Disposition, Outcome

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
UNANSWERED_CALL = CallFacts("a", "USER_BUSY", NOW, 486)
ANSWERED = CallFacts("a", "NORMAL_CLEARING", NOW, 200, NOW - timedelta(seconds=8), 8)


@pytest.mark.parametrize(
    ("cause", "sip_code", "disposition"),
    [
        ("USER_BUSY", 486, "busy"),
        ("USER_BUSY", 600, "busy"),
        ("NO_ANSWER", None, "no_answer"),
        ("NO_ANSWER", 487, "no_answer"),  # our time-out, the callee's answer to our CANCEL
        ("NO_ANSWER", 480, "no_answer"),  # the network gave the Q.850 reason 19
        ("NO_USER_RESPONSE", 480, "unreachable"),
        ("NO_USER_RESPONSE", None, "unreachable"),
        ("SUBSCRIBER_ABSENT", 480, "unreachable"),
        ("CALL_REJECTED", 603, "rejected"),
        ("CALL_REJECTED", 403, "failed"),  # the trunk refuses us, the callee has not been asked
        ("CALL_REJECTED", 407, "failed"),
        ("UNALLOCATED_NUMBER", 404, "invalid_number"),
        ("NUMBER_CHANGED", 410, "invalid_number"),
        ("INVALID_NUMBER_FORMAT", 484, "invalid_number"),
        ("NORMAL_TEMPORARY_FAILURE", 503, "congestion"),
        ("NORMAL_TEMPORARY_FAILURE", 500, "failed"),
        ("NORMAL_CIRCUIT_CONGESTION", None, "congestion"),
        ("GATEWAY_DOWN", None, "congestion"),
        ("INCOMPATIBLE_DESTINATION", 488, "failed"),
        ("NETWORK_OUT_OF_ORDER", 502, "failed"),
        ("RECOVERY_ON_TIMER_EXPIRE", 408, "failed"),
        ("INVALID_GATEWAY", None, "failed"),
        ("ORIGINATOR_CANCEL", 487, "cancelled"),
        ("SYSTEM_SHUTDOWN", None, "cancelled"),
        ("MANAGER_REQUEST", 487, "cancelled"),
        ("SOMETHING_NEW", None, "failed"),
        ("", None, "lost"),
    ],
)
def test_an_unanswered_call_ends_as_its_cause_and_code_say(cause: str, sip_code: int | None, disposition: str) -> None:
    assert disposition_of(CallFacts("a", cause, NOW, sip_code)) == disposition
    assert disposition_of_unanswered(cause, sip_code) == disposition


def test_no_cause_or_code_of_an_unanswered_call_passes_for_a_conversation() -> None:
    talked = {Disposition(outcome.value) for outcome in Outcome} | {Disposition.HUNG_UP}
    assert not talked & (set(UNANSWERED.values()) | set(BY_SIP_CODE.values()))


@pytest.mark.parametrize(
    ("changes", "disposition"),
    [
        ({}, "hung_up"),
        ({"message_started": True, "hangup_cause": "ALLOTTED_TIMEOUT"}, "hung_up"),
        ({"hangup_cause": "RECOVERY_ON_TIMER_EXPIRE"}, "abandoned"),
        ({"hangup_cause": ""}, "lost"),
        ({"hangup_cause": "CRASH", "message_started": True}, "lost"),
        ({"hangup_cause": "", "outcome": Outcome.INTERESTED}, "interested"),
        ({"hangup_cause": "MANAGER_REQUEST", "outcome": Outcome.MACHINE}, "machine"),
        ({"hangup_cause": "MANAGER_REQUEST", "message_started": True}, "cancelled"),
        ({"hangup_cause": "MANAGER_REQUEST"}, "abandoned"),
        ({"outcome": Outcome.NO_INPUT, "message_started": True}, "no_input"),
    ],
)
def test_an_answered_call_ends_as_the_conversation_or_else_the_cause_says(
    changes: dict[str, object], disposition: str
) -> None:
    assert disposition_of(replace(ANSWERED, **changes)) == disposition  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_decides_whatever_the_cause(outcome: Outcome) -> None:
    for facts in (UNANSWERED_CALL, ANSWERED):
        assert disposition_of(replace(facts, outcome=outcome)) == outcome.value


def test_merging_keeps_every_fact_either_side_knew() -> None:
    stored = CallFacts("a", "", NOW, answered_at=NOW - timedelta(seconds=9), digits="1", outcome=Outcome.INTERESTED)
    later = replace(ANSWERED, amd_verdict="human", message_started=True, recording_path="a.wav")
    known = merged(stored, later)
    assert (known.answered_at, known.digits, known.outcome) == (stored.answered_at, "1", Outcome.INTERESTED)
    assert (known.hangup_cause, known.sip_code, known.billsec) == ("NORMAL_CLEARING", 200, 8)
    assert (known.amd_verdict, known.message_started, known.recording_path) == ("human", True, "a.wav")


@pytest.mark.parametrize(
    ("stored", "later", "expected"),
    [
        (None, Outcome.MACHINE, Outcome.MACHINE),
        (Outcome.MACHINE, Outcome.INTERESTED, Outcome.INTERESTED),
        (Outcome.INTERESTED, Outcome.MACHINE, Outcome.INTERESTED),
        (Outcome.INTERESTED, Outcome.OPTED_OUT, Outcome.INTERESTED),
        (Outcome.NO_INPUT, Outcome.MACHINE, Outcome.NO_INPUT),
        (Outcome.NO_INPUT, None, Outcome.NO_INPUT),
    ],
)
def test_the_first_press_wins_and_otherwise_the_first_decision(
    stored: Outcome | None, later: Outcome | None, expected: Outcome
) -> None:
    known = merged(replace(ANSWERED, outcome=stored), replace(ANSWERED, outcome=later))
    assert known.outcome is expected


@pytest.mark.parametrize(
    ("before", "stored", "later", "expected"),
    [
        (Disposition.HUNG_UP, ANSWERED, replace(ANSWERED, outcome=Outcome.INTERESTED), True),
        (Disposition.LOST, CallFacts("a", "", NOW), UNANSWERED_CALL, True),
        (Disposition.LOST, CallFacts("a", "", NOW), CallFacts("a", "", NOW), False),
        (Disposition.HUNG_UP, ANSWERED, ANSWERED, False),
        (Disposition.BUSY, UNANSWERED_CALL, ANSWERED, False),
        (Disposition.INTERESTED, replace(ANSWERED, outcome=Outcome.INTERESTED), ANSWERED, False),
    ],
)
def test_only_what_nobody_knew_changes_a_conclusion(
    before: Disposition,
    stored: CallFacts,
    later: CallFacts,
    expected: bool,  # noqa: FBT001
) -> None:
    assert is_upgrade(before, stored, merged(stored, later)) is expected
