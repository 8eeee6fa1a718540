"""A key pressed while we listen for a machine means a person, and stays the menu's answer."""

from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, hung_up, invited, pause, play, trying
from tests.switch.sounds import hello_capture, machine_capture

DURING = Call(
    "key_in_detection",
    (invited(), trying(), answer(), play(machine_capture()), *presses("1", after_ms=900)),
    flow={"amd_mode": "detect_then_greet"},
)
PERSON = Call(
    "person",
    (
        invited(), trying(), answer(), pause(300), play(hello_capture()), *presses("1", after_ms=6000),
    ),
    flow={"amd_mode": "detect_then_greet"},
)  # fmt: skip
MACHINE = Call(
    "machine",
    (invited(), trying(), answer(), pause(200), play(machine_capture()), hung_up()),
    flow={"amd_mode": "detect_then_greet"},
)


def test_it_takes_the_key_as_the_answer(dialled):
    assert dialled(DURING) == answered("interested", digits="1", leads=1)
    assert dialled.record(DURING).amd_verdict == "human"


def test_it_greets_a_person(dialled):
    assert dialled(PERSON) == answered("interested", digits="1", leads=1)
    assert dialled.record(PERSON).amd_verdict == "human"


def test_it_cuts_off_a_machine(dialled):
    assert dialled(MACHINE) == answered("machine")
    assert dialled.record(MACHINE).amd_verdict == "machine"
