"""A call that is held up between its mark and its switch is not sent after all: others may have given it up by then."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from db.attempts import open_attempts
from db.conclusion import conclude
from dialer.disposition import CallFacts
from dialer.outcome import Witness
from scheduler import event_socket_line
from scheduler.departures import Departures
from scheduler.event_socket import MaybeSent, NotSent
from scheduler.reconcile import LOOK_AGAIN_S, NEVER_CAME_CAUSE
from scheduler.switch import Switch
from scheduler.unsent import Unsent
from tests.scheduler.conftest import states
from tests.scheduler.scripted_switch import PASSWORD, ScriptedSwitch, wait_until

LATEST_S = 0.5
RETRIED = {"max_attempts": 3, "failed": {"delay_s": 0, "growth": 1, "max_attempts": 3}}


@pytest.fixture
def server() -> Iterator[ScriptedSwitch]:
    with ScriptedSwitch() as made:
        yield made


@pytest.fixture
def line(node, server) -> Iterator[Switch]:
    """A real connection where the node's switch was."""
    made = Switch(
        "127.0.0.1", server.port, lambda: PASSWORD,
        on_hangup=lambda _: None, on_reply=lambda *_: None, on_connected=lambda _: None,
    )  # fmt: skip
    node.line = made
    made.start()
    wait_until(lambda: made.core_uuid)
    yield made
    made.stop()


class Stalling(Unsent):
    """A disk that stands still when the first call is about to be sent, until `goes_on` says so."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.stands, self.goes_on = threading.Event(), threading.Event()

    def end(self, attempt_ids) -> None:
        if not self.stands.is_set():
            self.stands.set()
            self.goes_on.wait(30)
        super().end(attempt_ids)


@pytest.fixture
def stalling(
    line, database, ready_redis, nodes, brakes, tmp_path, monkeypatch
) -> Iterator[tuple[Departures, Stalling]]:
    monkeypatch.setattr("scheduler.departures.LATEST_S", LATEST_S)
    disk = Stalling(tmp_path / "unsent")
    made = Departures(database, ready_redis, nodes, brakes, 50, disk)
    made.start()
    yield made, disk
    disk.goes_on.set()
    made.stop(5)


def test_a_call_whose_disk_stood_still_is_given_back_unsent(plan, stalling, server, world):
    departures, disk = stalling
    departures.add(plan(1))
    disk.stands.wait(20)
    time.sleep(LATEST_S + 0.1)
    disk.goes_on.set()
    wait_until(lambda: states(world) == {"queued": 1})
    assert world.value("SELECT count(*) FROM attempts") == 0
    assert server.received("bgapi") == []


def test_a_call_that_was_given_up_and_dialled_anew_meanwhile_rings_once(plan, stalling, server, world):
    """What reconciliation makes of a call that its switch never heard of, while its sender stands still."""
    departures, disk = stalling
    departures.add(plan(1, retry_rules=RETRIED))
    disk.stands.wait(20)
    (held_up,) = open_attempts(world.conn)
    assert conclude(world.conn, CallFacts(held_up.attempt_id, NEVER_CAME_CAUSE, datetime.now(UTC)), Witness.RECONCILE)
    (again,) = world.dial(plan.campaign_id)
    time.sleep(LATEST_S + 0.1)
    disk.goes_on.set()
    wait_until(lambda: not departures._withdrawals.waits)
    wait_until(lambda: held_up.attempt_id not in disk._ids)
    assert server.received("bgapi") == []
    assert [a.attempt_id for a in open_attempts(world.conn)] == [again.attempt_id], "the new one is left alone"


def test_a_command_that_waits_for_its_turn_on_the_connection_until_it_is_late_is_not_sent(line, server):
    raised: list[Exception] = []

    def ask() -> None:
        try:
            line._socket.bgapi("originate x", latest_s=time.monotonic() + 0.1)
        except NotSent as error:
            raised.append(error)

    with line._socket._lock:  # as another thread's command does that the switch does not read
        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.2)
    thread.join()
    assert raised
    assert server.received("bgapi") == []


@pytest.fixture
def full(monkeypatch) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection to somebody who reads nothing, with no room left for what is sent."""
    monkeypatch.setattr(event_socket_line, "SEND_WAIT_S", 0.3)
    monkeypatch.setattr(event_socket_line, "UNACKNOWLEDGED_S", 0.8)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with event_socket_line.connected(listener.getsockname()) as ours, listener.accept()[0] as theirs:
            ours.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    ours.send(bytes(65536))
            event_socket_line.bound_sends_alone(ours)
            yield ours, theirs


def read_on(peer: socket.socket) -> None:
    while peer.recv(65536):
        continue


def test_a_send_that_finds_no_room_ends_in_time(full):
    ours, _ = full
    began = time.monotonic()
    with pytest.raises(BlockingIOError):
        event_socket_line.send(ours, b"bgapi originate x\n\n")
    assert 0.25 < time.monotonic() - began < 5


def test_what_the_other_side_does_not_take_is_dropped_by_our_own_kernel(full):
    ours, theirs = full
    ours.shutdown(socket.SHUT_RDWR)  # given up: it would be offered for minutes all the same
    ours.close()
    time.sleep(2)
    theirs.settimeout(5)
    with pytest.raises(ConnectionResetError):
        read_on(theirs)


def test_nothing_is_on_its_way_any_more_when_it_may_be_given_up():
    """The least that lies between a call's mark and its being given up, whatever two machines' clocks say."""
    from scheduler import departures

    on_its_way_s = event_socket_line.SEND_WAIT_S + event_socket_line.UNACKNOWLEDGED_S
    assert departures.LATEST_S + on_its_way_s < LOOK_AGAIN_S


def test_half_a_command_is_nobodys_originate(line, server, monkeypatch):
    monkeypatch.setattr(event_socket_line.socket.socket, "send", lambda *_: 5, raising=False)
    with pytest.raises(MaybeSent):
        line._socket.bgapi("originate x")
    monkeypatch.undo()
    wait_until(lambda: server.connections == 2)
    assert server.received("bgapi") == []
