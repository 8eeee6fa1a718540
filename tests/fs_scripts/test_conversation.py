"""Every way a conversation can go, with a scripted callee."""

import pytest

from fs_scripts.amd.detector import Verdict
from fs_scripts.menu import MAX_REPEATS
from fs_scripts.prompts import PromptMissing
from fs_scripts.roles import Waited
from tests.fs_scripts.callee import DECIDES_NOW, HANG_UP, Callee, flow, talk

STARTED = "noted: message started"
DONE = "we hang up NORMAL_CLEARING"


@pytest.mark.parametrize(
    ("key", "outcome", "thanks"),
    [
        ("1", "interested", "thanks_interested"),
        ("2", "not_interested", "thanks_not_interested"),
        ("9", "opted_out", "opted_out"),
    ],
)
def test_a_key_in_the_menu_decides_and_is_safe_before_the_thanks(key, outcome, thanks):
    assert talk(Callee({"menu": [key]}), flow()) == [
        STARTED, "hears greeting", "hears menu", f"noted: {outcome}", f"hears {thanks}", DONE,
    ]  # fmt: skip


def test_a_key_in_the_greeting_skips_the_menu():
    assert talk(Callee({"greeting": ["1"]}), flow()) == [
        STARTED, "hears greeting", "noted: interested", "hears thanks_interested", DONE,
    ]  # fmt: skip


def test_a_key_in_the_silence_after_the_menu_counts():
    assert "noted: interested" in talk(Callee({"silence": ["1"]}), flow())


def test_the_first_of_two_keys_wins():
    events = talk(Callee({"menu": ["1+9"]}), flow())
    assert [e for e in events if e.startswith("noted")] == [STARTED, "noted: interested"]


def test_keys_during_the_thanks_change_nothing():
    events = talk(Callee({"menu": ["1"], "thanks_interested": ["9"]}), flow())
    assert events[-3:] == ["noted: interested", "hears thanks_interested", DONE]


def test_silence_repeats_the_menu_as_often_as_the_flow_says():
    assert talk(Callee(), flow(tries=3)) == [
        STARTED, "hears greeting", "hears menu", "hears menu", "hears menu", "hears goodbye", "noted: no_input", DONE,
    ]  # fmt: skip


def test_a_key_during_the_goodbye_still_counts():
    events = talk(Callee({"goodbye": ["1"]}), flow(tries=1))
    assert "noted: interested" in events
    assert "noted: no_input" not in events


def test_a_key_that_means_nothing_is_refused_and_the_menu_comes_again():
    assert talk(Callee({"menu": ["5", "1"]}), flow(tries=2)) == [
        STARTED, "hears greeting", "hears menu", "hears wrong_key", "hears menu",
        "noted: interested", "hears thanks_interested", DONE,
    ]  # fmt: skip


def test_wrong_keys_alone_end_as_no_input():
    events = talk(Callee({"menu": ["5", "7"]}), flow(tries=2))
    assert events[-3:] == ["hears goodbye", "noted: no_input", DONE]


def test_a_key_interrupts_the_refusal_of_another():
    events = talk(Callee({"menu": ["5"], "wrong_key": ["2"]}), flow(tries=2))
    assert events[-3:] == ["noted: not_interested", "hears thanks_not_interested", DONE]


def test_repeat_replays_the_message_without_costing_a_try():
    events = talk(Callee({"menu": ["0", "0", None, "1"]}), flow(tries=2))
    assert events == [
        STARTED, "hears greeting", "hears menu", "hears greeting", "hears menu", "hears greeting", "hears menu",
        "hears menu", "noted: interested", "hears thanks_interested", DONE,
    ]  # fmt: skip


def test_repeat_has_an_end():
    events = talk(Callee({"menu": ["0"] * 50}), flow(tries=2))
    assert events.count("hears greeting") == 1 + MAX_REPEATS + 1
    assert events[-2:] == ["noted: no_input", DONE]


@pytest.mark.parametrize("moment", ["greeting", "menu", "silence"])
def test_a_hang_up_ends_it_without_an_outcome(moment):
    events = talk(Callee({moment: [HANG_UP]}), flow())
    assert [e for e in events if e.startswith("noted")] == [STARTED]
    assert DONE not in events


