"""Departures: each call leaves at its moment, and no closer to the one before than its gateway allows."""

import itertools
import time
from dataclasses import replace

import pytest

from db import claims, leases
from scheduler.departures import PROMPT_S, Departures
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

    monkeypatch.setattr("scheduler.departures.leases.ask_to_leave", ask)
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
