"""The entries let nothing escape, always let go of the session, and leave the hook what it needs."""

import logging
import sys
import threading
from types import SimpleNamespace

import pytest

from dialer.call_flow import default_definition, parse_flow
from dialer.outcome import Outcome
from fs_scripts import call, ending, hangup, lead_worker, outbound_call, startup
from fs_scripts.listeners import Listeners
from fs_scripts.memory import Answered, Setup
from tests.dialer.test_switch_facts import ANSWERED, ATTEMPT
from tests.fs_scripts.test_channel import Session

AT_ONCE = {**default_definition("en"), "amd_mode": "off", "amd": {}}
SPEAKS_AT_ONCE = parse_flow(AT_ONCE)


class Memory:
    """Remembers what it was told; `setup` is what the answer is told to be."""

    def __init__(self, setup=None):
        self.setup = setup
        self.told = []
        self.conclusion = None
        self.breaks_at = None
        self.is_known = False

    def _tell(self, *fact):
        if fact[0] == self.breaks_at:
            raise RuntimeError("broken")
        self.told.append(fact)

    def answered(self, attempt_id, campaign_id, flow_version_id, at, speaks_at_once):
        self._tell("answered", attempt_id, campaign_id, flow_version_id)
        return Answered(self.setup, self.is_known and speaks_at_once(self.setup))

    def message_started(self, attempt_id, at):
        self._tell("message started")

    def outcome(self, attempt_id, decided, digits, amd_verdict, at):
        self._tell("outcome", decided, digits)

    def audio_kept(self, attempt_id, path):
        self._tell("audio kept", attempt_id, path)

    def concluded(self, facts, basis=None):
        self._tell("concluded", facts.outcome)
        return self.conclusion


class Announcer:
    def __init__(self, memory):
        self.memory = memory
        self.events = []
        self.released = []

    def announce(self, event_type, **facts):
        self.events.append(event_type)

    def release(self, attempt_id):
        self.released.append((attempt_id, list(self.memory.told)))


@pytest.fixture
def _own_process():
    """Undo what a start changes for the whole process."""
    root = logging.getLogger()
    handlers, level, stack = root.handlers[:], root.level, threading.stack_size()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    threading.stack_size(stack)


@pytest.fixture
def memory():
    return Memory(Setup(parse_flow({**default_definition("en"), "amd_mode": "off"}), is_recording=False))


@pytest.fixture
def shared(memory, tmp_path, monkeypatch):
    sounds = tmp_path / "sounds" / "en"
    sounds.mkdir(parents=True)
    for name in ("greeting", "menu", "goodbye", "thanks_interested", "wrong_key"):
        (sounds / f"{name}.wav").touch()
    settings = SimpleNamespace(
        sounds_dir=tmp_path / "sounds",
        audio_dir=tmp_path / "audio",
        tap_dir=tmp_path,
        recordings_dir=tmp_path / "recordings",
    )
    made = SimpleNamespace(
        settings=settings,
        memory=memory,
        announcer=Announcer(memory),
        background=SimpleNamespace(put=lambda job: job()),
        redis=None,
        listeners=Listeners(),
    )
    monkeypatch.setattr(call, "resources", lambda: made)
    monkeypatch.setattr(ending, "resources", lambda: made)
    return made


@pytest.fixture
def session():
    return Session(
        uuid=ATTEMPT,
        dialer_call="7:2:8",
        switch_r_sdp="telephone-event",
    )


def played(session):
    return [data.rsplit("/", 1)[-1] for application, data in session.done if application == "plays"]


def test_the_answer_is_written_before_any_audio(shared, session, memory):
    memory.breaks_at = "answered"
    outbound_call.handler(session, "")
    assert played(session) == []
    assert session.variables["dialer_outcome"] == "abandoned"


