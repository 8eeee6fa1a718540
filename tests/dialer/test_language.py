"""Campaign moves, pacing, call flows, dial strings and settings: tables of cases."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from dialer.call_flow import Action, default_definition, parse_flow
from dialer.campaign import MOVES, CampaignState, check_move, states_before
from dialer.dial_string import DialString
from dialer.errors import IllegalMove, InvalidFlow, SettingsError, UnsafeDialString
from dialer.outcome import Outcome
from dialer.pacing import Room, slots_wanted
from dialer.prompt import PromptKind
from dialer.retry import RetryBasis
from dialer.settings import REQUIRED, Settings, read_settings

ATTEMPT = "0f8fad5b-d9cb-469f-a165-70867728950e"
DIAL_STRING = DialString(ATTEMPT, "carrier", "+79161234567", "+74950000001", 3, 2, 5, 30, 300)
ROOM = Room(free_channels=10, calls_per_second=10, calls_per_minute=60, in_last_minute=0)


@pytest.mark.parametrize("current", CampaignState)
@pytest.mark.parametrize("target", CampaignState)
def test_a_move_is_legal_or_refused_with_the_legal_ones(current: CampaignState, target: CampaignState) -> None:
    assert (current in states_before(target)) == (target in MOVES[current])
    if target in MOVES[current]:
        check_move(current, target)
    else:
        with pytest.raises(IllegalMove, match="legal from here"):
            check_move(current, target)


@pytest.mark.parametrize(
    ("changes", "due", "horizon_ms", "wanted"),
    [
        ({}, 100, 500, 6),
        ({}, 2, 500, 2),
        ({}, 0, 500, 0),
        ({"free_channels": 3}, 100, 500, 3),
        ({"free_channels": 0}, 100, 500, 0),
        ({"free_channels": -2}, 100, 500, 0),
        ({"in_last_minute": 58}, 100, 500, 2),
        ({"in_last_minute": 61}, 100, 500, 0),
        ({"calls_per_second": 0.33}, 100, 500, 1),
        ({"calls_per_second": 0}, 100, 500, 0),
        ({"calls_per_second": 100, "free_channels": 500, "calls_per_minute": 6000}, 1000, 200, 21),
    ],
)
def test_slots_are_wanted_up_to_the_tightest_limit(
    changes: dict[str, Any], due: int, horizon_ms: int, wanted: int
) -> None:
    assert slots_wanted(replace(ROOM, **changes), due, horizon_ms) == wanted


def test_the_default_flow_is_the_one_of_the_brief() -> None:
    flow = parse_flow(default_definition("en"))
    assert flow.keys == {
        "1": Action.INTERESTED, "2": Action.NOT_INTERESTED, "9": Action.OPT_OUT, "0": Action.REPEAT,
    }  # fmt: skip
    assert flow.greeting.kind is PromptKind.BUILTIN
    assert flow.thanks[Outcome.INTERESTED].name == "thanks_interested"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"language": "fr"}, "language"),
        ({"keys": {"2": "not_interested"}}, "interested"),
        ({"keys": {"1": "interested", "12": "repeat"}}, "12"),
        ({"keys": {"1": "interested", "3": "dance"}}, "keys.3"),
        ({"keys": {"1": "interested", "3": "transfer"}}, "transfer_to"),
        ({"tries": 0}, "tries"),
        ({"tries": True}, "tries"),
        ({"input_timeout_ms": 500}, "input_timeout_ms"),
        ({"amd_mode": "guess"}, "amd_mode"),
        ({"greeting": {"kind": "builtin", "name": "../../etc/passwd"}}, "greeting"),
        ({"greeting": {"kind": "audio", "name": "/etc/passwd"}}, "greeting"),
        ({"greeting": {"kind": "audio", "name": "${system(id)}"}}, "greeting"),
        ({"greeting": "hello"}, "greeting"),
        ({"thanks": {"delighted": {"kind": "builtin", "name": "x"}}}, "delighted"),
    ],
)
def test_a_flow_nobody_could_follow_is_refused_by_the_fields_name(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidFlow, match=word):
        parse_flow(default_definition() | changes)


def test_the_dial_string_is_spelled_exactly_so() -> None:
    assert str(DIAL_STRING) == (
        "{origination_uuid=0f8fad5b-d9cb-469f-a165-70867728950e,ignore_early_media=true,"
        "api_on_answer='sched_hangup +300 0f8fad5b-d9cb-469f-a165-70867728950e ALLOTTED_TIMEOUT',dialer_call=3:2:5}"
        "sofia/gateway/carrier/+79161234567 outbound_call XML dialer +74950000001 +74950000001 30"
    )


def test_the_dial_string_says_what_a_retry_depends_on() -> None:
    assert ",dialer_call=3:2:5:2:17}" in str(replace(DIAL_STRING, basis=RetryBasis(3, 2, 17)))


def test_early_media_is_recorded_and_still_no_answer() -> None:
    listens = str(replace(DIAL_STRING, early_tap_dir="/dev/shm/dialer"))
    assert (
        f"ignore_early_media=consume,execute_on_media='record_session::/dev/shm/dialer/{ATTEMPT}.early.r8 +30',"
        "RECORD_READ_ONLY=true,enable_file_write_buffering=false,api_on_answer=" in listens
    )


def test_a_line_that_rings_silently_for_a_minute_is_not_taken_for_dead() -> None:
    assert "media_timeout" not in str(replace(DIAL_STRING, early_tap_dir="/tap", ring_timeout_s=59))
    assert ",media_timeout=120000," in str(replace(DIAL_STRING, early_tap_dir="/tap", ring_timeout_s=60))
    assert "media_timeout" not in str(replace(DIAL_STRING, ring_timeout_s=120))


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "+7916,123"},
        {"number": "79161234567"},
        {"number": "+79161234567\n"},
        {"caller_id": "+7'495"},
        {"gateway": "a/b"},
        {"gateway": "carrier}"},
        {"attempt_id": "$(id)"},
        {"attempt_id": ATTEMPT.upper()},
        {"campaign_id": 0},
        {"ring_timeout_s": "30"},
        {"max_call_s": True},
        {"early_tap_dir": "/tmp/a b"},
        {"early_tap_dir": "/tmp/${system(id)}"},
        {"early_tap_dir": "tap"},
        {"basis": RetryBasis(3, 0, 17)},
        {"basis": RetryBasis(3, 2, "17,x=y")},  # type: ignore[arg-type]
    ],
)
def test_nothing_a_file_could_spell_enters_a_dial_string(changes: dict[str, Any]) -> None:
    with pytest.raises(UnsafeDialString):
        replace(DIAL_STRING, **changes)


REQUIRED_ENVIRONMENT = {
    "DIALER_" + item.name.upper(): "x" * 32 for item in fields(Settings) if item.metadata["default"] is REQUIRED
}


def test_settings_come_from_the_environment_with_their_types() -> None:
    found = read_settings(REQUIRED_ENVIRONMENT | {"DIALER_SIP_PORT": "5090", "DIALER_SPOOL_DIR": "/srv/spool"})
    assert (found.sip_port, found.spool_dir, found.database_url) == (5090, Path("/srv/spool"), "x" * 32)
    assert found.max_channels == 100


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({})
    assert all(name in str(refusal.value) for name in REQUIRED_ENVIRONMENT)


@pytest.mark.parametrize("name", REQUIRED_ENVIRONMENT)
def test_an_empty_setting_that_is_required_is_a_missing_one(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings(REQUIRED_ENVIRONMENT | {name: ""})


def test_a_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(SettingsError, match="DIALER_SECRET_KEY"):
        read_settings(REQUIRED_ENVIRONMENT | {"DIALER_SECRET_KEY": "x" * 31})


def test_a_setting_of_the_wrong_type_is_named() -> None:
    with pytest.raises(SettingsError, match="DIALER_SIP_PORT='many'"):
        read_settings(REQUIRED_ENVIRONMENT | {"DIALER_SIP_PORT": "many"})


def test_every_setting_is_in_the_example_file() -> None:
    example = Path(__file__).parents[2] / ".env.example"
    written = example.read_text(encoding="utf-8")
    assert [f.name for f in fields(Settings) if f"DIALER_{f.name.upper()}=" not in written] == []
