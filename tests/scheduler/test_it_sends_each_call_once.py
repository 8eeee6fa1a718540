"""Departures: marked before they are sent, sent once and at their moment, undone when they may not leave."""

import itertools
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db import attempts, campaigns, claims, leases, switches
from db.errors import DatabaseAway
from db.switches import SwitchRow
from dialer.campaign import CampaignState
from dialer.errors import UnsafeDialString
from dialer.switches import Out
from scheduler.departures import LATEST_S, PROMPT_S, Departures
from scheduler.event_socket import CommandRefused, MaybeSent, NotSent, Unread
from scheduler.unsent import Unsent
from tests.db.conftest import CORE
from tests.scheduler.conftest import OneNode, Remembering, in_threads, make_planner
from tests.scheduler.scripted_switch import wait_until

RESTARTED = "99999999-2222-4333-8444-555555555555"


@pytest.fixture
def plan(world, planner):
    """Plan calls of a campaign with that many contacts."""

    def make(contacts: int, **changes):
        make.campaign_id = world.campaign(contacts=contacts, calls_per_minute=6000, max_channels=100, **changes)
        return planner.plan(datetime.now(UTC))

    return make


def states(world) -> Counter[str]:
    """Count contacts by state."""
    return Counter(row[0] for row in world.conn.execute("SELECT state::text FROM contacts").fetchall())


def open_attempts(world) -> int:
    return world.value("SELECT count(*) FROM attempts WHERE concluded_at IS NULL")


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


def test_calls_whose_lease_was_lost_before_they_were_planned_are_undone(world, database, ready_redis, monkeypatch):
    world.campaign(contacts=4, calls_per_minute=6000)
    real = claims.claim

    def claim(*arguments):
        claimed = real(*arguments)
        ready_redis.flushall()
        leases.rebuild(ready_redis, [])  # by somebody who had read the open attempts before this claim
        return claimed

    monkeypatch.setattr("scheduler.planner.claims.claim", claim)
    assert make_planner(database, ready_redis).plan(datetime.now(UTC)) == []
    assert states(world) == {"queued": 4}


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


def test_an_emptied_redis_lets_nothing_leave(plan, departures, switch, world, ready_redis):
    planned = plan(5)
    ready_redis.flushall()
    departures.start()
    departures.add(planned)
    wait_until(lambda: states(world) == {"queued": 5})
    assert switch.sent == []


def test_what_was_not_sent_is_dialled_later(plan, departures, switch, world, ready_redis):
    switch.fails = [NotSent()]
    departures.start()
    departures.add(plan(2))
    wait_until(lambda: len(switch.sent) == 1)
    wait_until(lambda: states(world) == {"dialing": 1, "queued": 1})
    assert open_attempts(world) == 1
    assert leases.counts(ready_redis).total == 1


def test_a_call_marked_for_a_switch_that_was_restarted_since_is_not_sent_to_its_successor(
    plan, departures, switch, world, database
):
    def restart_it(job, **how):
        done = run(job, **how)
        if world.value("SELECT count(*) FROM attempts WHERE originated_at IS NOT NULL"):
            switch.core_uuid, database.run = RESTARTED, run
        return done

    planned, run = plan(1), database.run
    database.run = restart_it
    departures.start()
    departures.add(planned)
    wait_until(lambda: open_attempts(world) == 0)
    assert switch.sent == []
    assert states(world) == {"queued": 1}


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


def test_a_call_whose_marking_took_too_long_is_not_sent(
    plan, database, ready_redis, switch, nodes, brakes, world, clock, monkeypatch, tmp_path
):
    (planned,) = plan(1)
    departures = Departures(database, ready_redis, nodes, brakes, 50, Unsent(tmp_path), clock)
    real = database.run

    def slow(job, **options):
        result = real(job, **options)
        clock.now += LATEST_S + 0.01
        return result

    monkeypatch.setattr(database, "run", slow)
    departures.start()
    departures.add([replace(planned, due_s=clock.now)])
    wait_until(lambda: states(world) == {"queued": 1})
    departures.stop(5)
    assert switch.sent == []
    assert open_attempts(world) == 0


