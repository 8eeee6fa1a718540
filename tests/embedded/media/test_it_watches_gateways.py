"""Gateways: pings decide UP and DOWN, registrations are kept, strangers are turned away."""

import asyncio
import uuid

from aiosipua import SipMessage, SipRequest

from embedded_switch.gateway import Gateway, GatewayStatus
from tests.embedded.media.bare_callee import BareCallee
from tests.embedded.media.rig import Diary, engine, eventually


def run_with_callee(play):
    async def run():
        callee = BareCallee()
        try:
            async with engine() as running:
                await play(callee, running)
        finally:
            callee.close()

    asyncio.run(run())


def test_a_gateway_whose_pings_fail_is_down_and_gets_no_invite():
    async def play(callee: BareCallee, running) -> None:
        callee.close()
        gateway = Gateway("dead", f"127.0.0.1:{9}", ping_s=1)
        changed: list[Gateway] = []
        running.on_gateway_state = changed.append
        running.add_gateway(gateway)
        await eventually(lambda: gateway.status is GatewayStatus.DOWN)
        assert changed == [gateway]
        diary = Diary(running.dial(gateway, "+79990000001", str(uuid.uuid4()), caller_id_number="+74950000000"))
        await diary.until("hangup")
        assert (diary.leg.cause, diary.leg.sip_call_id) == ("GATEWAY_DOWN", "")

    run_with_callee(play)


def test_a_gateway_that_answers_again_is_up_again():
    async def play(callee: BareCallee, running) -> None:
        gateway = Gateway("back", f"127.0.0.1:{callee.port}", ping_s=1, status=GatewayStatus.DOWN, ping_count=0)
        running.add_gateway(gateway)
        callee.answer(await callee.receive("OPTIONS"), 404, "Not Found")  # any answer proves life
        await eventually(lambda: gateway.status is GatewayStatus.UP)

    run_with_callee(play)


def test_a_registration_answers_the_challenge_and_brings_the_gateway_up():
    async def play(callee: BareCallee, running) -> None:
        gateway = Gateway("reg", f"127.0.0.1:{callee.port}", username="u", password="p", realm="r", register=True)
        running.add_gateway(gateway)
        assert gateway.status is GatewayStatus.DOWN
        first = await callee.receive("REGISTER")
        callee.challenge(first)
        second = await callee.receive("REGISTER")
        assert 'username="u"' in (second.get_header("Authorization") or "")
        callee.answer(second, 200, "OK")
        await eventually(lambda: gateway.registration == "REGED")
        assert gateway.status is GatewayStatus.UP

    run_with_callee(play)


def test_calls_from_outside_are_refused_and_options_answered():
    async def play(callee: BareCallee, running) -> None:
        callee.caller = ("127.0.0.1", running.sip_port)
        for method, status in (("INVITE", 403), ("OPTIONS", 200), ("BYE", 481), ("SUBSCRIBE", 405)):
            stranger = SipMessage.parse(
                f"{method} sip:x@127.0.0.1 SIP/2.0\r\nTo: <sip:x@127.0.0.1>\r\n"
                f"From: <sip:y@127.0.0.1>;tag=1\r\nCall-ID: {method}\r\nCSeq: 1 {method}\r\n\r\n"
            )
            assert isinstance(stranger, SipRequest)
            callee.send_new(stranger)
            await callee.receive_answer(status)

    run_with_callee(play)
