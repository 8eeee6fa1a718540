"""Scripts in the switch: what they are called with, what session methods return, what hurts as in FreeSWITCH."""

import asyncio
import json
import logging
import textwrap

import pytest

from tests.embedded.core.rig import running, until

HEAD = """
import freeswitch, json, threading, sys, time
def say(**facts):
    freeswitch.consoleLog("notice", "SAID " + json.dumps(facts))
"""


@pytest.fixture
def scripted(tmp_path, caplog):
    """Run a scenario against a switch whose module `entry` is the given source; `said` collects what it logs."""
    caplog.set_level(logging.DEBUG, "embedded_switch")

    def run(source, scenario, **options):
        (tmp_path / "entry.py").write_text(HEAD + textwrap.dedent(source))

        async def whole():
            async with running(tmp_path, python=True, **options) as rig:
                rig.client = await rig.signed_in()
                return await scenario(rig)

        return asyncio.run(whole())

    def said():
        return [json.loads(text[5:]) for text in (r.getMessage() for r in caplog.records) if text.startswith("SAID ")]

    run.said = said
    run.log = lambda: "\n".join(record.getMessage() for record in caplog.records)
    return run


def once_said(scripted, count=1):
    return until(lambda: len(scripted.said()) >= count)


def test_the_handler_gets_a_session_and_its_arguments(scripted):
    async def scenario(rig):
        await rig.call(rig.client, variables="origination_uuid=u1")
        await once_said(scripted)

    scripted(
        """
        def handler(session, args):
            say(uuid=session.get_uuid(), args=args, up=session.ready(), answered=session.answered(),
                thread=type(threading.current_thread()).__name__, limit=sys.getrecursionlimit())
        """,
        scenario,
    )
    assert scripted.said() == [
        {"uuid": "u1", "args": "one two", "up": True, "answered": True, "thread": "_DummyThread", "limit": 240}
    ]


def test_the_entry_module_is_reloaded_and_what_it_imports_is_not(scripted, tmp_path):
    (tmp_path / "helper_of_entry.py").write_text("count = 0\n")

    async def scenario(rig):
        for expected in (1, 2):
            await rig.call(rig.client)
            await once_said(scripted, expected)

    scripted(
        """
        import helper_of_entry
        mine = 0
        def handler(session, args):
            global mine
            mine += 1
            helper_of_entry.count += 1
            say(mine=mine, helper=helper_of_entry.count)
        """,
        scenario,
    )
    assert scripted.said() == [{"mine": 1, "helper": 1}, {"mine": 1, "helper": 2}]


def test_the_hook_runs_for_an_unanswered_leg_with_its_final_event(scripted):
    async def scenario(rig):
        leg = await rig.call(rig.client, variables="api_hangup_hook='python entry hook args',mine=7", answered=False)
        leg.refuse(486, "USER_BUSY")
        await once_said(scripted)

    scripted(
        """
        def fsapi(session, stream, env, args):
            say(session=session, args=args, cause=env.getHeader("Hangup-Cause"), mine=env.getHeader("variable_mine"),
                bare=env.getHeader("mine"), missing=env.getHeader("nothing"), fired=env.fire(),
                code=env.getHeader("variable_proto_specific_hangup_cause"), first=env.serialize().split("\\n")[0])
        """,
        scenario,
    )
    assert scripted.said() == [
        {
            "session": "na",
            "args": "hook args",
            "cause": "USER_BUSY",
            "mine": "7",
            "bare": "7",
            "missing": None,
            "fired": False,
            "code": "sip:486",
            "first": "direction: outbound",
        }
    ]


def test_the_hook_waits_for_the_script_and_the_last_event_for_the_hook(scripted):
    async def scenario(rig):
        await rig.client.say("event json CHANNEL_HANGUP_COMPLETE")
        leg = await rig.call(rig.client, variables="api_hangup_hook='python entry',origination_uuid=u1")
        await once_said(scripted)
        leg.hang_up()
        await until(lambda: leg.cause)
        assert await rig.client.say("api uuid_exists u1") == "false"  # hung up is gone, though the script still runs
        await rig.client.event("CHANNEL_HANGUP_COMPLETE")

    scripted(
        """
        def handler(session, args):
            say(at="start")
            while session.ready():
                session.sleep(20)
            session.setVariable("set_late", "yes")
            say(at="handler", slept=session.sleep(500), played=session.streamFile("silence_stream://500"),
                digits=session.getDigits(1, "", 500), answered=session.answered(), cause=session.hangupCause())
        def fsapi(session, stream, env, args):
            say(at="hook", late=env.getHeader("variable_set_late"))
        """,
        scenario,
    )
    assert scripted.said()[1:] == [
        {"at": "handler", "slept": 1, "played": 0, "digits": "", "answered": True, "cause": "NONE"},
        {"at": "hook", "late": "yes"},
    ]


