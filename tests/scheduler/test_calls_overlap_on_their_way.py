"""While a switch replies to one call the next one is marked, and it leaves no sooner than that reply and its moment."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db import leases
from scheduler.distances import AHEAD_S, PROMPT_S, Distances
from scheduler.event_socket import CommandRefused, MaybeSent, Unanswered
from scheduler.planner import Departure
from tests.scheduler.conftest import Clock, states
from tests.scheduler.scripted_switch import wait_until


class Slow:
    """Replies to the first call when it is told to, with what it is told, and to the others at once."""

    def __init__(self, switch, error: Exception | None = None) -> None:
        self._switch, self._error = switch, error
        self.replies = threading.Event()
        self.is_first = True

    def __call__(self, attempt) -> None:
        if self.is_first:
            self.is_first = False
            self._switch.sent.append((time.monotonic(), attempt))
            raise Unanswered(self.look)

    def look(self, patience_s: float) -> float:
        if not self.replies.wait(min(patience_s, 30.0)):
            raise Unanswered(self.look)
        if self._error:
            raise self._error
        return time.monotonic()


def marked(world) -> int:
    return world.value("SELECT count(*) FROM attempts WHERE originated_at IS NOT NULL AND concluded_at IS NULL")


def test_the_next_call_is_marked_while_the_reply_is_awaited_and_sent_after_it(plan, departures, switch, world):
    slow = switch.on_originate = Slow(switch)
    departures.start()
    departures.add(plan(3))
    wait_until(lambda: marked(world) == 2, what="the second was marked")
    time.sleep(0.1)
    assert (len(switch.sent), marked(world)) == (1, 2), "one on its way, one marked and not sent, no more"
    slow.replies.set()
    wait_until(lambda: len(switch.sent) == 3)


@pytest.mark.parametrize("error", [CommandRefused("-ERR no"), MaybeSent("broken")])
def test_what_was_marked_meanwhile_does_not_follow_a_call_that_went_wrong(plan, departures, switch, world, error):
    slow = switch.on_originate = Slow(switch, error)
    departures.start()
    departures.add(plan(2))
    wait_until(lambda: marked(world) == 2)
    slow.replies.set()
    wait_until(lambda: states(world)["queued"] >= 1)
    time.sleep(0.1)
    assert len(switch.sent) == 1


def test_a_scheduler_that_dies_then_leaves_one_that_its_successor_knows_was_not_sent(
    plan, departures, switch, world, unsent
):
    slow = switch.on_originate = Slow(switch)
    departures.start()
    planned = plan(3)
    departures.add(planned)
    wait_until(lambda: marked(world) == 2)
    sent = {attempt.attempt_id for _, attempt in switch.sent}
    open_ones = {
        row[0] for row in world.conn.execute("SELECT id::text FROM attempts WHERE originated_at IS NOT NULL").fetchall()
    }
    assert set(unsent._ids) == open_ones - sent
    slow.replies.set()


def test_stopping_hears_the_reply_to_the_last_call(plan, departures, switch, monkeypatch):
    monkeypatch.setattr("scheduler.departures.PATIENCE_S", 10.0)
    slow = switch.on_originate = Slow(switch)
    first, second = plan(2)
    departures.add([first, replace(second, due_s=time.monotonic() + 0.5)])
    departures.start()
    wait_until(lambda: switch.sent)
    threading.Timer(1.0, slow.replies.set).start()  # when the second's moment has passed
    departures.stop(20)
    assert not departures._sender.waits


class TestTheGate:
    def ask(self, redis, gateway_id: int, spacing_s: float, ahead_s: float):
        return leases.ask_to_leave(redis, gateway_id, spacing_s, 0.0, ahead_s=ahead_s)

    def test_it_gives_a_moment_ahead_at_the_same_distance(self, ready_redis):
        first, second = self.ask(ready_redis, 1, 0.5, 1.0), self.ask(ready_redis, 1, 0.5, 1.0)
        assert (first.wait_s, first.in_s, second.wait_s) == (0, 0, 0)
        assert second.at - first.at == pytest.approx(0.5, abs=1e-5)
        assert 0 < second.in_s <= 0.5

    def test_it_gives_none_that_is_further_off(self, ready_redis):
        self.ask(ready_redis, 1, 5.0, 1.0)
        refused = self.ask(ready_redis, 1, 5.0, 1.0)
        assert 4 < refused.wait_s <= 5
        assert self.ask(ready_redis, 1, 5.0, 1.0).wait_s <= refused.wait_s, "and counts nothing for it"

    def test_others_wait_for_a_moment_that_was_given_ahead(self, ready_redis):
        for _ in range(2):
            given = self.ask(ready_redis, 1, 1.0, 2.0)
        assert given.in_s > 0
        assert self.ask(ready_redis, 1, 1.0, 0.0).wait_s > 1.0

    def test_a_call_that_left_late_takes_no_moment_back_that_was_given_since(self, ready_redis):
        for _ in range(2):
            given = self.ask(ready_redis, 1, 1.0, 2.0)
        leases.has_left(ready_redis, 1)
        assert given.in_s > 0.5
        assert self.ask(ready_redis, 1, 1.0, 0.0).wait_s > 1.2, "its distance to the moment that was given, not to now"

    def test_a_call_that_left_late_takes_no_moment_of_another_gateway_back(self, ready_redis):
        leases.ask_to_leave(ready_redis, 1, 0.0, 0.5)
        given = leases.ask_to_leave(ready_redis, 2, 0.0, 0.5, ahead_s=1.0)
        leases.has_left(ready_redis, 1)
        refused = leases.ask_to_leave(ready_redis, 3, 0.0, 0.5)
        assert refused.at + refused.wait_s == pytest.approx(given.at + 0.5, abs=1e-4)

    def test_a_moment_that_was_let_pass_binds_whoever_asks_again_only_by_what_was_given_since(self, ready_redis):
        given = self.ask(ready_redis, 1, 1.0, 0.0)
        again = leases.ask_to_leave(ready_redis, 1, 1.0, 0.0, instead_of=given.at)
        assert (again.wait_s, again.in_s) == (0, 0)
        other = self.ask(ready_redis, 1, 1.0, 2.0)
        late = leases.ask_to_leave(ready_redis, 1, 1.0, 0.0, ahead_s=5.0, instead_of=again.at)
        assert late.at == pytest.approx(other.at + 1.0, abs=1e-5)

    def test_a_call_counts_from_when_it_leaves_though_it_was_allowed_sooner(self, ready_redis):
        early = leases.ask_to_leave(ready_redis, 1, 1.0, 0.0, ahead_s=0.5, not_before_s=0.4)
        assert early.in_s == pytest.approx(0.4, abs=1e-5)
        assert self.ask(ready_redis, 1, 1.0, 5.0).at == pytest.approx(early.at + 1.0, abs=1e-5)


@pytest.fixture
def call(world, planner) -> Departure:
    world.campaign(contacts=1)
    (departure,) = planner.plan(datetime.now(UTC))
    return departure


class TestDistances:
    """With 50 calls a second, 20.4 ms apart; `call` is over a gateway without a limit that binds."""

    @pytest.fixture
    def distances(self, clock: Clock) -> Distances:
        return Distances(50, clock)

    def at(self, call: Departure, due_s: float) -> Departure:
        return Departure(due_s, call.attempt, 0.0)

    def test_it_asks_ahead_and_never_leaves_before_its_slot(self, call, distances, clock):
        due = clock.now + 1
        assert distances.asks_at(self.at(call, due)) == due - AHEAD_S
        assert distances.leaves_at(self.at(call, due), due - 0.5) == due

    def test_the_next_leaves_at_its_distance_from_the_moment_of_the_one_before(self, call, distances, clock):
        one = self.at(call, clock.now)
        distances.leaves(one, clock.now)
        clock.now += 0.002
        assert not distances.was_heard(one, clock.now - 0.002, clock.now)
        assert distances.asks_at(one) == pytest.approx(1000.0204 - AHEAD_S)
        assert distances.leaves_at(one, clock.now) == pytest.approx(1000.0204)

    def test_nobody_waits_longer_than_a_distance_before_asking_again(self, call, distances, clock):
        one = self.at(call, clock.now)
        distances.must_wait(one, 3600.0, 0.0)
        assert distances.asks_at(one) < clock.now + 1

    def test_one_that_was_held_up_pushes_the_next_back_by_as_much(self, call, distances, clock):
        one = self.at(call, clock.now)
        for _ in range(2):  # the first tells how quick it can be
            moment = clock.now
            distances.leaves(one, moment)
            clock.now += 0.002
            distances.was_heard(one, moment, clock.now)
            clock.now += 0.0184
        moment = clock.now
        distances.leaves(one, moment)
        clock.now += 0.05
        assert distances.was_heard(one, moment, clock.now)
        assert distances.leaves_at(one, moment + 0.0204) == pytest.approx(moment + 0.048 + 0.0204, abs=0.0011)

    def test_one_that_was_sent_late_keeps_the_next_away_but_for_what_is_allowed(self, call, distances, clock):
        one = self.at(call, clock.now)
        moment = clock.now
        clock.now += 0.1
        distances.leaves(one, moment)
        assert distances.leaves_at(one, moment + 0.0204) == pytest.approx(clock.now + 0.0204 - PROMPT_S)


def test_a_reply_is_heard_though_the_next_call_does_not_leave(plan, departures, switch, world):
    slow = switch.on_originate = Slow(switch, CommandRefused("-ERR no"))
    first, second = plan(2)
    world.conn.execute("UPDATE attempts SET originated_at = now() WHERE id = %s", [second.attempt.attempt_id])
    departures.start()
    departures.add([first, second])
    wait_until(lambda: switch.sent)
    time.sleep(0.1)
    slow.replies.set()
    wait_until(lambda: states(world)["queued"] == 1, what="the refused one was undone")


def test_a_call_that_lets_its_moment_pass_leaves_after_those_who_were_given_one_since(
    plan, departures, switch, world, ready_redis
):
    slow = Slow(switch)
    left_at: list[float] = []

    def originate(attempt) -> None:
        left_at.append(time.time())
        slow(attempt)

    switch.on_originate = originate
    departures.start()
    planned = plan(2)
    departures.add(planned)
    wait_until(lambda: marked(world) == 2)
    gateway_id = planned[0].attempt.gateway_id
    time.sleep(0.1)
    others = [leases.ask_to_leave(ready_redis, gateway_id, 0.3, 0.0, ahead_s=2.0) for _ in range(3)]
    slow.replies.set()
    wait_until(lambda: len(switch.sent) == 2)
    assert left_at[1] >= others[-1].at + 0.02, "not at the moment that was given before"


def test_an_error_while_the_reply_is_heard_leaves_no_marked_call_behind(plan, departures, switch, world, monkeypatch):
    def fail(*_: object) -> None:
        raise ValueError("nobody foresaw it")

    monkeypatch.setattr("scheduler.departures.leases.has_left", fail)
    slow = switch.on_originate = Slow(switch)
    departures.start()
    departures.add(plan(2))
    wait_until(lambda: marked(world) == 2)
    time.sleep(0.1)
    slow.replies.set()
    wait_until(lambda: states(world) == {"dialing": 1, "queued": 1})


def test_a_brake_holds_a_call_that_was_marked_already(plan, departures, switch, world, brakes):
    slow = switch.on_originate = Slow(switch)
    departures.start()
    departures.add(plan(2))
    wait_until(lambda: marked(world) == 2)
    brakes.unreconciled()
    slow.replies.set()
    wait_until(lambda: states(world) == {"dialing": 1, "queued": 1})
    assert len(switch.sent) == 1