def test_a_whole_call(shared, session, memory):
    session.queued = ["1"]
    outbound_call.handler(session, "")
    assert memory.told == [
        ("answered", ATTEMPT, 7, 8),
        ("message started",),
        ("outcome", Outcome.INTERESTED, "1"),
    ]
    assert played(session) == ["greeting.wav", "thanks_interested.wav"]
    assert session.done[-1] == ("hangup", "NORMAL_CLEARING")
    assert session.is_destroyed
    assert {name: session.variables[name] for name in ("dialer_outcome", "dialer_digits")} == {
        "dialer_outcome": "interested",
        "dialer_digits": "1",
    }
    assert shared.announcer.events == ["call.answered", "dtmf.received"]


def test_a_message_that_begins_at_once_is_written_with_the_answer(shared, session, memory):
    memory.is_known = True
    memory.setup = Setup(SPEAKS_AT_ONCE, is_recording=False)
    session.queued = ["1"]
    outbound_call.handler(session, "")
    assert [fact[0] for fact in memory.told] == ["answered", "outcome"]
    assert session.variables["dialer_message_started"] == "true"


@pytest.mark.parametrize(
    "change",
    [
        {"amd_mode": "detect_then_greet"},
        {"amd": {"hears_early_media": True}},
        {"greeting": {"kind": "builtin", "name": "menu_2"}},
    ],
)
def test_what_comes_first_or_is_missing_keeps_the_message_from_counting(shared, session, memory, change):
    memory.is_known = True
    memory.setup = Setup(parse_flow({**AT_ONCE, **change}), is_recording=False)
    seen = []
    memory.answered = lambda *told: seen.append(told[-1](memory.setup)) or Answered(None)
    outbound_call.handler(session, "")
    assert seen == [False]


def test_a_recording_is_begun_before_the_message_counts(shared, session, memory):
    memory.is_known = True
    memory.setup = Setup(SPEAKS_AT_ONCE, is_recording=True)
    outbound_call.handler(session, "")
    assert [fact[0] for fact in memory.told][:2] == ["answered", "message started"]


def test_a_call_nobody_can_say_how_to_hold_is_abandoned(shared, session, memory):
    memory.setup = None
    outbound_call.handler(session, "")
    assert session.variables["dialer_outcome"] == "abandoned"
    assert session.done == [("hangup", "NORMAL_TEMPORARY_FAILURE")]
    assert session.is_destroyed


def test_an_error_before_the_message_is_abandoned(shared, session, tmp_path):
    (tmp_path / "sounds" / "en" / "greeting.wav").unlink()
    outbound_call.handler(session, "")
    assert session.variables["dialer_outcome"] == "abandoned"
    assert session.done[-1] == ("hangup", "NORMAL_TEMPORARY_FAILURE")
    assert session.is_destroyed


def test_an_error_after_the_message_began_abandons_nobody(shared, session, tmp_path):
    (tmp_path / "sounds" / "en" / "menu.wav").unlink()
    outbound_call.handler(session, "")
    assert "dialer_outcome" not in session.variables
    assert session.done[-1] == ("hangup", "NORMAL_TEMPORARY_FAILURE")


def test_a_press_stays_for_the_hook_when_no_store_took_it(shared, session, memory):
    session.queued = ["1"]
    memory.breaks_at = "outcome"
    outbound_call.handler(session, "")
    assert session.variables["dialer_outcome"] == "interested"
    assert "thanks_interested.wav" not in played(session)


def test_a_channel_without_our_variables_is_hung_up(shared):
    stranger = Session()
    outbound_call.handler(stranger, "")
    assert stranger.done[-1] == ("hangup", "NORMAL_TEMPORARY_FAILURE")
    assert stranger.is_destroyed


@pytest.mark.usefixtures("_own_process")
def test_missing_settings_escape_no_entry(session, monkeypatch):
    def missing():
        raise RuntimeError("no settings")

    monkeypatch.setattr(call, "resources", missing)
    monkeypatch.setattr(ending, "resources", missing)
    monkeypatch.setattr("fs_scripts.warm_up.resources", missing)
    outbound_call.handler(session, "")
    hangup.fsapi("na", None, SimpleNamespace(getHeader={}.get), "")
    startup.runtime("")
    assert session.done[-1] == ("hangup", "NORMAL_TEMPORARY_FAILURE")


