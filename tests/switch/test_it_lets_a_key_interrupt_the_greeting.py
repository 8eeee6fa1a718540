"""A key pressed during the greeting stops it and counts."""

from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, invited, trying
from tests.switch.sounds import long_prompt

CALL = Call(
    "barge_in",
    (invited(), trying(), answer(), *presses("1", after_ms=1500)),
    flow={"greeting": long_prompt()},
)


def test_it_stops_a_thirty_second_greeting_at_the_key(dialled):
    assert dialled(CALL) == answered("interested", digits="1", leads=1)
    assert dialled.record(CALL).billsec <= 6
