"""The engine against SIPp: how calls are answered, refused, cancelled and ended."""

import pytest

from embedded_switch.leg import LegState
from tests.embedded.media.rig import Diary, call, ended
from tests.switch.scenario import (
    ONLY_G729,
    PCMA,
    PCMU,
    answer,
    cancelled,
    challenge,
    early_media,
    hang_up,
    hung_up,
    invited,
    invited_with_credentials,
    pause,
    reinvite,
    reject,
    ringing,
    trying,
)


async def answered(diary: Diary) -> None:
    await diary.until("answer")


def test_an_answered_call_tells_progress_answer_and_hangup_in_order():
    diary = call((invited(), trying(), ringing(), answer(), hung_up()), answered)
    assert diary.entries == ["progress", "answer", "hangup"]
    leg = diary.leg
    assert leg.created_at < leg.progress_at <= leg.answered_at <= leg.ended_at
    assert (leg.cause, leg.q850, leg.sip_code, leg.hangup_disposition) == ("NORMAL_CLEARING", 16, 0, "send_bye")


def test_a_bye_of_the_callee_ends_the_call():
    leg = call((invited(), answer(), hang_up()), ended).leg
    assert (leg.cause, leg.sip_code, leg.hangup_disposition) == ("NORMAL_CLEARING", 200, "recv_bye")


def test_a_bye_with_a_reason_ends_it_with_that_cause():
    with_reason = hang_up().replace("Max-Forwards", 'Reason: Q.850;cause=17;text="busy"\nMax-Forwards', 1)
    assert call((invited(), answer(), with_reason), ended).leg.cause == "USER_BUSY"


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("486 Busy Here", "USER_BUSY"),
        ("603 Decline", "CALL_REJECTED"),
        ("404 Not Found", "UNALLOCATED_NUMBER"),
        ("480 Temporarily Unavailable", "NO_USER_RESPONSE"),
        ("488 Not Acceptable Here", "INCOMPATIBLE_DESTINATION"),
        ("503 Service Unavailable", "NORMAL_TEMPORARY_FAILURE"),
        ("302 Moved Temporarily", "NORMAL_UNSPECIFIED"),
    ],
)
def test_a_refusal_ends_the_call_with_its_cause(status, cause):
    leg = call((invited(), trying(), reject(status)), ended).leg
    assert (leg.cause, leg.sip_code, leg.hangup_disposition) == (cause, int(status[:3]), "recv_refuse")
    assert leg.answered_at == 0


def test_a_refusals_own_q850_reason_wins_over_its_status():
    refusal = reject("486 Busy Here").replace("Content-Length", "Reason: Q.850;cause=34\nContent-Length", 1)
    assert call((invited(), trying(), refusal), ended).leg.cause == "NORMAL_CIRCUIT_CONGESTION"


def test_hanging_up_while_it_rings_cancels():
    async def give_up(diary: Diary) -> None:
        await diary.until("progress")
        diary.leg.hangup("NO_ANSWER")

    leg = call((invited(), trying(), ringing(), cancelled()), give_up).leg
    assert (leg.state, leg.cause, leg.hangup_disposition) == (LegState.ENDED, "NO_ANSWER", "send_cancel")


def test_early_media_comes_before_the_answer():
    diary = call((invited(), trying(), early_media(), pause(100), answer(), hung_up()), answered)
    assert diary.entries == ["early media", "answer", "hangup"]
    assert 0 < diary.leg.progress_media_at < diary.leg.answered_at


def test_an_answer_without_a_common_codec_is_hung_up_again():
    diary = call((invited(), trying(), answer(ONLY_G729), hung_up()), ended)
    assert diary.entries == ["hangup"]
    assert (diary.leg.cause, diary.leg.hangup_disposition) == ("INCOMPATIBLE_DESTINATION", "send_bye")
    assert diary.leg.answered_at == 0


@pytest.mark.parametrize(("codecs", "name"), [(PCMA, "PCMA"), (PCMU, "PCMU")])
def test_the_callee_chooses_among_the_codecs_offered(codecs, name):
    assert call((invited(), answer(codecs), hung_up()), answered).leg.read_codec == name


def test_a_reinvite_changes_the_codec_and_the_call_goes_on():
    async def changed(diary: Diary) -> None:
        await diary.until("answer")
        await ended(diary)

    leg = call((invited(), answer(PCMA), pause(100), reinvite(PCMU), hang_up()), changed).leg
    assert (leg.read_codec, leg.cause) == ("PCMU", "NORMAL_CLEARING")


def test_a_reinvite_with_nothing_in_common_is_refused_and_the_call_goes_on():
    refused = reinvite(ONLY_G729).replace('response="200"', 'response="488"')
    leg = call((invited(), answer(PCMA), pause(100), refused, hang_up()), ended).leg
    assert (leg.read_codec, leg.hangup_disposition) == ("PCMA", "recv_bye")


def test_a_digest_challenge_is_answered_with_the_gateways_credentials():
    steps = (invited(), challenge(), invited_with_credentials("dialer", "s3cret"), answer(), hang_up())
    diary = call(steps, ended, username="dialer", password="s3cret")
    assert (diary.entries, diary.leg.cause) == (["answer", "hangup"], "NORMAL_CLEARING")


def test_a_challenge_to_a_gateway_without_a_password_is_a_rejection():
    leg = call((invited(), challenge()), ended).leg
    assert (leg.cause, leg.sip_code) == ("CALL_REJECTED", 401)
