"""Causes and codes agree with FreeSWITCH's tables."""

import pytest

from embedded_switch.causes import Q850, cause_of_q850, cause_of_status, reason_header


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (200, "NORMAL_CLEARING"), (400, "NORMAL_TEMPORARY_FAILURE"), (401, "CALL_REJECTED"), (403, "CALL_REJECTED"),
        (404, "UNALLOCATED_NUMBER"), (405, "SERVICE_UNAVAILABLE"), (406, "SERVICE_NOT_IMPLEMENTED"),
        (407, "CALL_REJECTED"), (408, "RECOVERY_ON_TIMER_EXPIRE"), (410, "NUMBER_CHANGED"), (413, "INTERWORKING"),
        (480, "NO_USER_RESPONSE"), (481, "NORMAL_TEMPORARY_FAILURE"), (482, "EXCHANGE_ROUTING_ERROR"),
        (484, "INVALID_NUMBER_FORMAT"), (485, "NO_ROUTE_DESTINATION"), (486, "USER_BUSY"), (487, "ORIGINATOR_CANCEL"),
        (488, "INCOMPATIBLE_DESTINATION"), (500, "NORMAL_TEMPORARY_FAILURE"), (501, "SERVICE_NOT_IMPLEMENTED"),
        (502, "NETWORK_OUT_OF_ORDER"), (503, "NORMAL_TEMPORARY_FAILURE"), (504, "RECOVERY_ON_TIMER_EXPIRE"),
        (600, "USER_BUSY"), (603, "CALL_REJECTED"), (604, "NO_ROUTE_DESTINATION"), (606, "INCOMPATIBLE_DESTINATION"),
        (607, "UNWANTED"), (608, "CALL_REJECTED"), (302, "NORMAL_UNSPECIFIED"), (499, "NORMAL_UNSPECIFIED"),
    ],
)  # fmt: skip
def test_a_sip_status_means_its_cause(status, cause):
    assert cause_of_status(status) == cause


def test_every_number_has_one_cause():
    assert len(set(Q850.values())) == len(Q850)
    assert cause_of_q850(17) == "USER_BUSY"


def test_reasons_below_128_are_q850_and_the_switchs_own_are_sip():
    assert reason_header("NORMAL_CLEARING") == 'Q.850;cause=16;text="NORMAL_CLEARING"'
    assert reason_header("ALLOTTED_TIMEOUT") == 'SIP;cause=802;text="ALLOTTED_TIMEOUT"'
