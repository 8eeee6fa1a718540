"""Digits by telephone-events, by SIP INFO and by tones, from SIPp."""

import pytest

from tests.embedded.media.rig import Diary, call, ended, eventually
from tests.switch.scenario import (
    PCMA_WITHOUT_EVENTS,
    answer,
    early_media,
    hang_up,
    hung_up,
    info_digit,
    invited,
    pause,
    play,
)
from tests.switch.sounds import digit_capture, inband_capture

DEBIANS_ONE = "/usr/share/sip-tester/dtmf_2833_1.pcap"


async def a_digit(diary: Diary) -> None:
    await eventually(lambda: bool(diary.digits))


def test_debians_own_capture_of_a_one_is_one_digit_one():
    diary = call((invited(), answer(), play(DEBIANS_ONE), pause(1000), hang_up()), ended)
    assert diary.digits == [("1", 280, "rfc2833")]


@pytest.mark.parametrize("key", "7*#")
def test_a_telephone_event_is_one_digit(key):
    diary = call((invited(), answer(), play(digit_capture(key)), pause(1000), hang_up()), ended)
    assert [(digit, source) for digit, _, source in diary.digits] == [(key, "rfc2833")]


def test_a_digit_in_early_media_is_heard():
    diary = call((invited(), early_media(), play(digit_capture("5")), pause(1000), answer(), hung_up()), a_digit)
    assert diary.digits[0][0] == "5"


def test_telephone_events_the_callees_sdp_did_not_announce_are_no_digits():
    diary = call((invited(), answer(PCMA_WITHOUT_EVENTS), play(digit_capture("1")), pause(1000), hang_up()), ended)
    assert diary.digits == []


def test_an_info_is_a_digit():
    assert call((invited(), answer(), info_digit("1"), hung_up()), a_digit).digits == [("1", 160, "info")]


def test_tones_are_a_digit_only_while_listened_for():
    steps = (invited(), answer(PCMA_WITHOUT_EVENTS), pause(200), play(inband_capture("1")), pause(1200), hang_up())

    async def listen(diary: Diary) -> None:
        await diary.until("answer")
        diary.leg.start_inband_dtmf()
        await ended(diary)

    heard = call(steps, listen).digits
    assert [(digit, source) for digit, _, source in heard] == [("1", "inband")]
    assert call(steps, ended).digits == []
