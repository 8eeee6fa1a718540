"""Departures: no switch gets more calls than its channels, and the others take what one can not."""

import time
from dataclasses import replace

import pytest

from db import attempts, leases, switches
from db.switches import SwitchRow
from dialer.switches import Out
from scheduler.departures import Departures
from scheduler.unsent import Unsent
from tests.scheduler.conftest import OneNode, Remembering, states
from tests.scheduler.scripted_switch import wait_until


@pytest.fixture
def second(nodes, world) -> OneNode:
    """A further switch that takes calls."""
    made = OneNode(Remembering(), switches.create(world.conn, SwitchRow(0, "b", "127.0.0.1", 8022, None, True)))
    made.compared(made.visit)
    nodes.all.append(made)
    return made


def test_no_switch_gets_more_calls_than_its_channels_though_two_schedulers_choose_at_once(
    plan, database, ready_redis, nodes, node, second, brakes, world, monkeypatch, tmp_path
):
    monkeypatch.setattr("scheduler.departures.LATEST_S", 30.0)
    node.max_channels, second.max_channels = 4, 3
    planned = plan(20)
    lines = [Departures(database, ready_redis, nodes, brakes, 50, Unsent(tmp_path)) for _ in range(2)]
    for number, line in enumerate(lines):
        line.add([replace(departure, due_s=time.monotonic()) for departure in planned[number::2]])
        line.start()
    wait_until(lambda: states(world) == {"dialing": 7, "queued": 13})
    for line in lines:
        line.stop(5)
    assert (len(node.line.sent), len(second.line.sent)) == (4, 3)
    found = dict(world.conn.execute("SELECT switch_id, count(*) FROM attempts GROUP BY 1").fetchall())
    assert found == {node.id: 4, second.id: 3}
    assert leases.counts(ready_redis, switch_ids=[node.id, second.id]).by_switch == found


def test_a_call_that_ended_gives_the_channel_of_its_switch_back(plan, departures, node, ready_redis):
    node.max_channels = 1
    planned = plan(2)
    departures.start()
    departures.add(planned[:1])
    wait_until(lambda: len(node.line.sent) == 1)
    leases.release(ready_redis, [planned[0].attempt.attempt_id])
    departures.add(planned[1:])
    wait_until(lambda: len(node.line.sent) == 2)


def test_a_switch_that_is_out_gets_no_calls_and_the_others_go_on(plan, departures, node, second):
    node.out = Out.SILENT
    departures.start()
    departures.add(plan(5))
    wait_until(lambda: len(second.line.sent) == 5)
    assert node.line.sent == []


def test_a_switch_that_was_disabled_this_instant_gets_no_call(plan, departures, node, world):
    world.conn.execute("UPDATE switches SET is_enabled = false, disabled_at = now()")
    departures.start()
    departures.add(plan(3))
    wait_until(lambda: states(world) == {"queued": 3})
    assert node.line.sent == []


def test_channels_of_switches_are_known_again_after_redis_was_emptied(plan, departures, node, world, ready_redis):
    departures.start()
    departures.add(plan(3))
    wait_until(lambda: len(node.line.sent) == 3)
    ready_redis.flushall()
    found = attempts.open_attempts(world.conn)
    unmarked = [replace(attempt, switch_id=None) for attempt in found]  # as read before they were marked
    leases.rebuild(ready_redis, unmarked)
    assert leases.counts(ready_redis, switch_ids=[node.id]).by_switch == {node.id: 0}
    leases.renew_open(ready_redis, found)
    assert leases.counts(ready_redis, switch_ids=[node.id]).by_switch == {node.id: 3}
