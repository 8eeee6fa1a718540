"""The hook's environment → facts, as a real FreeSWITCH 1.11 wrote it."""

from datetime import UTC, datetime

import pytest

from dialer.call_ids import CallIds
from dialer.disposition import CallFacts, Disposition, disposition_of
from dialer.outcome import Outcome
from dialer.retry import RetryBasis
from dialer.switch_facts import facts_from_headers, ids_from_headers

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ATTEMPT = "92694f38-9c3b-4674-a91f-a8aae8325fe6"
OURS = {"Unique-ID": ATTEMPT, "variable_dialer_call": "7:2:5"}
ANSWERED = {
    **OURS,
    "Hangup-Cause": "NORMAL_CLEARING",
    "Caller-Channel-Answered-Time": "1795248616449227",
    "Caller-Channel-Hangup-Time": "1795248623949185",
    "variable_billsec": "7",
    "variable_proto_specific_hangup_cause": "sip:200",
}


def facts(environment: dict[str, str]) -> CallFacts:
    found = facts_from_headers(environment.get, NOW)
    assert found is not None
    return found


def test_it_reads_an_answered_call():
    assert facts(
        {
            **ANSWERED,
            "variable_dialer_outcome": "interested",
            "variable_dialer_digits": "51",
            "variable_dialer_amd_verdict": "human",
            "variable_dialer_message_started": "true",
            "variable_dialer_recording": f"92/{ATTEMPT}.wav",
        }
    ) == CallFacts(
        attempt_id=ATTEMPT,
        hangup_cause="NORMAL_CLEARING",
        ended_at=datetime(2026, 11, 21, 8, 10, 23, 949185, tzinfo=UTC),
        sip_code=200,
        answered_at=datetime(2026, 11, 21, 8, 10, 16, 449227, tzinfo=UTC),
        billsec=7,
        digits="51",
        outcome=Outcome.INTERESTED,
        amd_verdict="human",
        message_started=True,
        recording_path=f"92/{ATTEMPT}.wav",
    )


@pytest.mark.parametrize(
    ("cause", "specific", "code", "disposition"),
    [
        ("USER_BUSY", "sip:486", 486, Disposition.BUSY),
        ("NORMAL_TEMPORARY_FAILURE", "sip:503", 503, Disposition.CONGESTION),
        ("CALL_REJECTED", "sip:603", 603, Disposition.REJECTED),
        ("UNALLOCATED_NUMBER", "sip:404", 404, Disposition.INVALID_NUMBER),
        ("NO_USER_RESPONSE", "sip:480", 480, Disposition.UNREACHABLE),
        ("INCOMPATIBLE_DESTINATION", "sip:488", 488, Disposition.FAILED),
    ],
)
def test_it_reads_an_unanswered_call(cause, specific, code, disposition):
    environment = {
        **OURS,
        "Hangup-Cause": cause,
        "Caller-Channel-Answered-Time": "0",
        "Caller-Channel-Hangup-Time": "1795248623949185",
        "variable_billsec": "0",
    }
    if specific:
        environment["variable_proto_specific_hangup_cause"] = specific
    read = facts(environment)
    assert (read.hangup_cause, read.sip_code, read.answered_at, read.billsec) == (cause, code, None, 0)
    assert disposition_of(read) is disposition


@pytest.mark.parametrize("sign", ["Progress", "Progress-Media"])
@pytest.mark.parametrize(("specific", "code"), [("", None), ("sip:487", 487)])
def test_a_callee_who_let_it_ring_did_not_answer(sign, specific, code):
    rang = {f"Caller-Channel-{sign}-Time": "1795248613949185", "variable_proto_specific_hangup_cause": specific}
    read = facts({**OURS, "Hangup-Cause": "NO_ANSWER", **rang})
    assert (read.hangup_cause, read.sip_code) == ("NO_ANSWER", code)
    assert disposition_of(read) is Disposition.NO_ANSWER


@pytest.mark.parametrize("specific", ["", "sip:487"])
def test_a_call_that_never_rang_is_the_trunks_failure(specific):
    silent = {"Caller-Channel-Progress-Time": "0", "Caller-Channel-Progress-Media-Time": "0"}
    of_trunk = {"variable_proto_specific_hangup_cause": specific}
    read = facts({**OURS, "Hangup-Cause": "NO_ANSWER", **silent, **of_trunk})
    assert read.hangup_cause == "PROGRESS_TIMEOUT"
    assert disposition_of(read) is Disposition.FAILED


def test_a_leg_that_is_none_of_ours_is_left_alone():
    of_somebody = {"Unique-ID": ATTEMPT, "Hangup-Cause": "NORMAL_CLEARING"}
    assert facts_from_headers(of_somebody.get, NOW) is None
    assert ids_from_headers(of_somebody.get) is None


@pytest.mark.parametrize("nonsense", ["", "7", "7:2", "7:2:", "7:2:5:1", "0:2:5", "a:b:c", "7:2:5 "])
def test_a_leg_whose_ids_are_none_is_none_of_ours(nonsense):
    assert facts_from_headers({**OURS, "variable_dialer_call": nonsense}.get, NOW) is None


def test_it_survives_an_environment_that_says_nothing():
    read = facts(OURS)
    assert (read.hangup_cause, read.ended_at, read.sip_code, read.billsec) == ("", NOW, None, 0)


@pytest.mark.parametrize("nonsense", ["", "gone", "Interested", "${system(id)}"])
def test_a_word_that_is_no_outcome_is_none(nonsense):
    assert facts({**ANSWERED, "variable_dialer_outcome": nonsense}).outcome is None


def test_we_hung_up_before_the_message_is_abandoned_and_after_it_is_not():
    ended_by_us = {**ANSWERED, "Hangup-Cause": "NORMAL_TEMPORARY_FAILURE"}
    assert disposition_of(facts(ended_by_us)) is Disposition.ABANDONED
    assert disposition_of(facts({**ended_by_us, "variable_dialer_message_started": "true"})) is Disposition.HUNG_UP


def test_it_knows_the_campaign():
    assert ids_from_headers(ANSWERED.get) == CallIds(campaign_id=7, gateway_id=2, flow_version_id=5)


@pytest.mark.parametrize(
    ("said", "basis"),
    [("7:2:5:2:17", RetryBasis(7, 2, 17)), ("7:2:5", None)],
)
def test_it_knows_what_a_retry_depends_on_where_the_leg_says_it(said, basis):
    assert ids_from_headers({"variable_dialer_call": said}.get) == CallIds(7, 2, 5, basis)


@pytest.mark.parametrize("said", ["7:2:5:2", "7:2:5:", "7:2:5:0:17", "7:2:5:2:x", "7:2:5:-2:17", "7:2:5:2:17:1"])
def test_ids_that_nobody_of_us_wrote_are_none(said):
    assert ids_from_headers({"variable_dialer_call": said}.get) is None
