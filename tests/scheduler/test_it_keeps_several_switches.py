"""The scheduler connects to every switch of the table, asks each how it is, and takes out what does not answer."""

import time
from collections.abc import Iterator

import pytest

from db import switches
from db.leases import Counts
from db.switches import SwitchRow
from dialer.spool_sign import VARIABLE
from dialer.switches import Out
from scheduler.event_socket import REPLY_WAIT_S
from scheduler.switches import Switches
from tests.scheduler.scripted_switch import PASSWORD, ScriptedSwitch, api_response, wait_until

MOST = 50


@pytest.fixture
def server() -> Iterator[ScriptedSwitch]:
    with ScriptedSwitch() as made:
        yield made


@pytest.fixture
def second() -> Iterator[ScriptedSwitch]:
    with ScriptedSwitch() as made:
        made.core_uuid = "99999999-2222-4333-8444-555555555555"
        yield made


@pytest.fixture
def woken() -> list[int]:
    return []


@pytest.fixture
def known(database, server, woken) -> Iterator[Switches]:
    made = Switches(
        database,
        lambda _: PASSWORD,
        ("127.0.0.1", server.port),
        MOST,
        on_hangup=lambda _: None,
        on_reply=lambda *_: None,
        on_connected=lambda: woken.append(1),
    )
    yield made
    made.stop()


def add(world, name: str, port: int, most: int | None = None) -> int:
    return switches.create(world.conn, SwitchRow(0, name, "127.0.0.1", port, most, True))


def reconcile(known: Switches) -> None:
    for node in known.nodes():
        node.compared(node.visit)


def takes_calls(known: Switches, *names: str) -> bool:
    return sorted(node.row.name for node in known.takers("any")) == sorted(names)


@pytest.fixture
def both(known, world, second) -> Switches:
    known.refresh()
    add(world, "b", second.port, 20)
    known.refresh()
    wait_until(lambda: all(node.line.core_uuid for node in known.nodes()))
    reconcile(known)
    wait_until(lambda: takes_calls(known, "default", "b"))
    return known


def test_an_empty_table_gets_the_switch_of_the_settings(known, world, server):
    known.refresh()
    (row,) = switches.list_all(world.conn)
    assert (row.name, row.port, row.is_from_settings, row.max_channels) == ("default", server.port, True, None)
    known.refresh()
    assert len(switches.list_all(world.conn)) == 1


def test_the_switch_of_the_settings_follows_them(known, world, server):
    switches.from_settings(world.conn, "127.0.0.1", 1)
    known.refresh()
    assert [row.port for row in switches.rows(world.conn)] == [server.port]


def test_calls_that_were_up_before_there_was_a_table_belong_to_it(known, world):
    world.dial(world.campaign(contacts=1))
    known.refresh()
    assert world.value("SELECT switch_id = (SELECT id FROM switches) FROM attempts")


def test_a_table_that_has_one_gets_no_other(known, world, second):
    add(world, "a", second.port)
    known.refresh()
    assert [row.name for row in switches.rows(world.conn)] == ["a"]


def test_a_switch_takes_calls_once_it_answered_gave_a_sign_was_compared_and_is_drained(known, server, woken):
    server.spool = (17, False)
    known.refresh()
    (node,) = known.nodes()
    wait_until(lambda: woken)
    wait_until(lambda: node.why_out() is Out.RETURNING)
    node.compared(node.visit)
    assert node.why_out() is Out.SPOOL_WAITS
    assert known.out() == {Out.SPOOL_WAITS}
    server.spool = (0, False)
    wait_until(lambda: node.why_out() is None)
    assert known.out() == frozenset()
    server.spool = (17, False)
    wait_until(lambda: not node.has_empty_spool())
    assert node.why_out() is None, "what is written down while it takes calls is no reason to stop"
    server.spool = (17, True)
    wait_until(lambda: node.why_out() is Out.SPOOL_FULL)


def test_a_switch_that_keeps_results_for_something_to_be_mended_takes_calls_and_loses_none(known, server, woken):
    server.kept = 2
    known.refresh()
    (node,) = known.nodes()
    wait_until(lambda: woken)
    node.compared(node.visit)
    wait_until(lambda: node.why_out() is None)
    assert not node.has_empty_spool(), "an attempt of which it keeps the result is not lost"
    assert node.seen().kept_results == 2


def test_a_switch_that_goes_away_is_out_at_once_and_the_other_goes_on(both, second):
    second.go_away()
    began = time.monotonic()
    wait_until(lambda: takes_calls(both, "default"))
    assert time.monotonic() - began < 1
    assert both.out() == frozenset()


def test_a_switch_that_is_back_is_compared_first(both, second):
    second.go_away()
    wait_until(lambda: takes_calls(both, "default"))
    second.listen()
    node = next(node for node in both.nodes() if node.row.name == "b")
    wait_until(lambda: node.why_out() is Out.RETURNING)
    node.compared(node.visit - 1)
    assert node.why_out() is Out.RETURNING, "what was found out before says nothing"
    node.compared(node.visit)
    wait_until(lambda: takes_calls(both, "default", "b"))


