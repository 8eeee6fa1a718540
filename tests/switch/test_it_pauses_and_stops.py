"""A pause starts no call any more and lets live ones end; a stop ends them or leaves them alone, as was chosen."""

import time
from datetime import UTC, datetime

import psycopg

from db import campaigns
from dialer.campaign import CampaignState
from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.invites import invites
from tests.switch.scenario import (
    answer,
    cancelled,
    hung_up,
    invited,
    reject,
    ringing,
    trying,
)

ANSWERS = (invited(), trying(), answer())
BUSY = Call(
    "paused_while_busy",
    (invited(), trying(), reject("486 Busy Here")),
    names=tuple(f"number {n}" for n in range(300)),
    is_placed_by_its_test=True,
)
TALKING = Call("paused_while_talking", (*ANSWERS, *presses("1", after_ms=6000)), is_placed_by_its_test=True)
LET_END = Call("stopped_alone", (*ANSWERS, *presses("1", after_ms=6000)), is_placed_by_its_test=True)
RINGING = Call("stopped_ringing", (invited(), trying(), ringing(), cancelled()), is_placed_by_its_test=True)
LISTENING = Call("stopped_in_the_menu", (*ANSWERS, hung_up()), is_placed_by_its_test=True)
JUST_ANSWERED = Call(
    "stopped_at_the_answer",
    (*ANSWERS, hung_up()),
    flow={"amd_mode": "detect_then_greet"},
    is_placed_by_its_test=True,
)
DECIDED = Call("stopped_after_the_press", (*ANSWERS, *presses("1")), is_placed_by_its_test=True)

IS_RINGING = "SELECT 1 FROM attempts WHERE campaign_id = %s AND originated_at IS NOT NULL"
IS_ANSWERED = "SELECT 1 FROM attempts WHERE campaign_id = %s AND answered_at IS NOT NULL"
HEARS_THE_MESSAGE = "SELECT 1 FROM attempts WHERE campaign_id = %s AND message_started_at IS NOT NULL"
HAS_PRESSED = "SELECT 1 FROM attempts WHERE campaign_id = %s AND outcome IS NOT NULL"
SOME_ARE_DONE = "SELECT 1 FROM attempts WHERE campaign_id = %s HAVING count(concluded_at) >= 20"
NONE_IS_OPEN = "SELECT 1 FROM attempts WHERE campaign_id = %s HAVING count(*) = count(concluded_at)"

OBEYED_WITHIN_S = 1.0


def move(suite, call: Call, target: CampaignState, **how) -> datetime:
    """Move the call's campaign; return when that was committed, at the latest."""
    with psycopg.connect(suite.postgres.url) as conn:
        campaigns.move(conn, suite.placed[call.name].campaign_id, target, **how)
    return datetime.now(UTC)


def stop(suite, call: Call, when: str) -> None:
    """Place the call and stop its campaign together with its calls, as soon as `when` returns a row."""
    suite.place([call])
    suite.wait_for(when, suite.placed[call.name].campaign_id)
    move(suite, call, CampaignState.COMPLETED, hangs_up=True)


def test_no_invite_leaves_later_than_a_second_after_a_pause(dialled):
    dialled.place([BUSY, TALKING])
    campaign_id = dialled.placed[BUSY.name].campaign_id
    dialled.wait_for(IS_ANSWERED, dialled.placed[TALKING.name].campaign_id)
    dialled.wait_for(SOME_ARE_DONE, campaign_id)
    paused_at = move(dialled, BUSY, CampaignState.PAUSED)
    move(dialled, TALKING, CampaignState.PAUSED)
    assert dialled(TALKING) == answered("interested", digits="1", leads=1)  # takes seconds, in which nothing leaves
    dialled.wait_for(NONE_IS_OPEN, campaign_id)
    time.sleep(2 * OBEYED_WITHIN_S)
    left = dialled.wait_for(
        "SELECT count(*) AS attempts, max(originated_at) AS latest, (SELECT count(*) FROM contacts WHERE campaign_id ="
        " %s AND state = 'queued') AS waiting FROM attempts WHERE campaign_id = %s", campaign_id, campaign_id,
    )  # fmt: skip
    assert left.waiting > 0, "everybody was called before the pause: it shows nothing"
    assert left.latest <= paused_at
    seen = [invite.at for invite in invites(dialled, BUSY)]
    assert len(seen) >= left.attempts >= 20
    assert (max(seen) - paused_at).total_seconds() <= OBEYED_WITHIN_S


def test_a_stop_lets_a_live_call_come_to_its_end(dialled):
    dialled.place([LET_END])
    dialled.wait_for(IS_ANSWERED, dialled.placed[LET_END.name].campaign_id)
    move(dialled, LET_END, CampaignState.COMPLETED)
    assert dialled(LET_END) == answered("interested", digits="1", leads=1)
    assert dialled.callee_was_content(LET_END)


def test_a_stop_with_hang_up_cancels_a_call_that_rings(dialled):
    stop(dialled, RINGING, IS_RINGING)
    row = dialled(RINGING)
    assert (row.disposition, row.hangup_cause, row.answered) == ("cancelled", "MANAGER_REQUEST", False)
    assert "CANCEL" in dialled.carrier_saw(RINGING)


def test_a_stop_with_hang_up_ends_a_call_in_the_middle_of_the_message(dialled):
    stop(dialled, LISTENING, HEARS_THE_MESSAGE)
    row = dialled(LISTENING)
    assert (row.disposition, row.hangup_cause, row.answered) == ("cancelled", "MANAGER_REQUEST", True)
    assert dialled.callee_was_content(LISTENING)


def test_whoever_has_just_answered_hears_the_message_begin_and_is_not_abandoned(dialled):
    stop(dialled, JUST_ANSWERED, IS_ANSWERED)
    record = dialled.record(JUST_ANSWERED)
    assert (record.disposition, record.hangup_cause) == ("cancelled", "MANAGER_REQUEST")
    assert record.message_started_at is not None


def test_a_stop_with_hang_up_takes_no_press_back(dialled):
    stop(dialled, DECIDED, HAS_PRESSED)
    row = dialled(DECIDED)
    assert (row.disposition, row.digits, row.leads) == ("interested", "1", 1)
