"""Of several schedulers one leads: whoever loses its session leads no more, and another takes over."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from devstack.postgres import Postgres
from scheduler.leader import LOCK, Leader
from tests.scheduler.conftest import Clock
from tests.scheduler.scripted_switch import wait_until

REPOSITORY = Path(__file__).parents[2]
ASKS = """
import sys, time
from scheduler.leader import Leader
leader = Leader(sys.argv[1])
while True:
    asked_at = time.monotonic()
    print(leader.leads(), asked_at, flush=True)
    time.sleep(0.2)
"""
"""A process that asks as a scheduler's jobs do, and says what it heard, and when it asked."""


@contextmanager
def asking(postgres_url: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", ASKS, postgres_url], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def leaders(postgres_url: str, clock: Clock) -> Iterator[list[Leader]]:
    made = [Leader(postgres_url, clock=clock) for _ in range(3)]
    yield made
    for leader in made:
        leader.resign()


def who(leaders: list[Leader], clock: Clock) -> list[int]:
    clock.now += 10
    return [place for place, leader in enumerate(leaders) if leader.leads()]


def end_its_session(world) -> None:
    """End the session that holds the lock, as a server does that restarts; its lock ends a moment after its answer."""
    query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
    assert world.value(query, LOCK & 0xFFFFFFFF)


def test_one_leads_and_keeps_to_it(leaders, clock):
    (first,) = who(leaders, clock)
    assert all(who(leaders, clock) == [first] for _ in range(5))


def test_whoever_resigns_is_followed_by_another(leaders, clock):
    assert who(leaders, clock) == [0]
    leaders[0].resign()
    assert who(leaders[1:], clock) == [0]
    assert who(leaders, clock) == [1]


def test_whoever_resigns_is_followed_though_the_server_sees_the_end_of_its_session_late(leaders, clock, monkeypatch):
    assert who(leaders, clock) == [0]
    with leaders[0]._session as still_open:
        monkeypatch.setattr(still_open, "close", lambda: None)
        leaders[0].resign()
        assert who(leaders[1:], clock) == [0]
        monkeypatch.undo()


def test_a_lost_session_ends_the_lead_before_another_begins(leaders, clock, world):
    assert who(leaders, clock) == [0]
    end_its_session(world)
    clock.now += 10
    assert not leaders[0].leads(), "asked first, it knows at once"
    assert leaders[1].leads()
    clock.now += 10
    assert not leaders[0].leads()


def test_nobody_leads_while_postgres_is_away(leaders, clock, postgres_server: Postgres):
    assert who(leaders, clock) == [0]
    with postgres_server.away():
        assert who(leaders, clock) == []
    wait_until(lambda: len(who(leaders, clock)) == 1)


def test_a_job_of_the_leaders_is_done_by_the_leader_alone(leaders, clock):
    done: list[int] = []
    jobs = [leader.only(lambda place=place: done.append(place)) for place, leader in enumerate(leaders)]
    for _ in range(3):
        for job in jobs:
            job()
    assert done == [0, 0, 0]


def test_it_says_when_it_begins_to_lead(postgres_url: str):
    told: list[str] = []
    leader = Leader(postgres_url, lambda: told.append("leads"))
    assert leader.leads()
    assert leader.leads()
    assert told == ["leads"]
    leader.resign()


def test_it_tries_no_more_than_once_a_second(postgres_url: str, leaders, clock, monkeypatch):
    assert who(leaders, clock) == [0]
    tried: list[str] = []
    real = psycopg.connect
    monkeypatch.setattr("scheduler.leader.psycopg.connect", lambda *a, **k: tried.append("") or real(*a, **k))
    late = Leader(postgres_url, clock=clock)
    assert [late.leads() for _ in range(20)] == [False] * 20
    assert len(tried) == 1
    late.resign()


def test_a_leader_that_is_frozen_is_followed_and_does_not_go_on_when_it_wakes(postgres_url: str):
    other = Leader(postgres_url)
    with asking(postgres_url) as first:
        said = first.stdout
        assert said is not None
        assert said.readline().startswith("True")
        assert not other.leads()
        os.kill(first.pid, signal.SIGSTOP)
        wait_until(other.leads, 30)
        woke_at = time.monotonic()
        os.kill(first.pid, signal.SIGCONT)
        since: list[str] = []
        while len(since) < 10:
            assert other.leads(), "the one that follows leads as long as it asks"
            leads, asked_at = said.readline().split()
            if float(asked_at) > woke_at:
                since.append(leads)
        assert since == ["False"] * 10
    other.resign()