def test_a_switch_that_does_not_answer_is_out_though_it_is_connected(both, second):
    second.answers[f"api global_getvar {VARIABLE}"] = None
    wait_until(lambda: takes_calls(both, "default"))
    assert Out.SILENT in {node.why_out() for node in both.nodes()}


def test_a_disabled_switch_gets_no_further_calls(both, world):
    world.conn.execute("UPDATE switches SET is_enabled = false WHERE name = 'default'")
    both.refresh()
    assert takes_calls(both, "b")
    assert both.line_of(both.nodes()[0].id) is not None, "its calls are looked after"


def test_a_switch_at_another_address_is_connected_anew(both, world, second):
    world.conn.execute("UPDATE switches SET port = 1 WHERE name = 'b'")
    both.refresh()
    assert takes_calls(both, "default")
    world.conn.execute("UPDATE switches SET port = %s WHERE name = 'b'", [second.port])
    both.refresh()
    wait_until(lambda: all(node.line.core_uuid for node in both.nodes()))
    reconcile(both)
    wait_until(lambda: takes_calls(both, "default", "b"))


def test_a_removed_switch_is_left(both, world):
    world.conn.execute("DELETE FROM switches WHERE name = 'b'")
    both.refresh()
    assert [node.row.name for node in both.nodes()] == ["default"]


def test_a_gateway_that_is_down_on_one_switch_is_called_over_the_other(both):
    first, second = both.nodes()
    first.line.gateways.learn("trunk", "DOWN")
    assert [node.id for node in both.takers("trunk")] == [second.id]
    assert both.is_gateway_up("trunk")
    assert both.gateways_down() == []
    second.line.gateways.learn("trunk", "DOWN")
    assert both.takers("trunk") == []
    assert not both.is_gateway_up("trunk")
    assert both.gateways_down() == ["trunk"]


def test_a_switch_that_hangs_delays_no_others_gateways(both, server, second):
    well, hanging = both.nodes()
    second.answers = {f"api global_getvar {VARIABLE}": None, "api sofia": None, "api show": None}
    server.answers["api sofia"] = lambda _: api_response("Name\tcarrier\nStatus  \tDOWN\n")
    server.answers["api show"] = lambda _: api_response("\n3 total.\n")
    began = time.monotonic()
    both.poll_gateways()
    both.write_seen()
    assert time.monotonic() - began < REPLY_WAIT_S - 1
    assert well.line.gateways.down() == ["carrier"]
    assert not hanging.line.gateways.is_complete
    assert [node.seen().channels for node in both.nodes()] == [3, None]


def test_a_switch_that_refuses_its_password_says_so_and_the_other_goes_on(database, world, server, second, woken):
    passwords = {"default": PASSWORD, "b": "wrong"}
    add(world, "b", second.port)
    switches.from_settings(world.conn, "127.0.0.1", server.port)
    add(world, "default", server.port)
    known = Switches(
        database,
        passwords.__getitem__,
        ("127.0.0.1", server.port),
        MOST,
        on_hangup=lambda _: None,
        on_reply=lambda *_: None,
        on_connected=lambda: woken.append(1),
    )
    try:
        known.refresh()
        b = next(node for node in known.nodes() if node.row.name == "b")
        wait_until(lambda: b.why_out() is Out.SIGN_IN)
        wait_until(lambda: woken)
        reconcile(known)
        wait_until(lambda: takes_calls(known, "default"))
        passwords["b"] = PASSWORD
        wait_until(lambda: b.line.core_uuid)
        assert b.why_out() is not Out.SIGN_IN
    finally:
        known.stop()


def test_room_is_what_switches_that_take_calls_have_free_less_what_is_planned(both, world):
    first, second = (node.id for node in both.nodes())
    assert both.room(Counts(0, {}, {}, {})) == MOST + 20
    assert both.room(Counts(40, {}, {}, {first: 20, second: 15})) == 30 + 5 - 5
    world.conn.execute("UPDATE switches SET is_enabled = false WHERE id = %s", [first])
    both.refresh()
    assert both.room(Counts(35, {}, {}, {first: 20, second: 15})) == 5


def test_the_next_call_goes_where_most_channels_are_free(both):
    first, second = (node.id for node in both.nodes())
    assert both.takers("any")[0].id == first
    both.note({first: 40, second: 0}, first)
    assert both.takers("any")[0].id == second


def test_it_writes_down_what_it_sees(both, world, server, second):
    for scripted in (server, second):
        scripted.answers["api show channels count"] = lambda _: (
            b"Content-Type: api/response\nContent-Length: 10\n\n\n7 total.\n"
        )
    second.spool = (9, True)
    wait_until(lambda: takes_calls(both, "default"))
    both.write_seen()
    found = {row.name: row for row in switches.list_all(world.conn)}
    assert (found["default"].out_because, found["b"].out_because) == (None, "spool_full")
    assert {row.channels for row in found.values()} == {7}
    assert found["b"].core_uuid == second.core_uuid
    assert all(row.is_fresh and row.answered_at is not None for row in found.values())
