"""Departures: marked before they are sent, and sent once; what may have left is never sent again."""

import time
from datetime import UTC, datetime

from db import leases
from db.errors import DatabaseAway
from dialer.errors import UnsafeDialString
from scheduler.departures import Departures
from scheduler.event_socket import CommandRefused, MaybeSent, Unread
from scheduler.unsent import Unsent
from tests.db.conftest import CORE
from tests.scheduler.conftest import in_threads, make_planner, open_attempts, states
from tests.scheduler.scripted_switch import wait_until

RESTARTED = "99999999-2222-4333-8444-555555555555"


def test_it_marks_a_call_before_it_is_sent(plan, departures, switch, node, world):
    seen = []
    switch.on_originate = lambda attempt: seen.append(
        world.value(
            "SELECT originated_at IS NOT NULL AND switch_core_uuid = %s AND switch_id = %s FROM attempts WHERE id = %s",
            *(CORE, node.id, attempt.attempt_id),
        )
    )
    departures.start()
    departures.add(plan(3))
    wait_until(lambda: len(switch.sent) == 3)
    assert seen == [True, True, True]


def test_two_schedulers_never_call_one_contact_twice(world, database, ready_redis, switch, nodes, brakes, tmp_path):
    world.campaign(contacts=40, calls_per_minute=6000, max_channels=100)
    lines = [Departures(database, ready_redis, nodes, brakes, 50, Unsent(tmp_path)) for _ in range(2)]
    planners = [make_planner(database, ready_redis) for _ in range(2)]

    def work(line, planner):
        line.start()
        deadline = time.monotonic() + 10
        while len(switch.sent) < 40 and time.monotonic() < deadline:
            line.add(planner.plan(datetime.now(UTC)))
            time.sleep(0.05)

    in_threads(
        *(lambda line=line, planner=planner: work(line, planner) for line, planner in zip(lines, planners, strict=True))
    )
    for line in lines:
        line.stop(5)
    assert len(switch.sent) == 40
    assert len(set(switch.numbers())) == 40


def test_what_may_have_been_sent_stays_for_reconciliation(plan, departures, switch, world):
    switch.fails = [MaybeSent()]
    departures.start()
    departures.add(plan(2))
    wait_until(lambda: len(switch.sent) == 1)
    assert states(world) == {"dialing": 2}
    assert open_attempts(world) == 2


def test_what_a_switch_that_died_had_not_read_is_undone_when_it_is_back(plan, departures, switch, world, ready_redis):
    def die(_):
        switch.core_uuid = None
        raise Unread

    planned = plan(1)
    switch.on_originate = die
    departures.start()
    departures.add(planned)
    wait_until(lambda: departures._withdrawals.waits)
    assert states(world) == {"dialing": 1}, "nobody knows yet whether it died"
    switch.core_uuid = RESTARTED
    wait_until(lambda: states(world) == {"queued": 1})
    assert open_attempts(world) == 0
    assert leases.counts(ready_redis).total == 0


def test_a_switch_that_does_not_come_back_is_not_awaited_for_ever(
    plan, departures, switch, world, monkeypatch, ready_redis
):
    def die(_):
        switch.core_uuid = None
        raise Unread

    switch.on_originate = die
    departures.start()
    departures.add(plan(1))
    wait_until(lambda: departures._withdrawals.waits)
    monkeypatch.setattr("scheduler.withdrawals.AWAITED_S", 0.0)
    wait_until(lambda: not departures._withdrawals.waits)
    assert states(world) == {"dialing": 1}, "reconciliation's"


def test_what_a_switch_that_lives_on_seems_not_to_have_read_stays_for_reconciliation(plan, departures, switch, world):
    switch.fails = [Unread()]
    departures.start()
    departures.add(plan(2))
    wait_until(lambda: len(switch.sent) == 1 and not departures._withdrawals.waits)
    assert states(world) == {"dialing": 2}
    assert open_attempts(world) == 2


def test_a_switch_that_refuses_originates_is_given_a_rest(plan, departures, switch, world, brakes):
    switch.fails = [CommandRefused("-ERR permission denied")]
    departures.start()
    departures.add(plan(5))
    wait_until(lambda: states(world) == {"queued": 5})
    assert switch.sent == []
    assert brakes.reason() == "refused"


def test_a_call_that_cannot_be_spelled_fails_alone_and_is_not_claimed_again_at_once(
    plan, planner, departures, switch, world, brakes, ready_redis
):
    switch.fails = [UnsafeDialString("caller_id '+7,x' may not enter a dial string")]
    departures.start()
    departures.add(plan(3))
    wait_until(lambda: len(switch.sent) == 2)
    how = "SELECT disposition::text FROM attempts WHERE concluded_at IS NOT NULL"
    wait_until(lambda: world.value(how) == "failed")
    wait_until(lambda: leases.counts(ready_redis).total == 2)
    assert brakes.reason() is None, "the others are dialled"
    assert states(world)["dialing"] == 2
    assert planner.plan(datetime.now(UTC)) == []


def test_a_call_that_cannot_be_spelled_while_postgres_goes_away_is_undone_when_it_is_back(
    plan, departures, switch, world, monkeypatch
):
    planned = plan(1)
    switch.fails = [UnsafeDialString("gateway 'a b' may not enter a dial string")]

    def away(*_: object) -> None:
        raise DatabaseAway

    monkeypatch.setattr("scheduler.sender.conclude", away)
    departures.start()
    departures.add(planned)
    wait_until(lambda: states(world) == {"queued": 1})
    assert open_attempts(world) == 0


def test_an_attempt_marked_by_another_is_never_sent(plan, departures, switch, world, database):
    planned = plan(2)
    world.conn.execute("UPDATE attempts SET originated_at = now() WHERE id = %s", [planned[0].attempt.attempt_id])
    departures.start()
    departures.add(planned)
    wait_until(lambda: switch.sent)
    assert switch.numbers() == [planned[1].attempt.phone]
    assert open_attempts(world) == 2, "the other's call is left alone"
