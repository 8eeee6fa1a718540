"""Whatever makes dialing unsafe holds it, says why, and lets it go on when it is over."""

import json
import logging
from datetime import UTC, datetime

import pytest

from db.errors import DatabaseAway, LeasesLost, RedisAway
from dialer.switches import Out
from scheduler.brakes import BRAKE_OF, Brake, Brakes
from scheduler.dial_loop import DialLoop
from scheduler.log import JsonLines

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


def test_brakes_name_the_first_reason():
    out: set[Out] = {Out.RETURNING}
    brakes = Brakes(lambda: frozenset(out))
    assert brakes.reason() is Brake.NOT_RECONCILED
    out.clear()
    assert brakes.reason() is Brake.NOT_RECONCILED, "the leases are not"
    brakes.reconciled()
    assert brakes.reason() is None
    out.update({Out.AWAY, Out.SILENT})
    assert brakes.reason() is Brake.SWITCH_AWAY
    out.add(Out.SPOOL_FULL)
    assert brakes.reason() is Brake.SWITCHES_OUT
    brakes.stop()
    assert brakes.reason() is Brake.STOPPING


def test_nothing_is_dialled_while_no_switch_is_known():
    brakes = Brakes(lambda: None)
    brakes.reconciled()
    assert brakes.reason() is Brake.SWITCH_AWAY


@pytest.mark.parametrize("reason", list(Out))
def test_every_reason_for_which_a_switch_is_out_has_its_brake(reason):
    brakes = Brakes(lambda: frozenset([reason]))
    brakes.reconciled()
    assert brakes.reason() is BRAKE_OF[reason]


def test_log_lines_are_json_with_their_extras():
    record = logging.makeLogRecord({"name": "scheduler", "levelname": "INFO", "msg": "dialing is held", "reason": "x"})
    line = json.loads(JsonLines().format(record))
    assert (line["event"], line["reason"], line["level"]) == ("dialing is held", "x", "info")
