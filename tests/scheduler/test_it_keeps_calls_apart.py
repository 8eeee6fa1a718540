"""Departures: each call leaves at its moment, and no closer to the one before than its gateway allows."""

import itertools
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db import claims, leases
from scheduler.departures import Departures
from scheduler.distances import PROMPT_S
from scheduler.unsent import Unsent
from tests.scheduler.scripted_switch import wait_until


def test_it_sends_each_at_its_moment_and_evenly(plan, departures, switch):
    departures.start()
    planned = plan(20)
    departures.add(planned)
    wait_until(lambda: len(switch.sent) == 20)
    due = {departure.attempt.attempt_id: departure.due_s for departure in planned}
    assert all(at >= due[attempt.attempt_id] for at, attempt in switch.sent), "none leaves early"
    moments = [at for at, _ in switch.sent]
    assert min(b - a for a, b in itertools.pairwise(moments)) >= 0.02 - PROMPT_S, "held up by so much at most"
    assert moments[-1] - moments[0] >= 19 * 0.02 - PROMPT_S, "and that is not made up for"


@pytest.mark.parametrize(
    "delays", [[0.06], [0.0, *[0.04] * 17]], ids=["the first is slow", "many are slow, then they are quick again"]
)
def test_a_call_that_is_quicker_on_its_way_than_the_one_before_keeps_its_distance(
    plan, departures, switch, monkeypatch, delays
):
    real, waits = claims.mark_originated, iter(delays)

    def mark(*arguments):
        time.sleep(next(waits, 0.0))
        return real(*arguments)

    planned = plan(20)
    monkeypatch.setattr("scheduler.departures.claims.mark_originated", mark)
    departures.start()
    departures.add(planned)
    wait_until(lambda: len(switch.sent) == 20)
    moments = [at for at, _ in switch.sent]
    assert min(b - a for a, b in itertools.pairwise(moments)) >= 0.02 - PROMPT_S


def test_two_schedulers_keep_the_distance_between_them(
    plan, database, ready_redis, switch, nodes, brakes, monkeypatch, tmp_path
):
    monkeypatch.setattr("scheduler.departures.LATEST_S", 30.0)
    real, allowed = leases.ask_to_leave, []

    def ask(*arguments):
        leave = real(*arguments)
        if not leave.wait_s:
            allowed.append(leave.at)
        return leave

    monkeypatch.setattr("scheduler.last_gate.leases.ask_to_leave", ask)
    planned = plan(20)
    lines = [Departures(database, ready_redis, nodes, brakes, 50, Unsent(tmp_path)) for _ in range(2)]
    for number, line in enumerate(lines):  # all at once: what keeps them apart is the gate alone
        line.add([replace(departure, due_s=time.monotonic()) for departure in planned[number::2]])
    for line in lines:
        line.start()
    wait_until(lambda: len(switch.sent) == 20)
    for line in lines:
        line.stop(5)
    assert min(b - a for a, b in itertools.pairwise(sorted(allowed))) >= 0.02


def test_calls_of_a_campaign_keep_its_distance_and_hold_up_no_other_over_the_same_gateway(
    world, planner, departures, switch
):
    slow = world.campaign(contacts=3, calls_per_minute=6000, calls_per_second=4)
    quick = world.campaign(contacts=20, first_phone=79170000000, calls_per_minute=6000, max_channels=50)
    planned = planner.plan(datetime.now(UTC))
    now = time.monotonic()  # all at once: what keeps them apart is the gate alone
    departures.add([replace(departure, due_s=now) for departure in planned])
    departures.start()
    wait_until(lambda: len(switch.sent) == len(planned))

    def moments(campaign_id: int) -> list[float]:
        return [at for at, attempt in switch.sent if attempt.campaign_id == campaign_id]

    assert len(moments(slow)) >= 2, "within half a second and what planning took"
    assert min(b - a for a, b in itertools.pairwise(moments(slow))) >= 0.25 - PROMPT_S
    assert max(b - a for a, b in itertools.pairwise(moments(quick))) < 0.2, "nobody waited for the slow one"


def test_a_campaigns_call_that_was_held_up_pushes_its_next_one_back_on_any_gateway(ready_redis):
    def ask(gateway_id: int):
        return leases.ask_to_leave(ready_redis, gateway_id, 0.0, 0.0, None, (7, 30.0))

    assert ask(1).wait_s == 0
    before = ask(2)
    assert 29 < before.wait_s == before.campaign_wait_s
    time.sleep(0.5)
    leases.has_left(ready_redis, 1, 7)
    assert ask(2).wait_s > before.wait_s - 0.25


def test_a_call_that_was_held_up_pushes_the_next_one_back(ready_redis):
    def wait_s(gateway_id: int, spacing_s: float) -> float:
        return leases.ask_to_leave(ready_redis, gateway_id, spacing_s, 0.0).wait_s

    assert wait_s(1, 30) == 0
    assert wait_s(2, 30) == 0, "another gateway's calls don't count"
    before = wait_s(1, 30)
    assert 0 < before <= 30
    time.sleep(0.5)
    leases.has_left(ready_redis, 1)
    assert wait_s(1, 30) > before - 0.25
