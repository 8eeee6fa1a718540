"""The Event Socket: who may sign in, what is answered, which events come."""

import asyncio
import json

import pytest

from embedded_switch.registry import COMMANDS
from tests.embedded.core.rig import running, until


@pytest.fixture
def served(tmp_path):
    """Run a test's coroutine against a switch; it gets the rig."""

    def run(scenario, **options):
        async def whole():
            async with running(tmp_path, **options) as rig:
                return await scenario(rig)

        return asyncio.run(whole())

    return run


def test_a_right_password_opens_and_a_wrong_one_closes(served):
    async def scenario(rig):
        await rig.signed_in()
        stranger = await rig.connect()
        assert (await stranger.packet())[0] == {"Content-Type": "auth/request"}
        assert await stranger.say("auth wrong") == "-ERR invalid"
        assert (await stranger.packet())[0]["Content-Type"] == "text/disconnect-notice"

    served(scenario)


def test_nothing_is_answered_before_the_password(served):
    async def scenario(rig):
        stranger = await rig.connect()
        await stranger.packet()
        assert await stranger.say("api status") == "-ERR command not found"

    served(scenario)


def test_a_user_may_do_what_the_directory_allows(served):
    async def scenario(rig):
        user = await rig.connect()
        await user.packet()
        assert await user.say("userauth scheduler@local:other") == "+OK accepted"
        assert (await user.say("api status")).startswith("UP ")
        assert await user.say("api hupall") == "-ERR permission denied"
        assert await user.say("bgapi bgapi hupall") == "-ERR permission denied"
        assert await user.say("event plain CHANNEL_ANSWER") == "-ERR permission denied"
        assert await user.say("event plain HEARTBEAT") == "+OK event listener enabled plain"

    served(scenario)


def test_a_wrong_user_is_sent_away(served):
    async def scenario(rig):
        user = await rig.connect()
        await user.packet()
        assert await user.say("userauth scheduler@local:secret") == "-ERR invalid"

    served(scenario)


def test_a_line_break_ends_the_command(served):
    async def scenario(rig):
        client = await rig.signed_in()
        assert await client.say("api echo one\nsystem: two") == "one"

    served(scenario)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("bogus", "-ERR command not found"),
        ("api nosuch", "-ERR nosuch Command not found!\n"),
        ("api uuid_exists nobody", "false"),
        ("api uuid_kill nobody", "-ERR No such channel!\n"),
        ("api uuid_getvar nobody x", "-ERR No such channel!\n"),
        ("api show channels", "\n0 total.\n"),
        ("api show channels as json", '{"row_count": 0}\n'),
        ("api hupall", "+OK hangup all channels with cause MANAGER_REQUEST\n"),
        ("api sofia profile external killgw nobody", "-ERR no such gateway.\n"),
        ("api sofia status gateway nobody", "Invalid Gateway!\n"),
        ("api sched_hangup +1 nobody", "-ERR No such channel!\n"),
        ("api msleep 1", "+OK"),
        ("linger", "-ERR not controlling a session"),
        ("event plain nonsense", "-ERR no keywords supplied"),
        ("noevents", "-ERR not listening for events"),
        ("filter Unique-ID", "-ERR invalid syntax"),
        ("filter Unique-ID abc", "+OK filter added. [Unique-ID]=[abc]"),
        ("filter delete all", "+OK filter deleted. [all][]"),
    ],
)
def test_answers_are_freeswitchs_to_the_letter(served, command, answer):
    async def scenario(rig):
        client = await rig.signed_in()
        assert await client.say(command) == answer

    served(scenario)


def test_a_job_keeps_the_clients_uuid(served):
    async def scenario(rig):
        client = await rig.signed_in()
        await client.say("event plain BACKGROUND_JOB")
        assert await client.say("bgapi echo hello\nJob-UUID: mine") == "+OK Job-UUID: mine"
        job = await client.event("BACKGROUND_JOB")
        assert (job["Job-UUID"], job["Job-Command"], job["Job-Command-Arg"]) == ("mine", "echo", "hello")
        assert job["_body"] == "hello"

    served(scenario)


def test_a_failing_command_leaves_its_client_connected(served, monkeypatch):
    async def broken(*_arguments):
        raise RuntimeError("broken")

    monkeypatch.setitem(COMMANDS, "echo", broken)

    async def scenario(rig):
        client = await rig.signed_in()
        assert (await client.say("api echo x")).startswith("-ERR")
        assert (await client.say("api status")).startswith("UP ")

    served(scenario)


def test_json_events_carry_the_same_headers_as_plain_ones(served):
    async def scenario(rig):
        plain, as_json = await rig.signed_in(), await rig.signed_in()
        await plain.say("event plain CHANNEL_ANSWER")
        await as_json.say("event json CHANNEL_ANSWER")
        await rig.call(plain, "&park")
        heard = await plain.event("CHANNEL_ANSWER")
        heard.pop("_body")
        assert await as_json.event("CHANNEL_ANSWER") == heard

    served(scenario)


def test_a_filter_lets_only_its_channel_through(served):
    async def scenario(rig):
        client, other = await rig.signed_in(), await rig.signed_in()
        await client.say("event json CHANNEL_ANSWER")
        await client.say("filter Unique-ID wanted")
        await rig.call(other, "&park", "origination_uuid=unwanted")
        await rig.call(other, "&park", "origination_uuid=wanted")
        assert (await client.event("CHANNEL_ANSWER"))["Unique-ID"] == "wanted"

    served(scenario)


def test_nixevent_and_noevents_stop_what_was_asked_for(served):
    async def scenario(rig):
        client, other = await rig.signed_in(), await rig.signed_in()
        await client.say("event json CHANNEL_ANSWER CHANNEL_HANGUP BACKGROUND_JOB")
        assert await client.say("nixevent CHANNEL_ANSWER") == "+OK events nixed"
        leg = await rig.call(other, "&park")
        leg.hang_up()
        _, body = await client.packet()
        names = [json.loads(body)["Event-Name"]]
        names.append(json.loads((await client.packet())[1])["Event-Name"])
        assert set(names) == {"CHANNEL_HANGUP", "BACKGROUND_JOB"}
        assert await client.say("noevents") == "+OK no longer listening for events"

    served(scenario)


def test_custom_events_come_by_subclass(served):
    async def scenario(rig):
        client = await rig.signed_in()
        await client.say("event plain CUSTOM sofia::gateway_state")
        for subclass in ("other::thing", "sofia::gateway_state"):
            rig.switch.bus.fire(rig.switch.bus.new("CUSTOM", subclass))
        assert (await client.event("CUSTOM"))["Event-Subclass"] == "sofia::gateway_state"

    served(scenario)


def test_a_shell_is_refused_and_the_asking_is_counted(served):
    async def scenario(rig):
        client = await rig.signed_in()
        assert "no shell" in await client.say("api system touch /tmp/never")
        await rig.call(client, "&system(id)")
        await until(lambda: rig.switch.shell_commands_refused == 2)
        assert "shell commands refused 2" in await client.say("api status")

    served(scenario)
