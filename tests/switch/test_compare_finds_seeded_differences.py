"""The comparison of two switches' rows fails on what it is there to find."""

import copy

import pytest

from tests.switch.compare import differences

ROW = {
    "disposition": "interested", "hangup_cause": "NORMAL_CLEARING", "sip_code": 200, "digits": "1", "answered": True,
    "billsec": 5,
}  # fmt: skip
ROWS = {"press": [ROW], "busy": [{**ROW, "disposition": "busy", "billsec": 0}]}


def test_it_finds_nothing_between_equals_and_forgives_a_second():
    other = copy.deepcopy(ROWS)
    other["press"][0]["billsec"] = 6
    assert differences(ROWS, other) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("disposition", "hung_up"), ("hangup_cause", "USER_BUSY"), ("sip_code", 486), ("digits", "11"),
        ("answered", False), ("billsec", 7),
    ],
)  # fmt: skip
def test_it_finds_a_column_that_differs(column, value):
    other = copy.deepcopy(ROWS)
    other["press"][0][column] = value
    assert len(differences(ROWS, other)) == 1


def test_it_finds_a_call_that_is_missing_or_was_made_twice():
    assert differences(ROWS, {"press": [ROW]}) == ["busy: only one switch made this call"]
    assert differences(ROWS, {**ROWS, "press": [ROW, ROW]}) == ["press: 1 attempts and 2"]
