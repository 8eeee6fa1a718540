"""What a campaign may ask of answering-machine detection, as data."""

from typing import Any

import pytest

from dialer.amd import LIMITS, AmdAction, AmdPlan, Thresholds, parse_amd
from dialer.call_flow import default_definition, parse_flow
from dialer.errors import InvalidFlow

MESSAGE = {"kind": "builtin", "name": "greeting"}


def test_a_flow_that_says_nothing_cuts_machines_off_and_talks_to_whoever_is_unsure() -> None:
    assert parse_amd({}) == AmdPlan()
    actions = {verdict: AmdPlan().action(verdict) for verdict in ("human", "machine", "fax", "unsure")}
    assert actions == {
        "human": AmdAction.GO_ON, "machine": AmdAction.HANG_UP, "fax": AmdAction.HANG_UP, "unsure": AmdAction.GO_ON,
    }  # fmt: skip


def test_only_what_ends_the_message_interrupts_it() -> None:
    assert parse_amd({}).cut_short() == {"machine", "fax"}
    assert parse_amd({"on_machine": "leave_message", "message": MESSAGE}).cut_short() == {"machine", "fax"}
    assert parse_amd({"on_machine": "go_on", "on_fax": "go_on"}).cut_short() == frozenset()
    assert parse_amd({"on_unsure": "hang_up"}).cut_short() == {"machine", "fax", "unsure"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"on_machine": "shout"}, "amd.on_machine is one of hang_up, leave_message, go_on"),
        ({"on_machine": "leave_message"}, "amd.message is needed"),
        ({"on_fax": "leave_message"}, "amd.on_fax is one of hang_up, go_on"),
        ({"on_unsure": "leave_message"}, "amd.on_unsure is one of go_on, hang_up"),
        ({"message": {"kind": "builtin", "name": "../secret"}}, "amd.message.name"),
        ({"beep_wait_ms": 2999}, "amd.beep_wait_ms"),
        ({"beep_wait_ms": 60_001}, "amd.beep_wait_ms"),
        ({"without_beep": "go_on"}, "amd.without_beep"),
        ({"keeps_audio": "yes"}, "amd.keeps_audio"),
        ({"thresholds": {"loudness": 3}}, "amd.thresholds may have certainty"),
        ({"thresholds": [1]}, "amd.thresholds may have certainty"),
        ({"on_machines": "hang_up"}, "amd has no on_machines"),
    ],
)
def test_what_nobody_could_follow_is_refused_by_its_name(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidFlow, match=named):
        parse_flow({**default_definition("en"), "amd": wrong})


@pytest.mark.parametrize("name", LIMITS)
def test_thresholds_have_sane_limits(name: str) -> None:
    low, high = LIMITS[name]
    for value in (low, high):
        assert parse_amd({"thresholds": {name: value}}).thresholds == Thresholds(**{name: value})
    for value in (low - 1, high + 1, float(low), True, str(low)):
        with pytest.raises(InvalidFlow, match=f"amd.thresholds.{name}"):
            parse_amd({"thresholds": {name: value}})


def test_listening_ends_early_enough_for_the_message_to_begin_within_4_s() -> None:
    assert max(LIMITS["longest_ms"][1], LIMITS["nothing_ms"][1]) <= 3700
