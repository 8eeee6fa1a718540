"""Which switch a call goes to, and for which reason one gets none."""

from dataclasses import replace

import pytest

from dialer.spool_sign import SpoolSign, read
from dialer.switches import SCRIPTS_SILENT_S, SILENT_S, Out, Place, Sighting, preferred, why_out

WELL = Sighting(is_enabled=True, is_connected=True, answer_age_s=0.1, sign_age_s=0.1, is_compared=True, is_drained=True)


def ids(*places: Place) -> list[int]:
    return [place.switch_id for place in preferred(places)]


def test_most_free_channels_come_first():
    assert ids(Place(1, 10, 8), Place(2, 100, 50), Place(3, 10, 0)) == [2, 3, 1]


def test_equals_take_turns():
    assert ids(Place(1, 10, 3, turn=7), Place(2, 10, 3, turn=5), Place(3, 10, 3)) == [3, 2, 1]


def test_a_full_one_comes_last_and_stays():
    assert ids(Place(1, 5, 6), Place(2, 5, 4)) == [2, 1]


def test_calls_spread_by_free_channels():
    """Handing out one call after the other leaves the same number free everywhere."""
    live = {1: 0, 2: 0, 3: 0}
    most = {1: 30, 2: 20, 3: 10}
    for turn in range(45):
        first = preferred([Place(n, most[n], live[n], turn if n == 0 else 0) for n in live])[0]
        live[first.switch_id] += 1
    assert live == {1: 25, 2: 15, 3: 5}


def test_a_switch_of_which_nothing_bad_is_known_takes_calls():
    assert why_out(WELL) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_enabled": False}, Out.DISABLED),
        ({"is_connected": False}, Out.AWAY),
        ({"answer_age_s": SILENT_S + 0.1}, Out.SILENT),
        ({"sign_age_s": None}, Out.SCRIPTS_SILENT),
        ({"sign_age_s": SCRIPTS_SILENT_S + 0.1}, Out.SCRIPTS_SILENT),
        ({"is_full": True}, Out.SPOOL_FULL),
        ({"is_compared": False}, Out.RETURNING),
        ({"is_drained": False}, Out.SPOOL_WAITS),
        ({"is_refusing": True}, Out.REFUSED),
    ],
)
def test_each_reason_takes_it_out(changes, reason):
    assert why_out(replace(WELL, **changes)) is reason


def test_the_first_reason_is_said():
    assert why_out(Sighting(is_enabled=False, is_connected=False, answer_age_s=99)) is Out.DISABLED


@pytest.mark.parametrize(
    "sign", [SpoolSign(1, 0, False, "/dev/shm/dialer"), SpoolSign(77, 12345, True, ""), SpoolSign(2, 0, False, "/x", 3)]
)
def test_a_sign_of_life_is_read_as_it_was_written(sign):
    assert read(f"{sign}\n") == sign


def test_a_sign_without_kept_results_is_written_as_ever():
    """Of a switch and a scheduler that are updated, one is so first."""
    assert str(SpoolSign(1, 0, False, "/dev/shm/dialer")) == "1:0:0:/dev/shm/dialer"


@pytest.mark.parametrize("text", ["", "-ERR no reply", "1:2", "x:0:0:/tmp"])
def test_what_is_no_sign_says_nothing(text):
    assert read(text) is None
