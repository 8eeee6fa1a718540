"""What UDP loses or crosses: sent again, acknowledged again, given up after the timers."""

import asyncio
import uuid

import pytest

from embedded_switch import sip_timers
from embedded_switch.gateway import Gateway
from embedded_switch.leg import LegState
from tests.embedded.media.bare_callee import BareCallee
from tests.embedded.media.rig import Diary, dial, engine, eventually


def with_callee(play):
    """Run play(callee, diary) with a call on its way."""

    async def run():
        callee = BareCallee()
        try:
            async with engine() as running:
                await play(callee, dial(running, callee.port))
        finally:
            callee.close()

    asyncio.run(run())


@pytest.fixture
def hasty_timers(monkeypatch):
    """Timers a hundred times faster, so that giving up takes 0.32 s."""
    monkeypatch.setattr(sip_timers, "T1", 0.005)
    monkeypatch.setattr(sip_timers, "T2", 0.04)
    monkeypatch.setattr(sip_timers, "GIVE_UP", 0.32)


def test_an_unanswered_invite_is_sent_again_and_given_up_as_408(hasty_timers):
    async def play(callee: BareCallee, diary: Diary) -> None:
        first = await callee.receive("INVITE")
        second = await callee.receive("INVITE")
        assert bytes(first) == bytes(second)
        await diary.until("hangup")
        assert (diary.leg.cause, diary.leg.sip_code) == ("RECOVERY_ON_TIMER_EXPIRE", 408)

    with_callee(play)


def test_a_provisional_answer_stops_the_copies(hasty_timers):
    async def play(callee: BareCallee, diary: Diary) -> None:
        callee.answer(await callee.receive("INVITE"), 180, "Ringing")
        await diary.until("progress")
        while not await callee.hears_nothing(0.1):
            pass
        assert diary.leg.state is LegState.RINGING

    with_callee(play)


def test_a_port_nobody_listens_on_fails_at_once_as_503():
    async def run():
        closed = BareCallee()
        closed.close()
        port = 9
        async with engine() as running:
            diary = dial(running, port)
            async with asyncio.timeout(2):
                await diary.until("hangup")
            assert (diary.leg.cause, diary.leg.sip_code) == ("NORMAL_TEMPORARY_FAILURE", 503)

    asyncio.run(run())


def test_a_call_given_up_at_once_sends_nothing():
    async def play(callee: BareCallee, diary: Diary) -> None:
        diary.leg.hangup("NO_ANSWER")
        await diary.until("hangup")
        assert await callee.hears_nothing(0.2)

    with_callee(play)


def test_a_gateway_without_an_address_fails_as_503():
    async def run():
        async with engine() as running:
            gateway = Gateway("lost", "no-such-host.invalid")
            leg = running.dial(gateway, "+79990000001", str(uuid.uuid4()), caller_id_number="+74950000000")
            await leg.wait_ended()
            assert (leg.cause, leg.sip_code) == ("NORMAL_TEMPORARY_FAILURE", 503)

    asyncio.run(run())


def test_a_hangup_before_any_answer_cancels_once_the_callee_has_spoken():
    async def play(callee: BareCallee, diary: Diary) -> None:
        invite = await callee.receive("INVITE")
        diary.leg.hangup("NO_ANSWER")
        callee.answer(invite, 180, "Ringing")
        cancel = await callee.receive("CANCEL")
        assert cancel.get_header("reason") == 'Q.850;cause=19;text="NO_ANSWER"'
        assert cancel.via[0].branch == invite.via[0].branch
        callee.answer(cancel, 200, "OK")
        callee.answer(invite, 487, "Request Terminated")
        await callee.receive("ACK")

    with_callee(play)


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up():
    async def play(callee: BareCallee, diary: Diary) -> None:
        invite = await callee.receive("INVITE")
        callee.answer(invite, 180, "Ringing")
        await diary.until("progress")
        diary.leg.hangup("NO_ANSWER")
        await callee.receive("CANCEL")
        callee.answer(invite, 200, "OK", with_sdp=True)
        await callee.receive("ACK")
        bye = await callee.receive("BYE")
        callee.answer(bye, 200, "OK")
        assert "answer" not in diary.entries

    with_callee(play)


def test_an_answer_repeated_because_its_ack_was_lost_is_acknowledged_again():
    async def play(callee: BareCallee, diary: Diary) -> None:
        invite = await callee.receive("INVITE")
        callee.answer(invite, 200, "OK", with_sdp=True)
        first = await callee.receive("ACK")
        callee.answer(invite, 200, "OK", with_sdp=True)
        assert bytes(await callee.receive("ACK")) == bytes(first)
        assert diary.entries == ["answer"]

    with_callee(play)


def test_a_second_branch_that_answers_is_hung_up_and_the_first_call_goes_on():
    async def play(callee: BareCallee, diary: Diary) -> None:
        invite = await callee.receive("INVITE")
        callee.answer(invite, 200, "OK", with_sdp=True, tag="first")
        await diary.until("answer")
        callee.answer(invite, 200, "OK", with_sdp=True, tag="second")
        bye = await callee.receive("BYE")
        assert "tag=second" in (bye.get_header("to") or "")
        callee.answer(bye, 200, "OK")
        assert diary.leg.state is LegState.ANSWERED

    with_callee(play)


