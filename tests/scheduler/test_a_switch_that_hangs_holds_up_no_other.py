"""A switch that keeps its connection and answers nothing holds up no calls of others, and gets none twice."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from db import switches
from db.switches import SwitchRow
from scheduler.switch import Switch
from tests.scheduler.conftest import Nodes, OneNode, states
from tests.scheduler.scripted_switch import PASSWORD, ScriptedSwitch, command_reply, wait_until


@pytest.fixture
def hung() -> Iterator[ScriptedSwitch]:
    with ScriptedSwitch() as made:
        made.answers["bgapi"] = None
        yield made


@pytest.fixture
def well() -> Iterator[ScriptedSwitch]:
    with ScriptedSwitch() as made:
        yield made


@pytest.fixture(autouse=True)
def both(nodes: Nodes, world, hung, well) -> Iterator[list[OneNode]]:
    """Real connections to both; the one that hangs is tried first."""
    nodes.all.clear()
    for name, server in (("hung", hung), ("well", well)):
        line = Switch(
            "127.0.0.1", server.port, lambda: PASSWORD,
            on_hangup=lambda _: None, on_reply=lambda *_: None, on_connected=lambda _: None,
        )  # fmt: skip
        line.start()
        row = SwitchRow(0, name, "127.0.0.1", server.port, None, is_enabled=True)
        made = OneNode(line, switches.create(world.conn, row))  # type: ignore[arg-type]
        made.compared(made.visit)
        nodes.all.append(made)
    wait_until(lambda: all(node.line.core_uuid for node in nodes.all))
    yield nodes.all
    for node in nodes.all:
        node.line.stop()  # type: ignore[attr-defined]


@pytest.fixture
def plan(world, planner):
    """Plan calls of a campaign with that many contacts."""

    def make(contacts: int):
        world.campaign(contacts=contacts, calls_per_minute=6000, max_channels=100)
        return planner.plan(datetime.now(UTC))

    return make


def on_it(world, node: OneNode) -> int:
    return world.value(
        "SELECT count(*) FROM attempts WHERE switch_id = %s AND originated_at IS NOT NULL AND concluded_at IS NULL",
        node.id,
    )


def test_others_get_their_calls_while_its_reply_is_waited_for(plan, departures, hung, well, both, world, monkeypatch):
    monkeypatch.setattr("scheduler.switch.ORIGINATE_WAIT_S", 30.0)
    departures.start()
    departures.add(plan(10))
    wait_until(lambda: len(well.received("bgapi")) == 8, 20)
    assert len(hung.received("bgapi")) == 1, "what owes a reply gets no second call"
    assert hung.connections == 1, "the reply is still waited for"
    wait_until(lambda: (on_it(world, both[0]), on_it(world, both[1])) == (1, 8))
    assert states(world)["queued"] == 1, "the one that was marked for it meanwhile was given back"


def test_one_that_replies_late_takes_calls_again_and_none_twice(plan, departures, hung, well, both, monkeypatch):
    monkeypatch.setattr("scheduler.switch.ORIGINATE_WAIT_S", 30.0)
    departures.start()
    planned = plan(10)
    departures.add(planned[:5])
    wait_until(lambda: len(well.received("bgapi")) == 3)
    del hung.answers["bgapi"]
    hung.send(command_reply("+OK Job-UUID: x"))
    wait_until(lambda: not departures._sender.waits)
    departures.add(planned[5:])
    wait_until(lambda: len(hung.received("bgapi")) + len(well.received("bgapi")) == 9)
    assert len(hung.received("bgapi")) == 6
    assert len({*hung.received("bgapi"), *well.received("bgapi")}) == 9
    assert hung.connections == 1


def test_a_late_refusal_undoes_the_call_and_lets_the_switch_rest(
    plan, departures, hung, well, both, world, monkeypatch
):
    monkeypatch.setattr("scheduler.switch.ORIGINATE_WAIT_S", 30.0)
    departures.start()
    departures.add(plan(3))
    wait_until(lambda: len(well.received("bgapi")) == 1 and states(world)["queued"] == 1)
    hung.send(command_reply("-ERR permission denied"))
    wait_until(lambda: states(world)["queued"] == 2)
    assert both[0].rests_s > 0
    assert on_it(world, both[0]) == 0


def test_what_was_sent_to_one_that_never_replies_stays_for_reconciliation(
    plan, departures, hung, well, both, world, monkeypatch
):
    monkeypatch.setattr("scheduler.switch.ORIGINATE_WAIT_S", 0.5)
    departures.start()
    departures.add(plan(4))
    wait_until(lambda: hung.connections == 2, what="the connection was given up")
    wait_until(lambda: not departures._sender.waits)
    wait_until(lambda: both[0].line.core_uuid)
    time.sleep(0.2)  # nothing may come after it
    commands = [*hung.received("bgapi"), *well.received("bgapi")]
    assert len(commands) == len(set(commands)) == 3, "none is sent twice"
    assert on_it(world, both[0]) == len(hung.received("bgapi"))
    assert states(world) == {"dialing": 3, "queued": 1}


def test_stopping_does_not_wait_for_its_reply(plan, departures, hung, world, both, monkeypatch):
    monkeypatch.setattr("scheduler.switch.ORIGINATE_WAIT_S", 30.0)
    departures.start()
    departures.add(plan(1))
    wait_until(lambda: hung.received("bgapi"))
    departures.stop(20)
    assert not departures._thread.is_alive()
    assert on_it(world, both[0]) == 1, "it may ring: reconciliation finds out"
