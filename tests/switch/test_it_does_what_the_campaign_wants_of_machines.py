"""Every mode against every kind of answer: who is greeted, who is cut off, and what is on record."""

import pytest

from tests.switch.callee import presses
from tests.switch.calls import Call, Row, answered
from tests.switch.scenario import answer, hung_up, invited, pause, play, trying
from tests.switch.sounds import (
    announced_machine_capture,
    fax_capture,
    hello_capture,
    line_capture,
    machine_capture,
    prompt,
    ringback_after_answer_capture,
)

ANSWER = (invited(), trying(), answer())
MODES = ("off", "detect_then_greet", "greet_while_detecting")
LISTENING = MODES[1:]
CALLEES = {
    "person": (*ANSWER, pause(300), play(hello_capture()), *presses("1", after_ms=5000)),
    "machine": (*ANSWER, pause(200), play(announced_machine_capture()), hung_up()),
    "fax": (*ANSWER, play(fax_capture()), hung_up()),
    "silence": (*ANSWER, play(line_capture(15)), hung_up()),
    "key": (*ANSWER, play(machine_capture()), *presses("1", after_ms=700)),
    "ring_back": (*ANSWER, play(ringback_after_answer_capture()), *presses("1", after_ms=6000)),
}
GREETING = {"greeting": prompt("six_seconds")}
CALLS = {
    (mode, who): Call(
        f"{who}_{mode}", steps, flow={"amd_mode": mode, **GREETING}, is_heard=who in ("person", "silence")
    )
    for mode in MODES
    for who, steps in CALLEES.items()
}
IMPATIENT = Call(
    "silence_impatient",
    CALLEES["silence"],
    flow={"amd_mode": "detect_then_greet", "amd": {"thresholds": {"nothing_ms": 1500}}},
)
INTERESTED = answered("interested", digits="1", leads=1)
CUT_OFF = {"machine": answered("machine"), "fax": answered("fax")}
VERDICTS = {
    "person": {"human"},
    "machine": {"machine"},
    "fax": {"fax"},
    "silence": {"unsure"},
    "key": {"human"},
    "ring_back": {"human", "unsure"},
}


def expected(mode: str, who: str) -> Row:
    if who in CUT_OFF and mode != "off":
        return CUT_OFF[who]
    return INTERESTED if who in ("person", "key", "ring_back") else answered("no_input")


@pytest.mark.parametrize("who", CALLEES)
@pytest.mark.parametrize("mode", MODES)
def test_it_ends_as_the_mode_wants(dialled, mode, who):
    assert dialled(CALLS[mode, who]) == expected(mode, who)


@pytest.mark.parametrize("who", CALLEES)
@pytest.mark.parametrize("mode", LISTENING)
def test_the_verdict_and_its_evidence_are_on_record(dialled, mode, who):
    record = dialled.record(CALLS[mode, who])
    assert record.amd_verdict in VERDICTS[who], dialled.evidence(CALLS[mode, who])
    if who != "key":
        evidence = dialled.evidence(CALLS[mode, who])
        assert evidence["verdict"] == record.amd_verdict
        assert evidence["heard_ms"] > 0


def test_the_campaigns_thresholds_count(dialled):
    assert dialled(IMPATIENT) == answered("no_input")
    assert dialled.evidence(IMPATIENT)["heard_ms"] == 1500
    assert dialled.evidence(CALLS["detect_then_greet", "silence"])["heard_ms"] == 3000


def test_nobody_is_listened_to_when_it_is_off(dialled):
    assert all(dialled.record(CALLS["off", who]).amd_verdict is None for who in CALLEES)


@pytest.mark.parametrize("who", ["person", "silence"])
@pytest.mark.parametrize("mode", LISTENING)
def test_the_message_begins_soon_after_the_greeting_and_the_answer(dialled, mode, who):
    call = CALLS[mode, who]
    sound, record = dialled.sound(call), dialled.record(call)
    began = sound.first_heard_after(sound.answered_at)
    assert began - sound.answered_at <= 4
    assert (record.message_started_at - record.answered_at).total_seconds() <= 4
    if who == "person" and mode == "detect_then_greet":
        assert began - sound.said.stretches()[0].ends <= 2


def test_a_person_who_is_greeted_at_once_hears_the_greeting_without_a_gap(dialled):
    sound = dialled.sound(CALLS["greet_while_detecting", "person"])
    hello, greeting = sound.said.stretches()[0], sound.heard.stretches()[0]
    assert greeting.begins < hello.ends, "the greeting did not wait for the detector"
    assert greeting.ends - greeting.begins > 4, "a verdict or a pause cut it"
