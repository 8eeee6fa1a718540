"""Attempts while their calls go on: what the call commits and reads, and which are open."""

from datetime import timedelta

import pytest

from db import attempts, blacklist
from db.claims import ClaimedAttempt
from db.conclusion import conclude
from dialer.outcome import Disposition, Outcome, Witness
from tests.db.conftest import World
from tests.db.endings import NOW, busy, ended


def test_an_opt_out_during_the_call_blacklists_before_the_call_has_ended(world: World, claimed: ClaimedAttempt) -> None:
    other = world.campaign(contacts=1)
    attempts.record_outcome(world.conn, claimed.attempt_id, Outcome.OPTED_OUT, "9", None, NOW)
    assert blacklist.find(world.conn, claimed.phone) is not None
    assert world.value("SELECT state::text FROM contacts WHERE campaign_id = %s", other) == "blocked"
    assert world.contact(claimed.contact_id)[0] == "dialing"
    done = conclude(world.conn, ended(claimed.attempt_id), Witness.HOOK)
    assert done is not None
    assert done.disposition is Disposition.OPTED_OUT


def test_answers_and_first_prompts_keep_their_first_time(world: World, claimed: ClaimedAttempt) -> None:
    assert attempts.mark_answered(world.conn, claimed.attempt_id, NOW)
    assert attempts.mark_answered(world.conn, claimed.attempt_id, NOW + timedelta(seconds=5))
    assert attempts.mark_message_started(world.conn, claimed.attempt_id, NOW + timedelta(seconds=1))
    conclude(world.conn, ended(claimed.attempt_id), Witness.HOOK)
    assert not attempts.mark_answered(world.conn, claimed.attempt_id, NOW)
    assert not attempts.mark_answered(world.conn, "11111111-1111-4111-8111-111111111111", NOW)
    assert world.value("SELECT answered_at FROM attempts") == NOW


@pytest.mark.parametrize("begins_message", [True, False])
def test_an_answer_says_what_holds_the_call_and_may_begin_the_message(
    world: World, claimed: ClaimedAttempt, *, begins_message: bool
) -> None:
    found = attempts.answer(world.conn, claimed.attempt_id, NOW, begins_message=begins_message)
    assert found == attempts.AnsweredBy(claimed.campaign_id, claimed.flow_version_id, is_recording=False)
    attempts.answer(world.conn, claimed.attempt_id, NOW + timedelta(seconds=5), begins_message=True)
    begun_at = NOW if begins_message else NOW + timedelta(seconds=5)
    assert world.value("SELECT answered_at FROM attempts") == NOW
    assert world.value("SELECT message_started_at FROM attempts") == begun_at
    assert attempts.answer(world.conn, "11111111-1111-4111-8111-111111111111", NOW, begins_message=False) is None


def test_open_attempts_and_recent_originates_are_listed(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    first, second = world.dial(campaign_id, 2)
    conclude(world.conn, busy(first.attempt_id), Witness.HOOK)
    assert [a.attempt_id for a in attempts.open_attempts(world.conn)] == [second.attempt_id]
    assert {a.attempt_id for a in attempts.recent_attempts(world.conn)} == {first.attempt_id, second.attempt_id}


def test_an_operators_leg_is_recent_although_its_callee_was_called_long_ago(world: World) -> None:
    recent, long_ago, not_connected = world.dial(world.campaign(contacts=3), 3)
    for attempt, outcome, ago_s in (
        (recent, "transferred", 75),
        (long_ago, "transferred", 90),
        (not_connected, "no_input", 9),
    ):
        world.conn.execute(
            "UPDATE attempts SET claimed_at = now() - interval '200 s', originated_at = now() - interval '199 s',"
            " outcome = %s, outcome_at = now() - make_interval(secs => %s) WHERE id = %s",
            [outcome, ago_s, attempt.attempt_id],
        )
    conclude(world.conn, busy(recent.attempt_id), Witness.HOOK)
    (found,) = attempts.recent_attempts(world.conn)
    assert (found.attempt_id, found.is_transferred) == (recent.attempt_id, True)


def test_the_conversation_reads_its_contact_and_frozen_flow(world: World, claimed: ClaimedAttempt) -> None:
    context = attempts.call_context(world.conn, claimed.attempt_id)
    assert context is not None
    assert (context.name, context.is_open, context.definition["language"]) == ("Contact 0", True, "ru")
    assert attempts.record_amd(world.conn, claimed.attempt_id, "human", {"energy": [1, 2]})
