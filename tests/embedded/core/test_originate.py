"""Originate: what is answered when, which events come, what is left behind."""

import asyncio

import pytest

from tests.embedded.core.rig import running, until
from tests.embedded.core.test_event_socket import served

__all__ = ["served"]
LOG = '<action application="log" data="notice {}"/>'
PARKED = (
    '<extension name="p"><condition field="destination_number" expression="^park$">'
    '<action application="set" data="seen=${destination_number}"/><action application="park"/></condition></extension>'
)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("", "-USAGE"),
        ("{a=b c}sofia/gateway/gw1/1 &park", "-ERR DESTINATION_OUT_OF_ORDER\n"),
        ("{a=b,c=d sofia/gateway/gw1/1 &park", "-ERR DESTINATION_OUT_OF_ORDER\n"),
        ("{a='b,c}sofia/gateway/gw1/1 &park", "-USAGE"),
        ("sofia/gateway/nobody/1 &park", "-ERR INVALID_GATEWAY\n"),
        ("sofia/gateway/gw1 &park", "-ERR INVALID_URL\n"),
        ("nosuch/gw1/1 &park", "-ERR CHAN_NOT_IMPLEMENTED\n"),
    ],
)
def test_what_makes_no_channel_says_why(served, arguments, answer):
    async def scenario(rig):
        client = await rig.signed_in()
        assert (await client.say(f"api originate {arguments}")).startswith(answer)
        assert rig.switch.channels == {}

    served(scenario)


def test_the_reply_comes_with_the_answer_and_the_dialplan_begins(served):
    async def scenario(rig):
        client = await rig.signed_in()
        await client.say("event json BACKGROUND_JOB")
        leg = await rig.call(client, "park XML dialer", "origination_uuid=u1,absolute_codec_string=^^:PCMA:PCMU")
        assert leg.codecs == ["PCMA", "PCMU"]
        assert (await client.event("BACKGROUND_JOB"))["_body"] == "+OK u1\n"
        await until(lambda: rig.switch.channels["u1"].application == "park")
        assert await client.say("api uuid_getvar u1 seen") == "park"
        assert await client.say("api uuid_exists u1") == "true"
        assert '"application":"park"' in await client.say("api show channels as json")

    served(scenario, dialplan=PARKED)


def test_early_media_counts_as_an_answer_unless_it_is_ignored(served):
    async def scenario(rig):
        client = await rig.signed_in()
        await client.say("event json BACKGROUND_JOB")
        leg = await rig.call(client, "&park", "origination_uuid=u1,ignore_early_media=true", answered=False)
        leg.send_early_media()
        other = await rig.call(client, "&park", "origination_uuid=u2", answered=False)
        other.send_early_media()
        assert (await client.event("BACKGROUND_JOB"))["_body"] == "+OK u2\n"
        leg.answer()
        assert (await client.event("BACKGROUND_JOB"))["_body"] == "+OK u1\n"

    served(scenario)


def test_a_refusal_is_the_reply_and_leaves_nothing(served):
    async def scenario(rig):
        client = await rig.signed_in()
        await client.say("event json BACKGROUND_JOB CHANNEL_HANGUP_COMPLETE")
        leg = await rig.call(client, answered=False)
        leg.refuse(486, "USER_BUSY")
        ended = await client.event("CHANNEL_HANGUP_COMPLETE")
        assert ended["Hangup-Cause"] == "USER_BUSY"
        assert ended["variable_proto_specific_hangup_cause"] == "sip:486"
        assert ended["variable_billsec"] == "0"
        assert (await client.event("BACKGROUND_JOB"))["_body"] == "-ERR USER_BUSY\n"
        assert rig.switch.channels == {}

    served(scenario)


def test_nobody_answering_in_time_is_no_answer(served):
    async def scenario(rig):
        client = await rig.signed_in()
        await client.say("event json BACKGROUND_JOB")
        leg = await rig.call(client, "&park", "originate_timeout=1", answered=False)
        assert (await client.event("BACKGROUND_JOB"))["_body"] == "-ERR NO_ANSWER\n"
        assert (leg.cause, leg.hangup_disposition) == ("NO_ANSWER", "send_cancel")

    served(scenario)


def test_a_live_uuid_is_not_dialled_again(served):
    async def scenario(rig):
        client = await rig.signed_in()
        await rig.call(client, "&park", "origination_uuid=u1")
        answer = await client.say("api originate {origination_uuid=u1}sofia/gateway/gw1/1 &park")
        assert answer == "-ERR DESTINATION_OUT_OF_ORDER\n"
        assert len(rig.engine.legs) == 1

    served(scenario)


