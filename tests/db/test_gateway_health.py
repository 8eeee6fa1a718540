"""What counts as a refusal of the trunk, and what is kept of it between two looks."""

from datetime import UTC, datetime, timedelta

import pytest

from db import gateway_health
from db.conclusion import conclude
from dialer.back_off import BreakerState
from dialer.disposition import CallFacts
from dialer.outcome import Witness


@pytest.fixture
def dialled(world):
    """Dial so many calls and end them as told."""
    first = 79160000000

    def dial(count: int, cause: str = "", sip_code: int | None = None, *, answered: bool = False) -> None:
        nonlocal first
        campaign_id = world.campaign(contacts=count, first_phone=first)
        first += count
        for attempt in world.dial(campaign_id, count):
            if answered:
                world.conn.execute("UPDATE attempts SET answered_at = now() WHERE id = %s", [attempt.attempt_id])
            if cause:
                facts = CallFacts(attempt.attempt_id, cause, datetime.now(UTC), sip_code=sip_code)
                assert conclude(world.conn, facts, Witness.HOOK)

    return dial


def judged(world):
    """Judge now, however recently it was judged."""
    world.conn.execute("UPDATE gateway_health SET judged_at = judged_at - interval '1 second'")
    gateway_health.judge_all(world.conn, datetime.now(UTC))
    return gateway_health.known(world.conn)[world.gateway_id]


def test_a_gateway_nobody_has_dialled_over_is_well(world):
    health = judged(world)
    assert (health.share, health.state) == (1, BreakerState.CLOSED)


@pytest.mark.parametrize(
    ("cause", "sip_code", "slows"),
    [
        ("NORMAL_TEMPORARY_FAILURE", 503, True),
        ("NORMAL_CIRCUIT_CONGESTION", None, True),
        ("RECOVERY_ON_TIMER_EXPIRE", None, True),
        ("RECOVERY_ON_TIMER_EXPIRE", 408, True),
        ("PROGRESS_TIMEOUT", None, True),
        ("INVALID_GATEWAY", None, True),
        ("NORMAL_TEMPORARY_FAILURE", 500, False),
        ("USER_BUSY", 486, False),
        ("NO_ANSWER", 487, False),
        ("CALL_REJECTED", 403, False),
    ],
)
def test_refusals_of_the_trunk_slow_it_down_and_those_of_callees_do_not(world, dialled, cause, sip_code, slows):
    dialled(4, cause, sip_code)
    dialled(4, "USER_BUSY", 486)
    health = judged(world)
    assert (health.share < 1) == slows
    if slows:
        assert health.reason == f"{cause} {sip_code}" if sip_code else cause
        assert (health.failures, health.tries) == (4, 8)


def test_ten_in_a_row_open_the_breaker_and_calls_that_talk_count_as_got_through(world, dialled):
    dialled(9, "NORMAL_TEMPORARY_FAILURE", 503)
    dialled(1, answered=True)
    dialled(9, "NORMAL_TEMPORARY_FAILURE", 503)
    assert judged(world).state is BreakerState.CLOSED
    dialled(1, "NORMAL_TEMPORARY_FAILURE", 503)
    health = judged(world)
    assert health.state is BreakerState.OPEN
    assert health.reason == "NORMAL_TEMPORARY_FAILURE 503"
    assert health.open_until is not None


def older(world, seconds: int) -> None:
    """Let everything have happened so much earlier, the breaker's last change too."""
    for table, columns in (
        ("attempts", ("claimed_at", "originated_at", "answered_at", "concluded_at")),
        ("gateway_health", ("changed_at", "cut_at")),
    ):
        changes = ", ".join(f"{column} = {column} - make_interval(secs => {seconds})" for column in columns)
        world.conn.execute(f"UPDATE {table} SET {changes}")


def test_a_call_that_waits_says_nothing_either_way(world, dialled):
    dialled(1)
    older(world, 6)
    dialled(3, "NORMAL_TEMPORARY_FAILURE", 503)
    health = judged(world)
    assert (health.failures, health.tries) == (3, 3)


