"""A scheduler that is killed leaves its successor the knowledge of what it had marked and not sent."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from db import claims
from db.claims import mark_originated
from scheduler.departures import Departures
from scheduler.event_socket import NotSent
from scheduler.unsent import LARGE_BYTES, Unsent
from tests.db.conftest import new_ids
from tests.scheduler.scripted_switch import wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "unsent"


def left_after_death(folder: Path) -> list[str]:
    successor = Unsent(folder)
    successor.close()
    return successor.left


def test_a_successor_knows_what_was_begun_and_did_not_end(folder):
    begun, sent, undone = new_ids(3)
    first = Unsent(folder)
    for attempt_id in (begun, sent, undone):
        first.begin(attempt_id)
    first.end([sent])
    first.end([undone, *new_ids(1)])
    first.close()
    assert left_after_death(folder) == [begun]
    assert left_after_death(folder) == [begun], "and its successor, until it is undone"


def test_it_survives_sigkill(folder):
    (attempt_id,) = new_ids(1)
    code = (
        "import os, signal, sys; from pathlib import Path; from scheduler.unsent import Unsent;"
        "Unsent(Path(sys.argv[1])).begin(sys.argv[2]); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder), attempt_id], check=False)
    assert done.returncode == -signal.SIGKILL
    assert left_after_death(folder) == [attempt_id]


def test_what_a_living_scheduler_has_is_its_own(folder):
    ours, theirs = new_ids(2)
    first, second = Unsent(folder), Unsent(folder)
    first.begin(ours)
    second.begin(theirs)
    assert left_after_death(folder) == []
    first.close()
    second.close()
    assert left_after_death(folder) == sorted([ours, theirs]), "one successor takes over from both"
    assert left_after_death(folder) == sorted([ours, theirs])


def test_after_the_machine_was_restarted_nothing_is_believed(folder):
    first = Unsent(folder, "boot-1")
    first.begin(*new_ids(1))
    first.close()
    second = Unsent(folder, "boot-2")
    assert second.left == []
    second.close()


def test_a_disk_that_takes_a_part_says_so_and_spoils_no_other_entry(folder, monkeypatch):
    sent, other = new_ids(2)
    unsent, write = Unsent(folder), os.write
    unsent.begin(sent)
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:-2]))
        with pytest.raises(OSError, match="a part"):
            unsent.end([sent])
        unsent.begin(new_ids(1)[0])  # only logged: it is marked and sent all the same
    unsent.begin(other)
    unsent.close()
    assert left_after_death(folder) == sorted([sent, other])


def test_the_file_stays_small(folder):
    unsent = Unsent(folder)
    (kept,) = new_ids(1)
    unsent.begin(kept)
    for attempt_id in new_ids(2 * LARGE_BYTES // 76):
        unsent.begin(attempt_id)
        unsent.end([attempt_id])
    (file,) = folder.iterdir()
    assert file.stat().st_size < LARGE_BYTES
    unsent.close()
    assert left_after_death(folder) == [kept]


@pytest.fixture
def attempt(world):
    (dialled,) = world.dial(world.campaign(contacts=1))
    return dialled


def test_a_call_its_scheduler_marked_and_did_not_send_is_undone_by_the_next(
    attempt, world, database, ready_redis, nodes, brakes, folder
):
    dead = Unsent(folder)
    dead.begin(attempt.attempt_id)
    dead.close()
    departures = Departures(database, ready_redis, nodes, brakes, 50, Unsent(folder))
    departures.start()
    wait_until(lambda: world.contact(attempt.contact_id) == ("queued", None, 0))
    assert world.value("SELECT count(*) FROM attempts") == 0
    departures.stop(5)


@pytest.fixture
def call(world, planner):
    world.campaign(contacts=1, calls_per_minute=6000)
    (planned,) = planner.plan(datetime.now(UTC))
    return planned


def test_what_is_killed_between_the_mark_and_the_send_is_known_and_what_is_killed_after_is_not(
    call, departures, switch, unsent, database, folder, monkeypatch
):
    said = []
    monkeypatch.setattr(
        "scheduler.departures.claims.mark_originated",
        lambda *arguments: (mark_originated(*arguments), said.append(known_on_disk(folder)))[0],
    )
    switch.on_originate = lambda _: said.append(known_on_disk(folder))
    departures.start()
    departures.add([call])
    wait_until(lambda: switch.sent)
    assert said == [{call.attempt.attempt_id}, set()]


@pytest.mark.parametrize("why", ["the switch was away", "the disk is full"])
def test_what_was_marked_and_could_not_be_sent_is_known_until_it_is_undone(
    call, departures, switch, unsent, database, folder, monkeypatch, why
):
    withdraw, said = claims.withdraw, []

    def withdraw_later(*arguments):
        if len(said) < 2:
            said.append(known_on_disk(folder))
            raise psycopg.OperationalError
        return withdraw(*arguments)

    monkeypatch.setattr("scheduler.departures.claims.withdraw", withdraw_later)
    if why == "the disk is full":
        monkeypatch.setattr(unsent, "end", Failing(unsent.end))
    else:
        switch.fails = [NotSent()]
    departures.start()
    departures.add([call])
    wait_until(lambda: len(said) == 2 and not known_on_disk(folder))
    assert said == [{call.attempt.attempt_id}] * 2
    assert switch.sent == []


class Failing:
    """Fails once, as a full disk does."""

    def __init__(self, real):
        self._real, self._has_failed = real, False

    def __call__(self, attempt_ids):
        if not self._has_failed:
            self._has_failed = True
            raise OSError
        self._real(attempt_ids)


def known_on_disk(folder: Path) -> set[str]:
    """What a successor would find now."""
    (file,) = folder.iterdir()
    known: set[str] = set()
    for entry in file.read_text().split("\n")[1:]:
        (known.add if entry[0] == "+" else known.discard)(entry[1:])
    return known
