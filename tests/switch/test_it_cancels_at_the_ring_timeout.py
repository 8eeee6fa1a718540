"""A call that nobody answers is withdrawn by CANCEL when the ring time is over."""

from tests.switch.calls import Call
from tests.switch.scenario import cancelled, invited, ringing, trying

CALL = Call("no_answer", (invited(), trying(), ringing(), cancelled()), ring_timeout_s=15)


def test_it_concludes_no_answer_and_the_callee_saw_cancel(dialled):
    row = dialled(CALL)
    assert (row.disposition, row.hangup_cause, row.answered) == ("no_answer", "NO_ANSWER", False)
    assert "CANCEL" in dialled.carrier_saw(CALL)
