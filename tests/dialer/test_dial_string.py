"""The dial string, to the letter, and what may never enter it."""

from dataclasses import replace

import pytest

from dialer.dial_string import DialString
from dialer.errors import UnsafeDialString

GOOD = DialString(
    attempt_id="0f7a1c52-3f0e-4d5e-9a53-0d1f2b3c4d5e",
    gateway="trunk-1",
    number="+79161234567",
    caller_id="+74950000001",
    campaign_id=7,
    gateway_id=3,
    flow_version_id=12,
    ring_timeout_s=30,
    max_call_s=300,
)


def test_it_is_spelled_exactly_so():
    assert str(GOOD) == (
        "{origination_uuid=0f7a1c52-3f0e-4d5e-9a53-0d1f2b3c4d5e,origination_caller_id_number=+74950000001,"
        "origination_caller_id_name=+74950000001,ignore_early_media=true,originate_timeout=30,"
        "execute_on_answer='sched_hangup +300 ALLOTTED_TIMEOUT',api_hangup_hook='python fs_scripts.hangup',"
        "dialer_attempt_id=0f7a1c52-3f0e-4d5e-9a53-0d1f2b3c4d5e,dialer_campaign_id=7,dialer_gateway_id=3,"
        "dialer_flow_version_id=12}sofia/gateway/trunk-1/+79161234567 outbound_call XML dialer"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attempt_id", "0f7a1c52"),
        ("attempt_id", "0F7A1C52-3F0E-4D5E-9A53-0D1F2B3C4D5E"),
        ("gateway", "trunk 1"),
        ("gateway", "trunk}[x=1]"),
        ("gateway", ""),
        ("gateway", "trunk\n"),
        ("number", "89161234567"),
        ("number", "+7916${system(id)}"),
        ("number", "+79161234567\n"),
        ("caller_id", "+7495,x=1"),
        ("campaign_id", 0),
        ("campaign_id", True),
        ("ring_timeout_s", "30"),
        ("max_call_s", -1),
    ],
)
def test_it_refuses_what_is_no_id_and_no_normalised_number(field, value):
    with pytest.raises(UnsafeDialString, match=field):
        replace(GOOD, **{field: value})