def test_sessions_are_limited_in_number_and_per_second(tmp_path):
    async def scenario():
        async with running(tmp_path, max_sessions=1) as rig:
            client = await rig.signed_in()
            await rig.call(client, "&park")
            assert (await client.say("api originate sofia/gateway/gw1/1 &park")).startswith("-ERR DESTINATION")
        async with running(tmp_path, per_second=1) as rig:  # the last one of a second is refused: 1 lets 0 through
            client = await rig.signed_in()
            assert (await client.say("api originate sofia/gateway/gw1/1 &park")).startswith("-ERR DESTINATION")

    asyncio.run(scenario())


def test_a_call_tells_of_its_life_in_order(served):
    wanted = (
        "CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_ANSWER CHANNEL_EXECUTE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE "
        "CHANNEL_DESTROY"
    )

    async def scenario(rig):
        client, other = await rig.signed_in(), await rig.signed_in()
        await client.say(f"event json {wanted}")
        leg = await rig.call(other, "&park", "mine='a b'", answered=False)
        leg.ring()
        leg.answer()
        await until(lambda: any(channel.application == "park" for channel in rig.switch.channels.values()))
        leg.hang_up()
        heard = [await client.event(name) for name in wanted.split()]
        sequence = [int(event["Event-Sequence"]) for event in heard]
        assert sequence == sorted(sequence)
        assert heard[-2]["variable_mine"] == "a b"
        assert heard[-2]["Caller-Channel-Answered-Time"] != "0"
        assert heard[-2]["variable_sip_hangup_disposition"] == "recv_bye"

    served(scenario)


def test_an_answered_call_is_bounded_by_sched_hangup(served):
    async def scenario(rig):
        client = await rig.signed_in()
        leg = await rig.call(client, "&park", "execute_on_answer='sched_hangup +1 ALLOTTED_TIMEOUT'")
        await until(lambda: leg.cause == "ALLOTTED_TIMEOUT")

    served(scenario)


def test_a_command_bounds_an_answered_call_as_well(served):
    async def scenario(rig):
        client = await rig.signed_in()
        uuid = "aaaaaaaa-0000-4000-8000-000000000009"
        variables = f"origination_uuid={uuid},api_on_answer='sched_hangup +1 {uuid} ALLOTTED_TIMEOUT'"
        leg = await rig.call(client, "&park", variables)
        await until(lambda: leg.cause == "ALLOTTED_TIMEOUT")

    served(scenario)


def test_a_destination_without_an_extension_ends_the_call(served):
    async def scenario(rig):
        client = await rig.signed_in()
        leg = await rig.call(client, "nowhere XML dialer")
        await until(lambda: leg.cause == "NO_ROUTE_DESTINATION")

    served(scenario)


def test_the_end_of_the_dialplan_ends_the_call(served):
    async def scenario(rig):
        client = await rig.signed_in()
        leg = await rig.call(client, "&log(notice hello)")
        await until(lambda: leg.cause == "NORMAL_CLEARING")

    served(scenario)


def test_stopping_the_switch_ends_calls_with_system_shutdown(tmp_path):
    async def scenario():
        async with running(tmp_path) as rig:
            leg = await rig.call(await rig.signed_in(), "&park")
        assert leg.cause == "SYSTEM_SHUTDOWN"

    asyncio.run(scenario())


def test_a_bridge_connects_with_somebody_else(served):
    async def scenario(rig):
        client = await rig.signed_in()
        leg = await rig.call(client, "&bridge(sofia/gateway/gw1/+15005550002)", "origination_uuid=u1")
        operator = await rig.engine.next_leg()
        operator.answer()
        await until(lambda: operator.sinks and leg.sinks)
        assert rig.switch.channels["u1"].get("originate_disposition") == "SUCCESS"
        leg.hang_up()
        await until(lambda: operator.cause)

    served(scenario)


def test_a_bridge_that_is_refused_says_with_what(served):
    async def scenario(rig):
        client = await rig.signed_in()
        await rig.call(client, "&bridge(sofia/gateway/gw1/+15005550002)", "origination_uuid=u1,continue_on_fail=true")
        channel = rig.switch.channels["u1"]
        (await rig.engine.next_leg()).refuse(503, "NORMAL_TEMPORARY_FAILURE")
        await until(lambda: channel.get("originate_disposition"))
        assert channel.get("originate_disposition") == "NORMAL_TEMPORARY_FAILURE"
        assert channel.get("last_bridge_proto_specific_hangup_cause") == "sip:503"

    served(scenario)
