"""Whatever makes dialing unsafe holds it, says why, and lets it go on when it is over."""

import json
import logging
from datetime import UTC, datetime

import pytest

from db.errors import DatabaseAway, LeasesLost, RedisAway
from dialer.settings import read_settings
from scheduler.app import Scheduler
from scheduler.brakes import Brake, Brakes
from scheduler.dial_loop import DialLoop
from scheduler.log import JsonLines
from tests.db.conftest import CORE

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)


class Plans:
    def __init__(self) -> None:
        self.outcomes: list[object] = []
        self.asked = 0

    def plan(self, now: datetime, hand_over) -> None:
        self.asked += 1
        outcome = self.outcomes.pop(0) if self.outcomes else []
        if isinstance(outcome, Exception):
            raise outcome
        hand_over(outcome)


class Line:
    def __init__(self) -> None:
        self.added: list[object] = []

    def add(self, planned: list[object]) -> None:
        self.added += planned


@pytest.fixture
def plans() -> Plans:
    return Plans()


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def lost() -> list[str]:
    return []


@pytest.fixture
def loop(plans, line, brakes, lost) -> DialLoop:
    return DialLoop(plans, line, brakes, lambda: lost.append("lost"))


def test_what_is_planned_goes_on_the_line(loop, plans, line):
    plans.outcomes = [["a", "b"]]
    loop.round(NOW)
    assert line.added == ["a", "b"]


def test_nothing_is_planned_under_a_brake(loop, plans, brakes):
    brakes.stop()
    loop.round(NOW)
    assert plans.asked == 0


def test_an_emptied_redis_sets_the_brake_and_calls_for_help(loop, plans, brakes, lost):
    plans.outcomes = [LeasesLost()]
    loop.round(NOW)
    assert lost == ["lost"]
    assert brakes.reason() is Brake.NOT_RECONCILED


@pytest.mark.parametrize("failure", [DatabaseAway(), RedisAway(), ValueError("a surprise")])
def test_a_failure_holds_one_round_only(loop, plans, line, failure):
    plans.outcomes = [failure, ["a"]]
    loop.round(NOW)
    loop.round(NOW)
    assert line.added == ["a"]


def test_it_says_each_change_once(loop, plans, caplog):
    caplog.set_level(logging.INFO)
    plans.outcomes = [RedisAway(), RedisAway(), [], []]
    for _ in range(4):
        loop.round(NOW)
    said = [(record.getMessage(), getattr(record, "reason", None)) for record in caplog.records]
    assert said == [("dialing is held", "redis_away"), ("dialing goes on", None)]


def test_the_brake_is_set_when_the_switch_goes_not_when_it_is_back(postgres_url, redis_url, tmp_path, monkeypatch):
    scheduler = Scheduler(
        read_settings(
            {
                "DIALER_DATABASE_URL": postgres_url,
                "DIALER_REDIS_URL": redis_url,
                "DIALER_SECRET_KEY": "x" * 32,
                "DIALER_ESL_PASSWORD": "pass word",
                "DIALER_SPOOL_DIR": str(tmp_path / "spool"),
            }
        )
    )
    scheduler._brakes.reconciled()
    monkeypatch.setattr(scheduler._brakes, "_is_switch_here", lambda: True)
    assert scheduler._brakes.reason() is None
    scheduler._switch.disconnected()
    assert scheduler._brakes.reason() is Brake.NOT_RECONCILED
    scheduler._switch.connected(CORE)
    assert scheduler._brakes.reason() is Brake.NOT_RECONCILED
    scheduler._database.close()


def test_brakes_name_the_first_reason(switch, spool, clock):
    brakes = Brakes(lambda: switch.core_uuid is not None, spool, clock=clock)
    assert brakes.reason() is Brake.NOT_RECONCILED
    brakes.reconciled()
    assert brakes.reason() is None
    brakes.refused(5)
    assert brakes.reason() is Brake.REFUSED
    clock.now += 5
    assert brakes.reason() is None
    switch.core_uuid = None
    assert brakes.reason() is Brake.SWITCH_AWAY
    brakes.stop()
    assert brakes.reason() is Brake.STOPPING


def test_a_spool_that_is_nearly_full_stops_the_dialing(brakes, spool):
    assert brakes.reason() is None
    spool.write("answered", {"attempt_id": "aaaaaaaa-0000-4000-8000-000000000001"})
    spool.quota_bytes = spool.usage() + 1
    assert brakes.reason() is Brake.SPOOL_FULL


def test_a_spool_nobody_can_read_stops_the_dialing(brakes, spool):
    spool.folder.rmdir()
    spool._counted_at = float("-inf")
    assert brakes.reason() is Brake.SPOOL_FULL


def test_a_disk_without_room_stops_the_dialing(brakes, monkeypatch):
    monkeypatch.setattr("scheduler.brakes.LEAST_FREE_BYTES", 1 << 62)
    assert brakes.reason() is Brake.SPOOL_FULL


def test_log_lines_are_json_with_their_extras():
    record = logging.makeLogRecord({"name": "scheduler", "levelname": "INFO", "msg": "dialing is held", "reason": "x"})
    line = json.loads(JsonLines().format(record))
    assert (line["event"], line["reason"], line["level"]) == ("dialing is held", "x", "info")
