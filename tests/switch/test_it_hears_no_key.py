"""A person who presses nothing hears the menu as often as the flow says, then a goodbye."""

from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, hung_up, invited, trying

CALL = Call("silent", (invited(), trying(), answer(), hung_up()), flow={"tries": 2, "input_timeout_ms": 1000})


def test_it_concludes_no_input(dialled):
    assert dialled(CALL) == answered("no_input")
