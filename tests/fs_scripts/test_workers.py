"""The threads that serve the whole switch."""

import threading
from itertools import chain
from types import SimpleNamespace

import psycopg
import pytest

from db.errors import DatabaseAway, RedisAway
from db.spool import Spool
from dialer.errors import InvalidFlow, InvalidRetryRules
from fs_scripts import lead_worker, spool_worker
from fs_scripts.background import Background

ATTEMPT = "92694f38-9c3b-4674-a91f-a8aae8325fe6"


class Postgres:
    def __init__(self):
        self.applied = []
        self.is_away = True

    def run(self, job, wait_ms=None):
        if self.is_away:
            raise DatabaseAway("away")
        return job(self.applied)


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path, 10_000)
    for kind in ("answered", "concluded"):
        made.write(kind, {"attempt_id": ATTEMPT})
    return made


@pytest.fixture(autouse=True)
def _apply_notes_kinds(monkeypatch):
    monkeypatch.setattr(spool_worker.spool_apply, "apply", lambda applied, kind, payload: applied.append(kind))


def test_spooled_facts_wait_while_postgresql_is_away_and_are_drained_in_order(spool):
    postgres = Postgres()
    assert spool_worker.drain(postgres, spool) == 0
    assert spool.usage() > 0
    postgres.is_away = False
    assert spool_worker.drain(postgres, spool) == 2
    assert postgres.applied == ["answered", "concluded"]
    assert spool_worker.drain(postgres, spool) == 0


@pytest.mark.parametrize("failure", [InvalidRetryRules("of old"), InvalidFlow("of old"), AttributeError("a bug")])
def test_a_fact_that_cannot_be_applied_ends_no_drain_and_is_kept(spool, monkeypatch, failure):
    applied = []

    def apply(_, kind, payload):
        if kind == "answered":
            raise failure
        applied.append(kind)

    monkeypatch.setattr(spool_worker.spool_apply, "apply", apply)
    postgres = Postgres()
    postgres.is_away = False
    assert spool_worker.drain(postgres, spool) == 1
    assert applied == ["concluded"]
    assert (spool.usage(), spool.kept()) == (0, 1)


@pytest.mark.parametrize("failure", [RuntimeError("can't start new thread"), psycopg.ProgrammingError("a column")])
def test_nothing_ends_the_drains_thread(spool, failure):
    def run(job, wait_ms):
        raise failure

    assert spool_worker.drain(SimpleNamespace(run=run), spool) == 0
    assert spool.usage() + spool.kept() > 0
    broken = SimpleNamespace(has_due=lambda: 1 / 0)
    assert spool_worker.drain(Postgres(), broken) == 0


def test_a_drain_wakes_the_lead_worker(spool, monkeypatch):
    woken = []
    monkeypatch.setattr(lead_worker, "wake", lambda: woken.append(True))
    postgres = Postgres()
    postgres.is_away = False
    spool_worker.drain(postgres, spool)
    assert woken == [True]


def test_leads_are_delivered_until_none_is_left():
    left = [3, 1, 0]
    lead_worker.deliver_all(lambda: left.pop(0))
    assert left == []


@pytest.mark.parametrize("failure", [DatabaseAway("away"), RedisAway("away"), ValueError("a bug")])
def test_a_failed_delivery_ends_no_worker(failure):
    def deliver():
        raise failure

    lead_worker.deliver_all(deliver)


def test_waking_starts_a_delivery_at_once():
    delivered = threading.Event()
    # A daemon, like the switch's: it waits for the next lead when the test is over.
    threading.Thread(target=lead_worker.run, args=(lambda: delivered.set() or 0,), daemon=True).start()
    lead_worker.wake()
    assert delivered.wait(lead_worker.LOOK_AGAIN_S - 1)


def test_background_jobs_run_in_order_and_a_failing_one_stops_no_other():
    done = threading.Event()
    order = []

    def fail():
        raise ValueError("a bug")

    background = Background("test")
    background.put(lambda: order.append(1))
    background.put(fail)
    background.put(lambda: (order.append(2), done.set()))
    assert done.wait(5)
    assert order == [1, 2]


def test_what_is_collected_comes_at_the_end_of_its_round_all_at_once():
    done = threading.Event()
    order = []

    def take(items):
        order.append(items)
        if 4 in items:
            done.set()

    background = Background("test")
    background.collect(take, 1)
    background.put(lambda: order.append("job"))
    background.collect(take, 2)
    background.put(lambda: background.collect(take, 4))
    assert done.wait(5)
    assert order[-1] == [4], "it was put while the round before went on"
    taken = [one for one in order if one != "job"]
    assert taken[0][0] == 1
    assert list(chain.from_iterable(taken)) == [1, 2, 4]