def test_tones_are_listened_for_only_when_the_callee_sends_no_events(shared, session):
    outbound_call.handler(session, "")
    assert ("start_dtmf", "") not in session.done
    mute = Session(uuid=ATTEMPT, dialer_call="7:2:8", switch_r_sdp="PCMA")
    outbound_call.handler(mute, "")
    assert ("start_dtmf", "") in mute.done


def test_a_campaign_that_records_keeps_the_whole_call(shared, session, memory, tmp_path):
    memory.setup = Setup(memory.setup.flow, is_recording=True)
    outbound_call.handler(session, "")
    kept = f"{ATTEMPT[:2]}/{ATTEMPT}.wav"
    assert session.variables["dialer_recording"] == kept
    assert ("record_session", str(tmp_path / "recordings" / kept)) in session.done


def environment(**more):
    return SimpleNamespace(getHeader={**ANSWERED, **more}.get)


def test_the_hook_concludes_and_then_frees_the_channel(shared, memory):
    hangup.fsapi("na", None, environment(variable_dialer_outcome="interested"), "")
    assert memory.told == [("concluded", Outcome.INTERESTED)]
    assert shared.announcer.released == [(ATTEMPT, memory.told[:1])]
    assert shared.announcer.events == ["call.ended"]


def test_the_hook_keeps_the_lease_when_the_conclusion_is_safe_nowhere(shared, memory):
    memory.breaks_at = "concluded"
    hangup.fsapi("na", None, environment(), "")
    assert shared.announcer.released == []


def test_the_hook_wakes_the_lead_worker_for_a_lead(shared, memory, monkeypatch):
    woken = []
    monkeypatch.setattr(lead_worker, "wake", lambda: woken.append(True))
    memory.conclusion = SimpleNamespace(disposition="busy", lead_id=None)
    hangup.fsapi("na", None, environment(), "")
    assert woken == []
    memory.conclusion = SimpleNamespace(disposition="interested", lead_id=4)
    hangup.fsapi("na", None, environment(), "")
    assert woken == [True]


def test_the_final_event_of_a_leg_that_is_concluded_goes_to_nobody(shared, memory):
    commands = sys.modules["freeswitch"].commands
    commands.clear()
    hangup.fsapi("na", None, environment(), "")
    assert commands == [], "what waits in the spool, or is nowhere, has the scheduler for its witness"
    memory.conclusion = SimpleNamespace(disposition="busy", lead_id=None)
    hangup.fsapi("na", None, environment(), "")
    assert commands == [f"uuid_setvar {ATTEMPT} dialer_call"]


def test_the_hook_leaves_other_legs_alone(shared, memory):
    hangup.fsapi("na", None, SimpleNamespace(getHeader={"Hangup-Cause": "NORMAL_CLEARING"}.get), "")
    assert memory.told == []


def test_the_hook_deletes_a_tap_that_was_left(shared, memory, tmp_path):
    tap = tmp_path / f"{ATTEMPT}.r8"
    tap.touch()
    hangup.fsapi("na", None, environment(variable_RECORD_READ_ONLY="false"), "")
    assert not tap.exists()


def test_the_hook_keeps_the_taps_beginning_where_the_campaign_asks_for_it(shared, memory, tmp_path):
    jobs = []
    shared.background.put = jobs.append
    (tmp_path / f"{ATTEMPT}.r8").write_bytes(bytes(16000))
    hangup.fsapi("na", None, environment(variable_RECORD_READ_ONLY="false", variable_dialer_amd_audio="true"), "")
    assert ("audio kept", ATTEMPT) not in [fact[:2] for fact in memory.told], "no call waits for the disk"
    for job in jobs:
        job()
    kept = f"amd/{ATTEMPT[:2]}/{ATTEMPT}.wav"
    assert memory.told[-1] == ("audio kept", ATTEMPT, kept)
    assert (tmp_path / "recordings" / kept).exists()
    assert not (tmp_path / f"{ATTEMPT}.r8").exists()