def test_calls_that_wait_do_not_begin_the_row_anew(world, dialled):
    dialled(9, "RECOVERY_ON_TIMER_EXPIRE", 408)
    dialled(5)
    older(world, 8)
    dialled(1, "RECOVERY_ON_TIMER_EXPIRE", 408)
    assert judged(world).state is BreakerState.OPEN


@pytest.fixture
def tried(world, dialled):
    """A gateway that had failed and is tried."""
    dialled(10, "RECOVERY_ON_TIMER_EXPIRE", 408)
    assert judged(world).state is BreakerState.OPEN
    world.conn.execute("UPDATE gateway_health SET open_until = now()")
    assert judged(world).state is BreakerState.HALF_OPEN


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize(
    ("cause", "sip_code"),
    [("", None), ("MANAGER_REQUEST", 487), ("DESTINATION_OUT_OF_ORDER", None), ("ORIGINATOR_CANCEL", None)],
    ids=["it waits", "withdrawn by us", "never left", "cancelled by us"],
)
def test_a_probe_without_proof_of_life_leaves_the_breaker_as_it_is(world, dialled, cause, sip_code):
    dialled(1, cause, sip_code)
    older(world, 6)
    assert judged(world).state is BreakerState.HALF_OPEN


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize(
    ("cause", "sip_code"), [("RECOVERY_ON_TIMER_EXPIRE", 408), ("PROGRESS_TIMEOUT", None), ("PROGRESS_TIMEOUT", 487)]
)
def test_a_probe_that_a_trunk_leaves_without_an_answer_opens_it_for_longer(world, dialled, cause, sip_code):
    dialled(1, cause, sip_code)
    health = judged(world)
    assert (health.state, health.pause_s) == (BreakerState.OPEN, 30)


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize(
    ("cause", "sip_code"),
    [("NO_ANSWER", None), ("NO_ANSWER", 487), ("SUBSCRIBER_ABSENT", None), ("CALL_REJECTED", 403)],
    ids=["it rang in vain", "it rang, 487", "an announcement was heard", "refused by the far end"],
)
def test_proof_of_life_closes_it(world, dialled, cause, sip_code):
    dialled(1, cause, sip_code)
    assert judged(world).state is BreakerState.CLOSED


@pytest.mark.usefixtures("tried")
def test_an_answer_closes_it_at_once(world, dialled):
    dialled(1, answered=True)
    assert judged(world).state is BreakerState.CLOSED


@pytest.mark.usefixtures("tried")
def test_a_probe_that_rang_for_two_minutes_in_vain_closes_it(world, dialled):
    dialled(1)
    older(world, 120)
    (attempt_id,) = world.conn.execute("SELECT id::text FROM attempts WHERE concluded_at IS NULL").fetchone()
    assert conclude(world.conn, CallFacts(attempt_id, "NO_ANSWER", datetime.now(UTC)), Witness.HOOK)
    assert judged(world).state is BreakerState.CLOSED


def test_a_probe_that_gets_through_closes_the_breaker(world, dialled):
    dialled(10, "NORMAL_TEMPORARY_FAILURE", 503)
    assert judged(world).state is BreakerState.OPEN
    world.conn.execute("UPDATE gateway_health SET open_until = now()")
    assert judged(world).state is BreakerState.HALF_OPEN
    dialled(1, "USER_BUSY", 486)
    assert judged(world).state is BreakerState.CLOSED


def test_two_judges_do_not_judge_twice(world, dialled):
    dialled(4, "NORMAL_TEMPORARY_FAILURE", 503)
    now = datetime.now(UTC)
    assert gateway_health.judge_all(world.conn, now)
    assert gateway_health.judge_all(world.conn, now + timedelta(seconds=0.5)) == {}
    assert gateway_health.known(world.conn)[world.gateway_id].share == 0.5


def test_what_another_judges_is_left_to_it(world, connect, dialled):
    dialled(4, "NORMAL_TEMPORARY_FAILURE", 503)
    now = datetime.now(UTC)
    gateway_health.judge_all(world.conn, now - timedelta(seconds=60))
    with world.conn.transaction():
        world.conn.execute("SELECT FROM gateway_health FOR UPDATE")
        assert gateway_health.judge_all(connect(), now) == {}
