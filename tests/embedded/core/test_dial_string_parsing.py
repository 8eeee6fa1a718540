"""How originate takes its arguments apart; every expectation was seen on a real FreeSWITCH 1.11."""

import pytest

from embedded_switch.separate import ParseError, brackets, separate


def variables(text):
    return brackets(separate(text, " ", 10)[0], "{", "}")[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("n='a b'", "a b"),
        ("n=^^:PCMA:PCMU", "^^:PCMA:PCMU"),
        (r"n='PCMA\\,PCMU'", "PCMA,PCMU"),
        (r"n=PCMA\,PCMU", "PCMA,PCMU"),
        (r"n='a b\'c'", "a b'c"),
        ("n='x=y'", "x=y"),
        (r"n=a\sb", "a b"),
    ],
)
def test_a_value_arrives_as_in_freeswitch(written, value):
    assert variables(f"{{{written},z=1}}sofia/gateway/g/1 &park") == {"n": value, "z": "1"}


def test_a_quoted_comma_still_ends_the_value():
    assert variables("{codecs='PCMA,PCMU',z=1}sofia/gateway/g/1 &park") == {"codecs": "PCMA", "z": "1"}


def test_a_variable_without_a_value_is_dropped():
    assert variables("{a=,b,c=1}sofia/gateway/g/1 &park") == {"c": "1"}


def test_an_unquoted_blank_leaves_the_bracket_open():
    with pytest.raises(ParseError):
        variables("{a=b c}sofia/gateway/g/1 &park")


def test_a_lone_quote_swallows_the_rest_of_the_line():
    assert len(separate("{n=it's}sofia/gateway/g/1 &park", " ", 10)) == 1


def test_a_list_may_name_its_own_delimiter():
    assert separate("^^:PCMA:PCMU", ",") == ["PCMA", "PCMU"]


def test_the_last_part_keeps_the_rest():
    assert separate("fs.module one two", " ", 2) == ["fs.module", "one two"]
