"""Every key of a telephone is heard, told apart and acted upon, by RFC 4733."""

import pytest

from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, hung_up, invited, pause, play, ringing, trying
from tests.switch.sounds import two_keys_capture

MEANINGS = {"1": "interested", "2": "not_interested", "9": "opted_out"}
WRONG = "345678*#"


def _presses(key: str) -> Call:
    steps = (invited(), trying(), ringing(), answer(), *presses(key))
    spelled = {"*": "star", "#": "pound"}.get(key, key)
    return Call(f"key_{spelled}", steps, flow={"tries": 1})


CALLS = {key: _presses(key) for key in (*MEANINGS, *WRONG)}
REPEAT = Call("key_0", (invited(), trying(), answer(), pause(2500), play(two_keys_capture("0", 2500, "1")), hung_up()))


@pytest.mark.parametrize("key", MEANINGS)
def test_it_acts_on_a_key_that_means_something(dialled, key):
    leads = 1 if key == "1" else 0
    assert dialled(CALLS[key]) == answered(MEANINGS[key], digits=key, leads=leads)


@pytest.mark.parametrize("key", WRONG)
def test_it_takes_no_decision_from_a_key_that_means_nothing(dialled, key):
    assert dialled(CALLS[key]) == answered("no_input", digits=key)


def test_it_repeats_the_menu_and_then_takes_the_answer(dialled):
    assert dialled(REPEAT) == answered("interested", digits="01", leads=1)
