"""The adapter to the switch's session, against a session that behaves as mod_python3's does."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fs_scripts.channel import BREAK, GO_ON, Channel


class Session:
    """Hands queued keys to the input callback whenever something plays or waits, as the switch does."""

    def __init__(self, **variables):
        self.variables = dict(variables)
        self.done = []
        self.queued = []
        self.callback = None
        self.is_destroyed = False

    def setInputCallback(self, callback):  # noqa: N802 - the switch's name
        self.callback = callback

    def unsetInputCallback(self):  # noqa: N802 - the switch's name
        self.callback = None

    def destroy(self):
        self.is_destroyed = True

    def setVariable(self, name, value):  # noqa: N802 - the switch's name
        self.variables[name] = value

    def getVariable(self, name):  # noqa: N802 - the switch's name
        return self.variables.get(name)

    def ready(self):
        return 1

    def execute(self, application, data):
        self.done.append((application, data))

    def hangup(self, cause):
        self.done.append(("hangup", cause))

    def streamFile(self, path, start):  # noqa: N802 - the switch's name
        self.done.append(("plays", path))
        self._deliver()

    def sleep(self, ms, sync):
        self.done.append(("sleeps", ms))
        self._deliver()

    def _deliver(self):
        while self.queued:
            if self.callback(self, "dtmf", SimpleNamespace(digit=self.queued.pop(0), duration=800)) == BREAK:
                return


@pytest.fixture
def session():
    return Session(dialer_outcome="a", switch_r_sdp="m=audio 6000 RTP/AVP 8 101\r\na=rtpmap:101 Telephone-Event/8000")


@pytest.fixture
def channel(session):
    return Channel(session)


def test_a_key_ends_a_prompt_that_waits_for_keys_and_the_next_stays_queued(session, channel):
    session.queued = ["1", "2"]
    channel.play(Path("/p.wav"), until_key=True)
    assert channel.take_key() == "1"
    assert not channel.has_key()
    assert session.queued == ["2"]


def test_a_key_does_not_end_a_prompt_that_must_be_heard_but_is_kept(session, channel):
    session.queued = ["1", "2"]
    channel.play(Path("/p.wav"), until_key=False)
    assert [channel.take_key(), channel.take_key(), channel.take_key()] == ["1", "2", None]
    assert channel.digits == "12"


def test_a_key_that_is_there_already_keeps_the_prompt_from_playing(session, channel):
    session.queued = ["7"]
    channel.wait(100)
    session.done.clear()
    channel.play(Path("/p.wav"), until_key=True)
    channel.wait(5000)
    assert session.done == []


def test_a_key_that_is_there_already_does_not_stop_what_must_be_heard(session, channel):
    session.queued = ["7"]
    channel.wait(100)
    channel.play(Path("/p.wav"), until_key=False)
    assert ("plays", "/p.wav") in session.done


@pytest.mark.parametrize("digit", ["A", "F", "", "$"])
def test_what_is_no_key_of_a_telephone_is_ignored(session, channel, digit):
    assert session.callback(session, "dtmf", SimpleNamespace(digit=digit), None) == GO_ON
    assert not channel.has_key()


def test_events_let_the_prompt_go_on(session, channel):
    assert session.callback(session, "event", object()) == GO_ON


def test_a_variable_that_is_not_set_is_empty(channel):
    assert channel.variable("nothing") == ""
    assert channel.variable("dialer_outcome") == "a"


@pytest.mark.parametrize(
    ("sdp", "offers"),
    [("a=rtpmap:101 telephone-event/8000", True), ("a=rtpmap:8 PCMA/8000", False), (None, False)],
)
def test_it_knows_whether_the_callee_sends_keys_as_events(sdp, offers):
    assert Channel(Session(switch_r_sdp=sdp)).hears_key_events() is offers


def test_the_taps_settings_do_not_leak_into_the_recording_of_the_call(session, channel, tmp_path):
    seen = {}

    def execute(application, data):
        seen[data] = (session.variables.get("RECORD_READ_ONLY"), session.variables.get("enable_file_write_buffering"))

    session.execute = execute
    tap = tmp_path / "tap.r8"
    channel.start_tap(tap)
    channel.start_recording(Path("/call.wav"))
    assert tap.stat().st_mode & 0o777 == 0o600
    assert seen == {str(tap): ("true", "false"), "/call.wav": ("false", "true")}


def test_it_connects_over_the_gateway_of_the_call(session, channel):
    session.variables |= {
        "sip_gateway_name": "carrier",
        "origination_caller_id_number": "+74950000000",
        "originate_disposition": "SUCCESS",
    }
    assert channel.bridge("+74951112233")
    who_calls = "[origination_caller_id_number=+74950000000,origination_caller_id_name=+74950000000]"
    assert session.done[-1] == ("bridge", f"{who_calls}sofia/gateway/carrier/+74951112233")


def test_it_says_how_a_leg_ended_that_nobody_answered(session, channel):
    session.variables |= {"originate_disposition": "NORMAL_TEMPORARY_FAILURE"}
    assert channel.bridge_failure() == ("NORMAL_TEMPORARY_FAILURE", None)
    session.variables |= {"last_bridge_proto_specific_hangup_cause": "sip:503"}
    assert channel.bridge_failure() == ("NORMAL_TEMPORARY_FAILURE", 503)


@pytest.mark.parametrize("number", ["${system(id)}", "100", "", "+7495 111", "user/1000"])
def test_it_connects_with_nothing_but_a_normalised_number(session, channel, number):
    session.variables |= {"sip_gateway_name": "carrier", "origination_caller_id_number": "+74950000000"}
    assert not channel.bridge(number)
    assert session.done == []


def test_releasing_lets_go_of_the_session(session, channel):
    channel.release()
    assert session.is_destroyed
    assert session.callback is None


def test_the_switch_sends_audio_while_it_listens(session, channel):
    assert session.variables["send_silence_when_idle"] == "-1"


@pytest.mark.parametrize(
    ("uuid", "commands"), [("92694f38-9c3b-4674-a91f-a8aae8325fe6", 1), ("${system(id)}", 0), ("", 0), (None, 0)]
)
def test_it_interrupts_its_own_channel_and_nothing_else(uuid, commands):
    sys.modules["freeswitch"].commands.clear()
    Channel(Session(uuid=uuid)).interrupt()
    assert sys.modules["freeswitch"].commands == [f"uuid_break {uuid}"] * commands