def test_an_api_command_writes_to_its_stream(scripted):
    async def scenario(rig):
        assert await rig.client.say("api python entry a b") == "hello a b"
        assert await rig.client.say("api pyrun entry c") == "OK\n"
        await once_said(scripted)

    scripted(
        """
        def fsapi(session, stream, env, args):
            stream.write("hello ")
            stream.write(args)
        def runtime(args):
            say(runtime=args)
        """,
        scenario,
    )
    assert scripted.said() == [{"runtime": "c"}]


def test_the_startup_script_runs_and_its_threads_live_on(scripted):
    async def scenario(rig):
        assert rig.switch.scripts is not None
        await once_said(scripted, 3)

    scripted(
        """
        def runtime(args):
            def work():
                for number in range(3):
                    say(number=number)
                    time.sleep(0.01)
            threading.Thread(target=work, daemon=True).start()
        """,
        scenario,
        startup="entry",
    )
    assert [fact["number"] for fact in scripted.said()] == [0, 1, 2]


def test_what_escapes_is_logged_and_the_call_ends(scripted):
    async def scenario(rig):
        leg = await rig.call(rig.client)
        await until(lambda: leg.cause == "NORMAL_CLEARING")

    scripted("def handler(session, args):\n    raise ValueError('boom')\n", scenario)
    assert "Error calling python script" in scripted.log()
    assert "Python Error by calling script \"entry\": <class 'ValueError'>\nMessage: boom" in scripted.log()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [("import nowhere_to_be_found", "Error importing module"), ("other = 1", "Module does not define handler")],
)
def test_a_module_that_cannot_serve_is_logged(scripted, source, complaint):
    async def scenario(rig):
        leg = await rig.call(rig.client)
        await until(lambda: leg.cause == "NORMAL_CLEARING")

    scripted(source, scenario)
    assert complaint in scripted.log()


def test_digits_wait_in_the_queue_until_somebody_collects_them(scripted):
    async def scenario(rig):
        leg = await rig.call(rig.client)
        await once_said(scripted)
        leg.press("4")
        leg.press("5")
        await once_said(scripted, 2)

    scripted(
        """
        def handler(session, args):
            say(ready=1)
            played = session.streamFile("silence_stream://300")
            start = time.monotonic()
            session.execute("sleep", "1000")  # a waiting digit ends the application at once, and waits on
            broke = time.monotonic() - start < 0.5
            slept = session.sleep(100)
            digits, none = session.getDigits(2, "", 500), session.getDigits(1, "", 50)
            say(played=played, broke=broke, slept=slept, digits=digits, none=none)
        """,
        scenario,
    )
    assert scripted.said()[1] == {"played": 1, "broke": True, "slept": 1, "digits": "45", "none": ""}


def test_a_callback_hears_digits_and_its_answer_decides(scripted):
    async def scenario(rig):
        leg = await rig.call(rig.client)
        for count, digit in ((1, "1"), (2, "2"), (3, "3")):
            await once_said(scripted, count)
            leg.press(digit)
        await once_said(scripted, 5)

    scripted(
        """
        def handler(session, args):
            answers = {"1": "", "2": "break", "3": None}
            heard = []
            def on_digit(session, what, digit, argument):
                heard.append((what, digit.digit, argument, session.getVariable("uuid") == session.get_uuid()))
                say(heard=digit.digit) if digit.digit == "1" else None
                return answers[digit.digit]
            session.setInputCallback(on_digit, "extra")
            say(at="start")
            broken = session.streamFile("silence_stream://5000")
            say(broken=broken)
            try:
                session.sleep(5000)
            except SystemError as error:
                say(error="exception set" in str(error))
            session.unsetInputCallback()
            say(heard=heard)
        """,
        scenario,
    )
    *_, broken, error, heard = scripted.said()
    assert (broken, error) == ({"broken": 0}, {"error": True})
    assert heard["heard"] == [["dtmf", digit, "extra", True] for digit in "123"]


def test_play_and_get_digits_asks_again_until_the_digits_match(scripted):
    async def scenario(rig):
        leg = await rig.call(rig.client)
        await once_said(scripted)
        leg.press("7")
        await until(lambda: len(leg.played) >= 2)
        leg.press("1")
        await once_said(scripted, 2)

    scripted(
        """
        def handler(session, args):
            say(at="start")
            digits = session.playAndGetDigits(
                1, 1, 3, 3000, "", "silence_stream://200", "silence_stream://40", "[12]", "choice")
            say(digits=digits, choice=session.getVariable("choice"), invalid=session.getVariable("choice_invalid"),
                nothing=session.playAndGetDigits(1, 1, 1, 50, "", "", "", ""))
        """,
        scenario,
    )
    assert scripted.said()[1] == {"digits": "1", "choice": "1", "invalid": "7", "nothing": ""}


def test_playback_as_an_application_eats_digits(scripted):
    async def scenario(rig):
        leg = await rig.call(rig.client)
        await once_said(scripted)
        leg.press("5")
        leg.press("*")
        await once_said(scripted, 2)

    scripted(
        """
        def handler(session, args):
            say(at="start")
            session.execute("playback", "silence_stream://3000")
            say(by=session.getVariable("playback_terminator_used"), left=session.getDigits(1, "", 50),
                said=session.getVariable("current_application_response"))
        """,
        scenario,
    )
    assert scripted.said()[1] == {"by": "*", "left": "", "said": "FILE PLAYED"}


