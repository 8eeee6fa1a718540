"""Calls that the callee's side refuses end with the cause and the disposition of the refusal."""

import pytest

from tests.switch.calls import Call, Row
from tests.switch.scenario import ONLY_G729, answer, hung_up, invited, reject, ringing, trying

EXPECTED = {
    "486 Busy Here": Row("busy", "USER_BUSY", 486),
    "600 Busy Everywhere": Row("busy", "USER_BUSY", 600),
    "404 Not Found": Row("invalid_number", "UNALLOCATED_NUMBER", 404),
    "480 Temporarily Unavailable": Row("unreachable", "NO_USER_RESPONSE", 480),
    "488 Not Acceptable Here": Row("failed", "INCOMPATIBLE_DESTINATION", 488),
    "500 Server Internal Error": Row("failed", "NORMAL_TEMPORARY_FAILURE", 500),
    "503 Service Unavailable": Row("congestion", "NORMAL_TEMPORARY_FAILURE", 503),
    "603 Decline": Row("rejected", "CALL_REJECTED", 603),
}
CALLS = {status: Call(f"sip_{status[:3]}", (invited(), trying(), ringing(), reject(status))) for status in EXPECTED}
DECLINED_CODEC = Call("only_g729", (invited(), trying(), answer(ONLY_G729), hung_up()))


@pytest.mark.parametrize("status", EXPECTED)
def test_it_concludes_a_refusal(dialled, status):
    assert dialled(CALLS[status]) == EXPECTED[status]


def test_it_fails_a_call_answered_with_a_codec_we_did_not_offer(dialled):
    row = dialled(DECLINED_CODEC)
    assert (row.disposition, row.hangup_cause, row.leads) == ("failed", "INCOMPATIBLE_DESTINATION", 0)
