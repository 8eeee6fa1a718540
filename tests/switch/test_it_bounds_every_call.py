"""Whoever stays on the line longer than the campaign allows is hung up by the switch, even while a prompt plays."""

from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, hung_up, invited, trying

CALL = Call(
    "stays_too_long",
    (invited(), trying(), answer(), hung_up()),
    flow={"tries": 5, "input_timeout_ms": 8000},
    max_call_s=10,
)


def test_it_hangs_up_when_the_longest_call_is_over(dialled):
    assert dialled(CALL) == answered("hung_up", cause="ALLOTTED_TIMEOUT")
    assert dialled.record(CALL).billsec in (9, 10, 11)
