"""The scheduler as a process: it starts, stops in order, and may be killed at any instant."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from db import campaigns, leases
from db.conclusion import conclude
from db.redis_client import open_redis
from devstack.environment import ROOT
from devstack.supervise import Child, spawn
from dialer.disposition import CallFacts
from dialer.outcome import Witness
from tests.scheduler.scripted_switch import PASSWORD, ScriptedSwitch, api_response, command_reply, wait_until

KILLS = 4
ORIGINATE = re.compile(r"origination_uuid=(?P<id>[0-9a-f-]{36}).*sofia/gateway/[^/]+/(?P<number>\+\d+) ")


class AnsweringSwitch(ScriptedSwitch):
    """Takes originates, keeps their channels up for a while, then concludes them as the hangup hook would."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        super().__init__()
        self.database_url = database_url
        self.redis = open_redis(redis_url, 1000)
        self.call_s = 0.3
        self.live: set[str] = set()
        self.originated: list[str] = []
        self.originated_at: list[float] = []
        self.answers["bgapi originate"] = self.originate
        self.answers["api uuid_exists"] = lambda said: api_response("true" if said.split()[2] in self.live else "false")
        self.answers["api show channels as json"] = lambda _: api_response('{"row_count":0}')

    def originate(self, command: str) -> bytes:
        found = ORIGINATE.search(command)
        assert found
        self.originated_at.append(time.monotonic())
        self.originated.append(found["number"])
        self.live.add(found["id"])
        timer = threading.Timer(self.call_s, self.hang_up, [found["id"]])
        timer.daemon = True
        timer.start()
        return command_reply("+OK Job-UUID: x")

    def hang_up(self, attempt_id: str) -> None:
        with psycopg.connect(self.database_url) as conn:
            conclude(conn, CallFacts(attempt_id, "NO_ANSWER", datetime.now(UTC)), Witness.HOOK)
        leases.release(self.redis, [attempt_id])
        self.live.discard(attempt_id)


@pytest.fixture
def switch(postgres_url: str, redis_url: str) -> Iterator[AnsweringSwitch]:
    with AnsweringSwitch(postgres_url, redis_url) as server:
        yield server


@pytest.fixture
def environment(postgres_url: str, redis_url: str, switch: AnsweringSwitch, tmp_path: Path) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DIALER_DATABASE_URL": postgres_url,
        "DIALER_REDIS_URL": redis_url,
        "DIALER_SECRET_KEY": "x" * 32,
        "DIALER_ESL_PORT": str(switch.port),
        "DIALER_ESL_PASSWORD": PASSWORD,
        "DIALER_SPOOL_DIR": str(tmp_path / "spool"),
        "DIALER_MAX_CALLS_PER_SECOND": "50",
    }


@pytest.fixture
def start(environment: Mapping[str, str], tmp_path: Path) -> Iterator[Callable[[], Child]]:
    """Start schedulers; what a test leaves running is killed."""
    started: list[Child] = []

    def make() -> Child:
        log = tmp_path / f"scheduler{len(started)}.log"
        child = spawn("the scheduler", [sys.executable, "-m", "scheduler"], log=log, env=environment, cwd=ROOT)
        started.append(child)
        child.wait_until(lambda: "scheduler ready" in log.read_text(), 20, "it was ready")
        return child

    yield make
    for child in started:
        child.process.kill()
        child.process.wait()


def is_finished(world) -> bool:
    return world.value("SELECT count(*) FROM contacts WHERE state <> 'concluded'") == 0


def test_it_names_what_is_missing_in_its_environment():
    done = subprocess.run(
        [sys.executable, "-m", "scheduler"], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "DIALER_DATABASE_URL" in done.stderr


def test_it_dials_a_campaign_to_its_end_and_stops_at_once(start, world, switch):
    campaign_id = world.campaign(contacts=12, calls_per_minute=6000, max_channels=100)
    child = start()
    wait_until(lambda: campaigns.get(world.conn, campaign_id).state == "completed", 30)
    assert len(switch.originated) == len(set(switch.originated)) == 12
    began = time.monotonic()
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(10) == 0
    assert time.monotonic() - began < 5


def test_told_to_stop_it_starts_no_call_and_lets_live_ones_end(start, world, switch):
    switch.call_s = 3.0
    world.campaign(contacts=200, calls_per_minute=6000, max_channels=100)
    child = start()
    wait_until(lambda: len(switch.originated) >= 3, 20)
    child.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "scheduler stopping" in child.log.read_text())
    time_stopped = len(switch.originated)
    assert child.process.wait(20) == 0
    assert len(switch.originated) <= time_stopped + 1, "one may have been on its way"
    assert switch.live == set()
    assert world.value("SELECT count(*) FROM attempts WHERE concluded_at IS NULL") == 0


def test_told_twice_it_leaves_at_once(start, world, switch):
    switch.call_s = 600
    world.campaign(contacts=5, calls_per_minute=6000)
    child = start()
    wait_until(lambda: switch.originated, 20)
    child.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "scheduler stopping" in child.log.read_text())
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(5) == 1


def test_a_pause_is_obeyed_within_a_second(start, world, switch):
    campaign_id = world.campaign(contacts=500, calls_per_minute=6000, max_channels=100)
    start()
    wait_until(lambda: len(switch.originated) >= 5, 20)
    campaigns.move(world.conn, campaign_id, campaigns.CampaignState.PAUSED)
    paused_at = time.monotonic()
    wait_until(lambda: time.monotonic() > paused_at + 3, what="watching whether calls still leave")
    assert max(switch.originated_at) <= paused_at + 1
    assert world.value("SELECT count(*) FROM contacts WHERE state = 'dialing'") == 0
    assert len(switch.originated) < 500, "there was more to dial"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_instants_it_calls_nobody_twice_and_leaves_nobody_out(start, world, switch, seed):
    chance = random.Random(seed)
    world.campaign(contacts=120, calls_per_minute=6000, max_channels=100)
    for _ in range(KILLS):
        child = start()
        before = len(switch.originated)
        wait_until(lambda before=before: len(switch.originated) > before or is_finished(world), 30)
        time.sleep(chance.uniform(0, 0.4))  # the instant of the kill is what is tried here
        child.process.kill()
        child.process.wait()
    start()
    wait_until(lambda: is_finished(world), 200, "every contact was concluded")
    assert [number for number, times in Counter(switch.originated).items() if times > 1] == []
    assert world.value("SELECT count(*) FROM attempts WHERE disposition = 'lost'") == 0, "no switch was killed"
    unsent = world.value("SELECT count(*) FROM attempts WHERE disposition = 'failed'")
    assert len(switch.originated) + unsent == 120
    assert unsent <= KILLS, "each kill may leave one call marked and not sent, and no more"


def test_of_two_schedulers_one_leads_and_the_other_takes_over_when_it_is_killed(start, world, switch):
    both = [start(), start()]

    def leaders() -> list[Child]:
        return [child for child in both if child.is_running() and "this scheduler leads" in child.log.read_text()]

    wait_until(leaders)
    campaign_id = world.campaign(contacts=6, calls_per_minute=6000, max_channels=100)
    wait_until(lambda: campaigns.get(world.conn, campaign_id).state == "completed", 60)
    (leader,) = leaders()
    leader.process.kill()
    leader.process.wait()
    later = world.campaign(contacts=6, first_phone=79170000000, calls_per_minute=6000, max_channels=100)
    wait_until(lambda: campaigns.get(world.conn, later).state == "completed", 60, "only who leads completes campaigns")
    (successor,) = leaders()
    assert successor is not leader
    assert len(switch.originated) == len(set(switch.originated)) == 12
