"""A line that does not keep up with its limit is given what it can send: what is late was claimed in vain."""

import itertools
import time
from datetime import UTC, datetime

import pytest

from db.leases import TotalLimits
from scheduler.pace import LONGEST_S, Pace
from scheduler.planner import Planner
from tests.scheduler.conftest import HORIZON_MS, TTL_S, Nodes
from tests.scheduler.scripted_switch import wait_until


def after(pace, *took_s):
    for seconds in took_s:
        pace.kept_line(seconds)
    return pace.calls_per_second()


def test_who_keeps_up_is_given_the_limit():
    pace = Pace(100)
    assert pace.calls_per_second() == 100
    assert after(pace, *[0.0102] * 500) == 100, "spaced a little wider than the limit, on purpose"
    assert after(pace, *[0.001] * 500) == 100


def test_who_does_not_is_given_a_little_more_than_it_has_shown():
    assert after(Pace(100), *[0.02] * 500) == pytest.approx(52.5, rel=0.01)


def test_it_recovers_and_one_long_wait_says_little():
    pace = Pace(100)
    assert after(pace, 30.0) > 60
    assert after(pace, *[30.0] * 500) == pytest.approx(1.05 / LONGEST_S, rel=0.01)
    assert after(pace, *[0.005] * 100) == 100


def test_a_slow_line_has_fewer_calls_planned_and_wider_apart(world, database, ready_redis):
    world.campaign(contacts=100, calls_per_minute=6000, max_channels=100)
    planner = Planner(
        database, ready_redis, TotalLimits(100, 50), HORIZON_MS, TTL_S, Nodes(is_up=lambda _: True), pace=lambda: 10.0
    )
    planned = planner.plan(datetime.now(UTC))
    assert 1 <= len(planned) <= 6
    moments = [departure.due_s for departure in planned]
    assert all(later - earlier >= 0.099 for earlier, later in itertools.pairwise(moments))


def test_the_line_learns_from_what_it_sends(world, planner, departures, switch, monkeypatch):
    world.campaign(contacts=40, calls_per_minute=6000, max_channels=100)
    real = departures._database.run

    def slow(job, **options):
        time.sleep(0.06)
        return real(job, **options)

    monkeypatch.setattr(departures._database, "run", slow)
    assert departures.pace.calls_per_second() == 50
    planned = planner.plan(datetime.now(UTC))
    departures.start()
    departures.add(planned)
    wait_until(lambda: len(switch.sent) == len(planned), 20)
    assert departures.pace.calls_per_second() < 45