def test_wrong_types_raise_what_the_real_module_raises(scripted):
    async def scenario(rig):
        await rig.call(rig.client)
        await once_said(scripted)

    scripted(
        """
        def handler(session, args):
            try:
                session.setVariable("a", 5)
            except TypeError as error:
                say(error=str(error), empty=session.setVariable("a", "") or session.getVariable("a"))
        """,
        scenario,
    )
    message = "in method 'CoreSession_setVariable', argument 3 of type 'char *'"
    assert scripted.said() == [{"error": message, "empty": None}]


def test_an_api_call_holds_up_every_other_script_and_a_session_call_does_not(scripted):
    async def scenario(rig):
        await rig.call(rig.client)
        await once_said(scripted)

    scripted(
        """
        def handler(session, args):
            beats = []
            def beat():
                while not beats or beats[-1] is not None:
                    beats.append(time.monotonic())
                    time.sleep(0.01)
            threading.Thread(target=beat, daemon=True).start()
            session.sleep(300)
            gap_of_sleep = max(b - a for a, b in zip(beats, beats[1:]))
            beats.clear()
            time.sleep(0.05)
            freeswitch.API().execute("msleep", "300")
            time.sleep(0.05)
            gap_of_api = max(b - a for a, b in zip(beats, beats[1:]))
            say(sleep_stalls=gap_of_sleep > 0.25, api_stalls=gap_of_api > 0.25)
        """,
        scenario,
    )
    assert scripted.said() == [{"sleep_stalls": False, "api_stalls": True}]


def test_a_script_fires_events_and_runs_commands(scripted):
    async def scenario(rig):
        await rig.client.say("event json CUSTOM mine::event")
        other = await rig.signed_in()
        await other.say("bgapi originate sofia/gateway/gw1/1 script XML dialer")
        (await rig.engine.next_leg()).answer()
        event = await rig.client.event("CUSTOM")
        assert (event["Event-Subclass"], event["X"], event["_body"]) == ("mine::event", "a b", "text")
        await once_said(scripted)

    scripted(
        """
        def handler(session, args):
            event = freeswitch.Event("CUSTOM", "mine::event")
            event.addHeader("X", "a b")
            event.addBody("text")
            assert event.fire() is True
            api = freeswitch.API()
            say(unknown=api.execute("nosuch"), exists=api.executeString("uuid_exists " + session.get_uuid()))
        """,
        scenario,
    )
    assert scripted.said() == [{"unknown": "INVALID COMMAND!\n", "exists": "true"}]


def test_text_given_to_execute_is_expanded_but_gets_no_shell(scripted, tmp_path):
    async def scenario(rig):
        await rig.call(rig.client)
        await once_said(scripted)
        assert rig.switch.shell_commands_refused == 1

    scripted(
        f"""
        def handler(session, args):
            session.execute("set", "found=${{system(touch {tmp_path}/broken_in)}}")
            say(streamed=session.streamFile("${{system(touch {tmp_path}/broken_in)}}"))
        """,
        scenario,
    )
    assert not (tmp_path / "broken_in").exists()
    assert scripted.said() == [{"streamed": 0}]


def test_when_the_interpreter_dies_calls_end_and_the_switch_says_so(scripted):
    async def scenario(rig):
        leg = await rig.call(rig.client)
        await until(lambda: leg.cause == "NORMAL_TEMPORARY_FAILURE")
        later = await rig.call(rig.client)
        await until(lambda: later.cause == "NORMAL_CLEARING")

    scripted("def handler(session, args):\n    import os; os.abort()\n", scenario)
    assert "The script process ended" in scripted.log()


def test_the_hangup_hook_of_a_session_runs_once_with_its_argument(scripted):
    async def scenario(rig):
        leg = await rig.call(rig.client)
        await once_said(scripted)
        leg.hang_up()
        await once_said(scripted, 3)

    scripted(
        """
        def handler(session, args):
            session.setHangupHook(lambda session, what, argument: say(what=what, argument=argument), "mine")
            say(at="start")
            session.streamFile("silence_stream://5000")
            session.ready()
            say(at="end")
        """,
        scenario,
    )
    assert scripted.said()[1:] == [{"what": "hangup", "argument": "mine"}, {"at": "end"}]


def test_a_tap_can_be_read_while_it_grows(scripted, tmp_path):
    async def scenario(rig):
        leg = await rig.call(rig.client)
        await until(lambda: leg.sinks)
        sink, read_only = leg.sinks[0]
        assert read_only
        sink.write(bytes(320))
        await once_said(scripted)
        assert leg.sinks == []

    scripted(
        f"""
        def handler(session, args):
            path = "{tmp_path}/tap.r8"
            session.setVariable("RECORD_READ_ONLY", "true")
            session.execute("record_session", path)
            size = 0
            while session.ready() and not size:
                session.sleep(20)
                size = len(open(path, "rb").read())
            session.execute("stop_record_session", path)
            say(size=size)
        """,
        scenario,
    )
    assert scripted.said() == [{"size": 320}]