def test_a_hang_up_during_detection_ends_it_before_any_message():
    events = talk(Callee({"listening": [HANG_UP]}), flow(amd_mode="detect_then_greet"))
    assert events == ["we listen"]


def test_a_hang_up_during_the_thanks_leaves_the_outcome():
    events = talk(Callee({"menu": ["1"], "thanks_interested": [HANG_UP]}), flow())
    assert events[-2:] == ["noted: interested", "hears thanks_interested"]


def test_a_key_just_before_the_hang_up_counts():
    events = talk(Callee({"menu": [f"1+{HANG_UP}"]}), flow())
    assert events[-1] == "noted: interested"


def test_a_person_is_greeted():
    events = talk(Callee(verdict=Verdict.HUMAN), flow(amd_mode="detect_then_greet"))
    assert events[:4] == ["we listen", "noted: human", STARTED, "hears greeting"]


def test_whoever_is_unsure_is_greeted():
    events = talk(Callee(verdict=Verdict.UNSURE), flow(amd_mode="detect_then_greet"))
    assert events[:4] == ["we listen", "noted: unsure", STARTED, "hears greeting"]


@pytest.mark.parametrize(("verdict", "outcome"), [(Verdict.MACHINE, "machine"), (Verdict.FAX, "fax")])
def test_a_machine_hears_nothing_and_is_cut_off(verdict, outcome):
    events = talk(Callee(verdict=verdict), flow(amd_mode="detect_then_greet"))
    assert events == ["we listen", f"noted: {verdict}", f"noted: {outcome}", DONE]


def test_a_key_during_detection_is_the_menus_answer():
    events = talk(Callee({"listening": ["1"]}, verdict=Verdict.MACHINE), flow(amd_mode="detect_then_greet"))
    assert [e for e in events if e != STARTED] == [
        "we listen", "noted: human", "noted: interested", "hears thanks_interested", DONE,
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["0", "5"])
def test_a_key_during_detection_that_decides_nothing_only_shows_a_person(key):
    events = talk(Callee({"listening": [key]}, verdict=Verdict.MACHINE), flow(amd_mode="detect_then_greet"))
    assert events[:5] == ["we listen", "noted: human", STARTED, "hears greeting", "hears menu"]


def test_greeting_while_detecting_greets_at_once_and_cuts_a_machine_off():
    callee = Callee(verdict_of_what_was_heard=Verdict.MACHINE)
    events = talk(callee, flow(amd_mode="greet_while_detecting"))
    assert events == ["we listen on", STARTED, "hears greeting", "noted: machine", "noted: machine", DONE]


def test_greeting_while_detecting_goes_on_with_a_person():
    callee = Callee({"menu": ["1"]}, verdict_of_what_was_heard=Verdict.HUMAN)
    events = talk(callee, flow(amd_mode="greet_while_detecting"))
    assert events[:5] == ["we listen on", STARTED, "hears greeting", "noted: human", "hears menu"]
    assert "noted: interested" in events


def test_greeting_while_detecting_goes_on_when_nothing_was_decided():
    events = talk(Callee({"menu": ["1"]}), flow(amd_mode="greet_while_detecting"))
    assert events[:4] == ["we listen on", STARTED, "hears greeting", "hears menu"]


def test_a_key_in_the_greeting_settles_who_is_there():
    callee = Callee({"greeting": ["1"]}, verdict_of_what_was_heard=Verdict.MACHINE)
    events = talk(callee, flow(amd_mode="greet_while_detecting"))
    assert events[3:5] == ["noted: human", "noted: interested"]


def test_greeting_while_detecting_listens_on_behind_the_greeting():
    """A machine that is known only in the menu is cut off there."""
    callee = Callee({"menu": [DECIDES_NOW]})
    assert talk(callee, flow(amd_mode="greet_while_detecting")) == [
        "we listen on", STARTED, "hears greeting", "hears menu", "noted: machine", "noted: machine", DONE,
    ]  # fmt: skip


LEAVES = {"on_machine": "leave_message", "message": {"kind": "builtin", "name": "voicemail"}}
BOTH_MODES = pytest.mark.parametrize("mode", ["detect_then_greet", "greet_while_detecting"])


