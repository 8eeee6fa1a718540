"""Pacing in the store: what was set, what goes on, and what is learnt from one look to the next."""

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection, errors

from db import attempts, pacing
from db.conclusion import conclude
from dialer.adaptive_pacing import WARM_UP_CALLS, PacingMode, PacingRules
from dialer.disposition import CallFacts
from dialer.outcome import Outcome, Witness
from tests.db.conftest import Connect, World, new_ids

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PREDICTIVE = PacingRules(PacingMode.PREDICTIVE, 4)


@pytest.fixture
def campaign_id(world: World) -> int:
    return world.campaign(contacts=200)


def start(world: World, campaign_id: int, most: int = 100) -> int | None:
    decision = pacing.may_start(world.conn, campaign_id, most, NOW)
    return decision.start if decision else None


def answer(world: World, attempt_id: str, outcome: Outcome | None) -> None:
    attempts.mark_answered(world.conn, attempt_id, NOW)
    if outcome:
        attempts.record_outcome(world.conn, attempt_id, outcome, "5", "human", NOW)


def end(world: World, attempt_id: str) -> None:
    conclude(world.conn, CallFacts(attempt_id, "NORMAL_CLEARING", NOW, 200, NOW, 60), Witness.HOOK)


def test_a_campaign_without_operators_is_not_paced(world: World, campaign_id: int) -> None:
    assert start(world, campaign_id) is None
    assert pacing.paced(world.conn) == frozenset()
    pacing.put(world.conn, campaign_id, PacingRules(PacingMode.FIXED, 4))
    assert pacing.paced(world.conn) == frozenset()


def test_progressive_counts_lines_on_their_way_and_operators_in_talk(world: World, campaign_id: int) -> None:
    pacing.put(world.conn, campaign_id, PacingRules(PacingMode.PROGRESSIVE, 4, 1.5))
    assert pacing.paced(world.conn) == {campaign_id}
    assert start(world, campaign_id) == 6
    ringing, talking = world.dial(campaign_id, 2)
    answer(world, talking.attempt_id, Outcome.TRANSFERRED)
    assert start(world, campaign_id) == 4 - 1  # three free operators, 4.5 lines, one on its way
    end(world, talking.attempt_id)
    assert start(world, campaign_id) == 6 - 1
    end(world, ringing.attempt_id)
    assert start(world, campaign_id) == 6


def test_two_schedulers_never_get_the_same_operators(world: World, connect: Connect, campaign_id: int) -> None:
    """A decides, B decides, A claims, B claims: each sees the other's calls, or starts none."""
    pacing.put(world.conn, campaign_id, PacingRules(PacingMode.PROGRESSIVE, 4))
    campaign, now = world.dialing(campaign_id), datetime.now(UTC)
    one, other = connect(), connect()

    def claim(conn: Connection[Any], wanted: int) -> int:
        ids, sets = new_ids(wanted), [world.zone_set_id]
        return len(pacing.claim_paced(conn, campaign, campaign.gateways[0], ids, sets, now))

    forecasts = [pacing.may_start(conn, campaign_id, 100, now) for conn in (one, other)]
    assert [forecast.start for forecast in forecasts if forecast] == [4, 4]
    with one.transaction():
        assert claim(one, 3) == 3
        assert claim(other, 4) == 0, "the first one's claim is not committed yet, and nobody waits for it"
    assert claim(other, 4) == 1
    assert claim(one, 4) == 0


def test_it_learns_from_what_ended_since_the_last_look(world: World, campaign_id: int) -> None:
    for attempt in world.dial(campaign_id, 10):
        end(world, attempt.attempt_id)
    pacing.put(world.conn, campaign_id, PREDICTIVE)  # what was before is no news
    assert start(world, campaign_id) == 4
    dialled = world.dial(campaign_id, WARM_UP_CALLS)
    for number, attempt in enumerate(dialled):
        answer(world, attempt.attempt_id, Outcome.TRANSFERRED if number % 5 == 0 else None)
        end(world, attempt.attempt_id)
    assert pacing.note_no_operator(world.conn, dialled[0].attempt_id)
    found = pacing.may_start(world.conn, campaign_id, 100, NOW)
    assert found is not None
    assert (found.state.calls, found.state.transfers) == (WARM_UP_CALLS, 10)
    assert found.state.hit_rate == pytest.approx(0.2)
    assert found.state.abandon_rate == pytest.approx(0.1)
    assert found.by is PacingMode.PREDICTIVE
    again = pacing.may_start(world.conn, campaign_id, 100, NOW)
    assert again is not None
    assert again.state == found.state


def test_what_went_on_while_it_was_fixed_is_no_news(world: World, campaign_id: int) -> None:
    """Fixed dials whatever people bear: all that at once would trip the kill switch of the mode that follows."""
    pacing.put(world.conn, campaign_id, PacingRules(PacingMode.FIXED, 4))
    for attempt in world.dial(campaign_id, 10):
        answer(world, attempt.attempt_id, Outcome.TRANSFERRED)
        end(world, attempt.attempt_id)
        pacing.note_no_operator(world.conn, attempt.attempt_id)
    pacing.put(world.conn, campaign_id, PREDICTIVE)
    found = pacing.may_start(world.conn, campaign_id, 100, NOW)
    assert found is not None
    assert (found.state.calls, found.state.transfers, found.state.abandon_rate) == (0, 0, 0.0)
    (later,) = world.dial(campaign_id, 1)
    end(world, later.attempt_id)
    pacing.put(world.conn, campaign_id, PacingRules(PacingMode.PREDICTIVE, 5))
    found = pacing.may_start(world.conn, campaign_id, 100, NOW)
    assert found is not None
    assert found.state.calls == 1, "what ended since the last look is news, though the number of operators was changed"


def test_who_got_no_operator_counts_also_when_it_is_written_down_late(world: World, campaign_id: int) -> None:
    pacing.put(world.conn, campaign_id, PREDICTIVE)
    first, second = world.dial(campaign_id, 2)
    answer(world, first.attempt_id, Outcome.TRANSFERRED)
    end(world, first.attempt_id)
    start(world, campaign_id)
    pacing.note_no_operator(world.conn, first.attempt_id)
    start(world, campaign_id)
    answer(world, second.attempt_id, Outcome.TRANSFERRED)
    end(world, second.attempt_id)
    found = pacing.may_start(world.conn, campaign_id, 100, NOW)
    assert found is not None
    assert found.state.abandon_rate == pytest.approx(0.5)


def test_an_admin_alone_releases_the_kill_switch(world: World, campaign_id: int) -> None:
    pacing.put(world.conn, campaign_id, PREDICTIVE)
    world.conn.execute("UPDATE campaign_pacing SET state = '{\"is_tripped\": true}'")
    pacing.put(world.conn, campaign_id, PREDICTIVE)
    found = pacing.get(world.conn, campaign_id)
    assert found is not None
    assert found.learnt.is_tripped
    pacing.reset_kill_switch(world.conn, campaign_id)
    found = pacing.get(world.conn, campaign_id)
    assert found is not None
    assert (found.learnt.is_tripped, found.learnt.is_reset) == (False, True)


def test_nonsense_is_refused(world: World, campaign_id: int) -> None:
    with pytest.raises(errors.CheckViolation):
        pacing.put(world.conn, campaign_id, PacingRules(PacingMode.PROGRESSIVE, -1))