def test_a_pause_stops_calls_that_were_planned_already(plan, departures, switch, world, ready_redis):
    planned = plan(20)
    campaigns.move(world.conn, plan.campaign_id, CampaignState.PAUSED)
    departures.start()
    departures.add(planned)
    wait_until(lambda: states(world) == {"queued": 20})
    assert switch.sent == []
    wait_until(lambda: leases.counts(ready_redis).total == 0)


def test_a_number_blacklisted_after_the_claim_is_not_called(plan, departures, switch, world):
    planned = plan(2)
    world.conn.execute("INSERT INTO blacklist (phone, reason) VALUES ('+79160000000', 'complaint')")
    departures.start()
    departures.add(planned)
    wait_until(lambda: switch.numbers() == ["+79160000001"])
    wait_until(lambda: open_attempts(world) == 1)


@pytest.mark.parametrize("what", ["stop", "switch", "spool"])
def test_every_brake_stops_calls_that_were_planned_already(plan, departures, switch, node, world, brakes, what):
    planned = plan(10)
    match what:
        case "stop":
            brakes.stop()
        case "switch":
            switch.core_uuid = None
        case "spool":
            node.out = Out.SPOOL_FULL
    departures.start()
    departures.add(planned)
    wait_until(lambda: states(world) == {"queued": 10})
    assert switch.sent == []


def test_a_late_call_gives_its_slot_back(plan, departures, switch, world, monkeypatch):
    monkeypatch.setattr("scheduler.departures.LATEST_S", 0.15)
    planned = plan(3)
    time.sleep(max(0.0, planned[0].due_s + 0.2 - time.monotonic()))
    departures.start()
    departures.add(planned)
    wait_until(lambda: states(world)["queued"] >= 1)
    assert planned[0].attempt.phone not in switch.numbers()


def test_stopping_undoes_what_is_planned(plan, departures, switch, world, ready_redis):
    departures.start()
    departures.add(plan(25))
    wait_until(lambda: switch.sent)
    departures.stop(5)
    sent = len(switch.sent)
    assert 0 < sent < 25
    assert states(world) == {"dialing": sent, "queued": 25 - sent}
    assert leases.counts(ready_redis).total == sent


def test_calls_postgres_did_not_mark_are_not_sent_and_undone_when_it_is_back(
    plan, departures, switch, world, monkeypatch
):
    planned = plan(2)
    real = departures._database.run
    is_away = True
    lost_answers = []

    def run(job, **options):
        if not is_away:
            return real(job, **options)
        real(job, **options)  # the commit succeeds, and the answer is lost
        lost_answers.append(job)
        raise DatabaseAway

    monkeypatch.setattr(departures._database, "run", run)
    departures.start()
    departures.add(planned)
    wait_until(lambda: len(lost_answers) >= 3, what="that the mark, the undoing and the withdrawing went unanswered")
    is_away = False
    wait_until(lambda: states(world) == {"queued": 2})
    assert switch.sent == []
    assert open_attempts(world) == 0


def test_an_attempt_marked_by_another_is_never_sent(plan, departures, switch, world, database):
    planned = plan(2)
    world.conn.execute("UPDATE attempts SET originated_at = now() WHERE id = %s", [planned[0].attempt.attempt_id])
    departures.start()
    departures.add(planned)
    wait_until(lambda: switch.sent)
    assert switch.numbers() == [planned[1].attempt.phone]
    assert open_attempts(world) == 2, "the other's call is left alone"


def test_what_is_due_behind_a_late_call_gives_way_with_it_at_once(
    plan, database, ready_redis, switch, nodes, brakes, world, clock, tmp_path
):
    planned = plan(6)
    departures = Departures(database, ready_redis, nodes, brakes, 50, Unsent(tmp_path), clock)
    moments = [clock.now - LATEST_S - 0.01, *(clock.now - 0.01 * n for n in range(1, 5)), clock.now + 60]
    departures.add([replace(one, due_s=due_s) for one, due_s in zip(planned, moments, strict=True)])
    departures._depart(departures._next())
    assert states(world) == {"queued": 5, "dialing": 1}
    assert [one.due_s for one in departures._planned] == [clock.now + 60]
    assert switch.sent == []


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