def test_an_unanswered_bye_is_sent_again():
    async def play(callee: BareCallee, diary: Diary) -> None:
        callee.answer(await callee.receive("INVITE"), 200, "OK", with_sdp=True)
        await diary.until("answer")
        diary.leg.hangup("ALLOTTED_TIMEOUT")
        first, second = await callee.receive("BYE"), await callee.receive("BYE")
        assert bytes(first) == bytes(second)
        assert first.get_header("reason") == 'SIP;cause=802;text="ALLOTTED_TIMEOUT"'
        callee.answer(second, 200, "OK")

    with_callee(play)


def test_a_copied_info_is_answered_again_but_pressed_once():
    async def play(callee: BareCallee, diary: Diary) -> None:
        invite = await callee.receive("INVITE")
        callee.answer(invite, 200, "OK", with_sdp=True)
        await callee.receive("ACK")
        for _ in range(2):
            callee.request("INFO", invite, 7, "Signal=3\r\nDuration=100\r\n", "application/dtmf-relay")
            await callee.receive_answer(200)
        assert diary.digits == [("3", 100, "info")]

    with_callee(play)


def test_a_bye_that_does_not_know_the_callees_tag_ends_nothing():
    async def play(callee: BareCallee, diary: Diary) -> None:
        invite = await callee.receive("INVITE")
        callee.answer(invite, 200, "OK", with_sdp=True)
        await callee.receive("ACK")
        callee.request("BYE", invite, 7, tag="stranger")
        await callee.receive_answer(481)
        assert diary.leg.state is LegState.ANSWERED

    with_callee(play)


def test_our_answer_to_a_reinvite_is_sent_until_acknowledged(hasty_timers):
    async def play(callee: BareCallee, diary: Diary) -> None:
        invite = await callee.receive("INVITE")
        callee.answer(invite, 200, "OK", with_sdp=True)
        await callee.receive("ACK")
        offer = invite.text.replace("m=audio", "m=audio")
        callee.request("INVITE", invite, 8, offer, "application/sdp")
        await callee.receive_answer(200)
        await callee.receive_answer(200)
        callee.request("ACK", invite, 8)
        while not await callee.hears_nothing(0.1):
            pass
        assert diary.leg.state is LegState.ANSWERED

    with_callee(play)


def test_a_callee_that_never_acknowledges_our_answer_is_hung_up(hasty_timers):
    async def play(callee: BareCallee, diary: Diary) -> None:
        invite = await callee.receive("INVITE")
        callee.answer(invite, 200, "OK", with_sdp=True)
        await callee.receive("ACK")
        callee.request("INVITE", invite, 8, invite.text, "application/sdp")
        await diary.until("hangup")
        assert diary.leg.cause == "RECOVERY_ON_TIMER_EXPIRE"

    with_callee(play)


def test_a_reinvite_without_an_offer_gets_ours_and_the_answer_comes_with_the_ack():
    async def play(callee: BareCallee, diary: Diary) -> None:
        invite = await callee.receive("INVITE")
        callee.answer(invite, 200, "OK", with_sdp=True)
        await callee.receive("ACK")
        callee.request("INVITE", invite, 8)
        offer = await callee.receive_answer(200)
        assert "m=audio" in offer.text
        answer = "v=0\r\no=c 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
        callee.request("ACK", invite, 8, answer, "application/sdp")
        await eventually(lambda: diary.leg.read_codec == "PCMU")
        assert diary.leg.remote_media == ("127.0.0.1", 4000)

    with_callee(play)


def test_a_reinvite_that_holds_stops_our_audio_and_one_that_resumes_brings_it_back():
    async def play(callee: BareCallee, diary: Diary) -> None:
        from embedded_switch.media_source import open_source

        invite = await callee.receive("INVITE")
        callee.answer(invite, 200, "OK", with_sdp=True)
        await callee.receive("ACK")
        playing = asyncio.ensure_future(diary.leg.play(open_source("tone_stream://%(1000,0,425);loops=-1")))
        await eventually(lambda: received(callee) > 0)
        port = callee.media.getsockname()[1]
        for sequence, direction in ((8, "sendonly"), (9, "sendrecv")):
            offer = (
                "v=0\r\no=c 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
            )
            callee.request("INVITE", invite, sequence, offer, "application/sdp")
            agreed = await callee.receive_answer(200)
            callee.request("ACK", invite, sequence)
            assert ("a=recvonly" in agreed.text) == (direction == "sendonly")
            received(callee)
            if direction == "sendonly":
                await asyncio.sleep(0.1)  # the proof is that nothing comes
                assert received(callee) == 0
            else:
                await eventually(lambda: received(callee) > 0)
        diary.leg.hangup()
        await playing

    with_callee(play)


def received(callee: BareCallee) -> int:
    """Count and drop the audio packets that have come."""
    count = 0
    while True:
        try:
            callee.media.recv(2048)
        except BlockingIOError:
            return count
        count += 1