def machine(mode, at=None, *, verdict=Verdict.MACHINE, beep=Waited.HEARD, **amd):
    """Return what was noted and heard from the verdict on, of a callee that is a machine in either mode."""
    callee = Callee(at or {}, verdict=verdict, verdict_of_what_was_heard=verdict, beep=beep)
    events = talk(callee, flow(amd_mode=mode, amd=amd))
    return events[events.index(f"noted: {verdict}") :]


@BOTH_MODES
def test_a_machine_is_left_a_message_after_its_beep(mode):
    assert machine(mode, **LEAVES) == [
        "noted: machine", "we wait for the beep", "noted: voicemail started", "hears voicemail",
        "noted: voicemail_left", DONE,
    ]  # fmt: skip


@BOTH_MODES
def test_a_machine_without_a_beep_is_hung_up_on(mode):
    assert machine(mode, beep=Waited.NONE, **LEAVES) == [
        "noted: machine",
        "we wait for the beep",
        "noted: machine",
        DONE,
    ]


@BOTH_MODES
def test_a_machine_without_a_beep_gets_the_message_where_the_campaign_says_so(mode):
    events = machine(mode, beep=Waited.NONE, without_beep="leave_message", **LEAVES)
    assert events[-3:] == ["hears voicemail", "noted: voicemail_left", DONE]


@BOTH_MODES
@pytest.mark.parametrize("moment", ["beep", "voicemail"])
def test_a_machine_that_hangs_up_before_the_end_has_no_message(mode, moment):
    assert machine(mode, {moment: [HANG_UP]}, **LEAVES)[-1] == "noted: machine"


@BOTH_MODES
@pytest.mark.parametrize("moment", ["beep", "voicemail"])
def test_a_key_shows_that_a_person_picked_up_after_all(mode, moment):
    events = [event for event in machine(mode, {moment: ["1"]}, **LEAVES) if event != STARTED]
    assert events[-4:] == ["noted: human", "noted: interested", "hears thanks_interested", DONE]


def test_a_message_that_is_missing_leaves_it_a_machine():
    callee = Callee(verdict=Verdict.MACHINE, missing=frozenset({"voicemail"}))
    assert talk(callee, flow(amd_mode="detect_then_greet", amd=LEAVES))[-2:] == ["noted: machine", DONE]


@BOTH_MODES
@pytest.mark.parametrize("verdict", [Verdict.MACHINE, Verdict.FAX])
def test_a_machine_is_talked_to_where_the_campaign_says_so(mode, verdict):
    events = machine(mode, {"menu": ["1"]}, verdict=verdict, on_machine="go_on", on_fax="go_on")
    assert "noted: interested" in events


@BOTH_MODES
def test_whoever_is_unsure_counts_as_abandoned_when_the_campaign_hangs_up(mode):
    assert machine(mode, verdict=Verdict.UNSURE, on_unsure="hang_up") == ["noted: unsure", "noted: abandoned", DONE]


def test_a_key_in_the_menu_settles_who_is_there():
    events = talk(Callee({"menu": ["1"]}), flow(amd_mode="greet_while_detecting"))
    assert events[3:6] == ["hears menu", "noted: human", "noted: interested"]


def test_a_callback_is_noted():
    events = talk(Callee({"menu": ["3"]}), flow(keys={"1": "interested", "3": "callback"}))
    assert events[-2:] == ["noted: callback_requested", DONE]


def test_a_transfer_is_noted_and_then_connected():
    transfer = flow(keys={"1": "interested", "7": "transfer"}, transfer_to="+74950000000")
    events = talk(Callee({"menu": ["7"]}), transfer)
    assert events[-3:] == ["noted: transferred", "is connected with +74950000000", DONE]


@pytest.mark.parametrize("prompt", ["thanks_interested", "wrong_key"])
def test_a_missing_courtesy_is_skipped(prompt):
    events = talk(Callee({"menu": ["5", "1"]}, missing=frozenset({prompt})), flow(tries=2))
    assert "noted: interested" in events
    assert f"hears {prompt}" not in events


def test_a_missing_greeting_is_an_error_before_the_message_counts_as_begun():
    callee = Callee(missing=frozenset({"greeting"}))
    with pytest.raises(PromptMissing):
        talk(callee, flow())
    assert callee.events == []
