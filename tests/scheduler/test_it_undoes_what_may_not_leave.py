"""Departures: a call that may not leave any more, or surely did not, is undone and dialled later."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db import campaigns, claims, leases
from db.errors import DatabaseAway
from dialer.campaign import CampaignState
from dialer.switches import Out
from scheduler.departures import LATEST_S, Departures
from scheduler.event_socket import NotSent
from scheduler.unsent import Unsent
from tests.scheduler.conftest import make_planner, open_attempts, states
from tests.scheduler.scripted_switch import wait_until

RESTARTED = "99999999-2222-4333-8444-555555555555"


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
