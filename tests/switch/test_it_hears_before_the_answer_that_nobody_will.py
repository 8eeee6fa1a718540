"""Busy tones, the special information tone and an announcement before the answer end the call; ring-back and a greeting
do not.
"""

import pytest

from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, cancelled, early_media, invited, pause, play, trying
from tests.switch.sounds import (
    busy_capture,
    machine_capture,
    prompt,
    ringback_after_answer_capture,
    unreachable_capture,
)

RING_S = 40
EARLY = (invited(), trying(), early_media())
LISTENS = {"amd_mode": "detect_then_greet", "amd": {"hears_early_media": True}}
NOBODY = {
    ("busy", "USER_BUSY"): Call(
        "early_busy", (*EARLY, play(busy_capture(12)), cancelled()), flow=LISTENS, ring_timeout_s=RING_S
    ),
    ("unreachable", "SUBSCRIBER_ABSENT"): Call(
        "early_sit", (*EARLY, play(unreachable_capture()), cancelled()), flow=LISTENS, ring_timeout_s=RING_S
    ),
}
RINGS = {
    name: Call(
        f"early_{name}",
        (*EARLY, play(capture), pause(its_ms), answer(), *presses("1", after_ms=6000)),
        flow={**LISTENS, "greeting": prompt("six_seconds")},
    )
    # the answer comes when all has been heard: what a machine goes on to say after it is a machine's
    for name, capture, its_ms in (
        ("ring_back", ringback_after_answer_capture(), 7000),
        ("speech", machine_capture(), 11_000),
    )
}
NOT_HEARD = Call(
    "early_not_heard",
    (*EARLY, play(busy_capture(5)), pause(5000), answer(), *presses("1", after_ms=4000)),
    flow={"amd": {"hears_early_media": False}},
)


@pytest.mark.parametrize(("disposition", "cause"), NOBODY)
def test_it_ends_as_the_network_says_long_before_it_has_rung_out(dialled, disposition, cause):
    call = NOBODY[disposition, cause]
    row = dialled(call)
    assert (row.disposition, row.hangup_cause, row.answered) == (disposition, cause, False)
    record = dialled.record(call)
    assert (record.ended_at - record.originated_at).total_seconds() < RING_S / 2
    assert dialled.evidence(call, "early_media")["early_media"]["verdict"] == disposition


@pytest.mark.parametrize("name", RINGS)
def test_what_is_no_signal_of_the_network_lets_it_ring(dialled, name):
    assert dialled(RINGS[name]) == answered("interested", digits="1", leads=1)


def test_a_campaign_may_leave_it(dialled):
    assert dialled(NOT_HEARD) == answered("interested", digits="1", leads=1)


def test_no_tap_is_left(dialled):
    for call in (*NOBODY.values(), *RINGS.values()):
        attempt_id = dialled.record(call).id
        assert not list(dialled.folder("DIALER_TAP_DIR").glob(f"{attempt_id}*"))
