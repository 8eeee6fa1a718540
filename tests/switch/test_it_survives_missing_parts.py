"""PostgreSQL or Redis away, and a flow that can't be followed: nobody waits long, and no result is lost."""

import time

from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, invited, pause, ringing, trying

PRESSES = (invited(), trying(), answer(), *presses("1"))
LATE = (invited(), trying(), ringing(), pause(3000), answer(), *presses("1"))
IS_RINGING = "SELECT id FROM attempts WHERE campaign_id = %s AND originated_at IS NOT NULL"
IS_ANSWERED = "SELECT id FROM attempts WHERE campaign_id = %s AND answered_at IS NOT NULL"

BROKEN_FLOW = Call("broken_flow", PRESSES, flow={"language": "tlh"}, is_flow_broken=True)
MISSING_AUDIO = Call(
    "missing_audio", PRESSES, flow={"greeting": {"kind": "audio", "name": "no-such-file.wav", "audio_id": 1}}
)
FROZEN_AT_ANSWER = Call("frozen_at_answer", LATE, is_placed_by_its_test=True)
NOBODY_KNOWS = Call("nobody_knows", LATE, is_placed_by_its_test=True)
FROZEN_AT_HANGUP = Call("frozen_at_hangup", PRESSES, is_placed_by_its_test=True)
GONE_AT_ANSWER = Call("gone_at_answer", LATE, is_placed_by_its_test=True)
GONE_AT_HANGUP = Call("gone_at_hangup", PRESSES, is_placed_by_its_test=True)
REDIS_FROZEN = Call("redis_frozen", PRESSES, is_placed_by_its_test=True)


def test_it_abandons_a_call_whose_flow_can_not_be_followed(dialled):
    row = dialled(BROKEN_FLOW)
    assert (row.disposition, row.answered, row.leads) == ("abandoned", True, 0)


def test_it_abandons_a_call_whose_greeting_is_missing(dialled):
    row = dialled(MISSING_AUDIO)
    assert (row.disposition, row.answered, row.leads) == ("abandoned", True, 0)


def test_it_holds_a_call_that_postgresql_is_frozen_for_from_the_answer_on(dialled):
    dialled.place([FROZEN_AT_ANSWER])
    dialled.wait_for(IS_RINGING, dialled.placed[FROZEN_AT_ANSWER.name].campaign_id)
    dialled.postgres.pause()
    try:
        dialled.placed[FROZEN_AT_ANSWER.name].callee.process.wait(30)
    finally:
        dialled.postgres.resume()
    assert dialled(FROZEN_AT_ANSWER) == answered("interested", digits="1", leads=1)


def test_it_ends_a_call_quickly_when_no_store_can_say_how_to_hold_it(dialled):
    dialled.place([NOBODY_KNOWS])
    dialled.wait_for(IS_RINGING, dialled.placed[NOBODY_KNOWS.name].campaign_id)
    dialled.postgres.pause()
    dialled.redis.pause()
    try:
        dialled.placed[NOBODY_KNOWS.name].callee.process.wait(20)  # our side hung up while they were frozen
    finally:
        dialled.redis.resume()
        dialled.postgres.resume()
    row = dialled(NOBODY_KNOWS)
    assert (row.disposition, row.answered, row.leads) == ("abandoned", True, 0)


def test_it_keeps_a_press_made_while_postgresql_is_frozen(dialled):
    dialled.place([FROZEN_AT_HANGUP])
    dialled.wait_for(IS_ANSWERED, dialled.placed[FROZEN_AT_HANGUP.name].campaign_id)
    dialled.postgres.pause()
    try:
        dialled.placed[FROZEN_AT_HANGUP.name].callee.process.wait(20)
    finally:
        dialled.postgres.resume()
    assert dialled(FROZEN_AT_HANGUP) == answered("interested", digits="1", leads=1)


def test_it_holds_a_call_that_postgresql_is_gone_for_from_the_answer_on(dialled):
    dialled.place([GONE_AT_ANSWER])
    dialled.wait_for(IS_RINGING, dialled.placed[GONE_AT_ANSWER.name].campaign_id)
    with dialled.postgres.away():
        dialled.placed[GONE_AT_ANSWER.name].callee.process.wait(30)
    assert dialled(GONE_AT_ANSWER) == answered("interested", digits="1", leads=1)


def test_it_keeps_a_press_made_while_postgresql_is_gone(dialled):
    dialled.place([GONE_AT_HANGUP])
    dialled.wait_for(IS_ANSWERED, dialled.placed[GONE_AT_HANGUP.name].campaign_id)
    with dialled.postgres.away():
        dialled.placed[GONE_AT_HANGUP.name].callee.process.wait(20)
    assert dialled(GONE_AT_HANGUP) == answered("interested", digits="1", leads=1)


def test_it_holds_the_whole_conversation_while_redis_is_frozen(dialled):
    dialled.place([REDIS_FROZEN])
    dialled.wait_for(IS_ANSWERED, dialled.placed[REDIS_FROZEN.name].campaign_id)
    dialled.redis.pause()
    started = time.monotonic()
    try:
        dialled.placed[REDIS_FROZEN.name].callee.process.wait(20)
        assert time.monotonic() - started < 12
    finally:
        dialled.redis.resume()
    assert dialled(REDIS_FROZEN) == answered("interested", digits="1", leads=1)
