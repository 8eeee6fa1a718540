"""What the disk can't take is held in memory, within bounds, and comes to PostgreSQL like the rest."""

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from db.errors import DatabaseAway, RecordRejected, RecordStuck, SpoolFull
from db.overflow import Overflow
from db.spool import Spool

ID = "11111111-1111-4111-8111-111111111111"


def record(n: int) -> dict[str, Any]:
    return {"attempt_id": ID, "n": n}


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", quota_bytes=200)


def fill(overflow: Overflow, spool: Spool) -> int:
    """Write until the disk is full; return how many records it took."""
    written = 0
    while True:
        overflow.write("answered", record(written))
        if len(list(spool.folder.glob("*.json"))) == written:
            return written  # this one is held
        written += 1


def test_a_result_that_the_full_disk_refuses_is_held_and_drained_with_the_rest(spool: Spool) -> None:
    overflow = Overflow(spool)
    on_disk = fill(overflow, spool)
    overflow.write("concluded", record(99))
    found: list[int] = []
    assert overflow.drain(lambda kind, payload: found.append(payload["n"])) == on_disk + 2
    assert sorted(found) == [*range(on_disk + 1), 99]
    assert overflow.usage() == 0
    assert overflow.drain(lambda *_: None) == 0


def test_no_more_is_held_than_allowed(spool: Spool) -> None:
    overflow = Overflow(spool, most=3)
    fill(overflow, spool)
    overflow.write("concluded", record(1))
    overflow.write("concluded", record(2))
    with pytest.raises(SpoolFull):
        overflow.write("concluded", record(3))


def test_what_is_held_stays_until_it_was_applied_and_is_drained_before_the_folder_is_empty(spool: Spool) -> None:
    overflow = Overflow(spool)
    fill(overflow, spool)

    def away(kind: str, payload: dict[str, Any]) -> None:
        raise DatabaseAway("away")

    with pytest.raises(DatabaseAway):
        overflow.drain(away)
    assert overflow.usage() > 0
    left_on_disk: list[int] = []
    overflow.drain(lambda kind, payload: left_on_disk.append(len(list(spool.folder.glob("*.json")))))
    assert left_on_disk[0] == left_on_disk[1] > 0, "the record in memory went first"


def test_a_disk_that_fails_is_like_a_full_one(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    overflow = Overflow(spool)

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(spool, "write", broken)
    overflow.write("concluded", record(1))
    found: list[int] = []
    assert overflow.drain(lambda kind, payload: found.append(payload["n"])) == 1
    assert found == [1]


def test_a_held_record_that_can_never_be_applied_keeps_no_other_waiting(spool: Spool) -> None:
    overflow = Overflow(spool)
    fill(overflow, spool)
    overflow.write("concluded", record(50))
    found: list[int] = []

    def refuse_the_first(kind: str, payload: dict[str, Any]) -> None:
        if payload["n"] != 50 and not found:
            raise RecordRejected("damaged")
        found.append(payload["n"])

    overflow.drain(refuse_the_first)
    assert 50 in found
    assert overflow.usage() == 0


def test_a_held_record_that_something_stored_holds_up_goes_to_the_disk_and_keeps_no_other_waiting(spool: Spool) -> None:
    overflow = Overflow(spool)
    fill(overflow, spool)
    overflow.write("concluded", record(50))
    found: list[int] = []

    def stick(kind: str, payload: dict[str, Any]) -> None:
        if payload["n"] == 50:
            raise RecordStuck("the rules of its campaign can't be followed")
        found.append(payload["n"])

    overflow.drain(stick)
    assert found, "those before it and behind it"
    assert not overflow._held, "it dies with the process there"
    overflow.drain(stick)
    assert (overflow.kept(), overflow.usage(), overflow.has_due()) == (1, 0, False)
    assert not overflow.is_full()


class Stalling:
    """An os.fsync that does not return while the disk is stalled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.goes_on = threading.Event()
        self.asked = 0
        real = os.fsync

        def fsync(descriptor: int) -> None:
            self.asked += 1
            assert self.goes_on.wait(60)
            real(descriptor)

        monkeypatch.setattr("db.spool.os.fsync", fsync)


@pytest.fixture
def stalling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stalling]:
    made = Stalling(monkeypatch)
    yield made
    made.goes_on.set()


@pytest.fixture
def roomy(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", quota_bytes=1_000_000)


def seconds(job: Callable[[], object]) -> float:
    began = time.monotonic()
    job()
    return time.monotonic() - began


def on_disk(spool: Spool) -> int:
    return len(list(spool.folder.glob("*.json")))


def test_a_disk_that_stalls_holds_a_call_up_once_and_no_longer_than_told(roomy: Spool, stalling: Stalling) -> None:
    overflow = Overflow(roomy, wait_s=0.3)
    assert 0.3 <= seconds(lambda: overflow.write("outcome", record(1))) < 5
    assert overflow.is_full(), "no further call may start"
    assert overflow.usage() > 0
    assert seconds(lambda: [overflow.write("concluded", record(n)) for n in range(2, 12)]) < 0.3
    assert stalling.asked == 1, "nothing more is asked of a disk that does not answer"


def test_what_a_stalled_disk_was_given_reaches_postgresql_without_it(roomy: Spool, stalling: Stalling) -> None:
    overflow = Overflow(roomy, wait_s=0.1)
    for n in range(5):
        overflow.write("concluded", record(n))
    found: list[int] = []
    assert overflow.drain(lambda kind, payload: found.append(payload["n"])) == 5
    assert found == [0, 1, 2, 3, 4]


def test_a_disk_that_goes_on_keeps_what_it_was_given_and_memory_lets_go_of_it(roomy: Spool, stalling: Stalling) -> None:
    overflow = Overflow(roomy, wait_s=0.1)
    overflow.write("concluded", record(0))
    stalling.goes_on.set()
    wait_until(lambda: on_disk(roomy) == 1 and not overflow.is_full())
    overflow.write("concluded", record(1))
    assert on_disk(roomy) == 2
    found: list[int] = []
    assert overflow.drain(lambda kind, payload: found.append(payload["n"])) == 2
    assert sorted(found) == [0, 1]
    assert overflow.usage() == 0


def test_no_more_is_held_than_allowed_while_the_disk_stalls(roomy: Spool, stalling: Stalling) -> None:
    overflow = Overflow(roomy, most=3, wait_s=0.1)
    for n in range(3):
        overflow.write("concluded", record(n))
    with pytest.raises(SpoolFull):
        overflow.write("concluded", record(3))


def test_many_calls_write_at_once_and_each_record_is_on_disk_when_its_write_returns(roomy: Spool) -> None:
    overflow = Overflow(roomy, wait_s=30)

    def write(n: int) -> None:
        attempt_id = str(uuid.uuid4())
        overflow.write("concluded", {"attempt_id": attempt_id, "n": n})
        assert list(roomy.folder.glob(f"*-concluded-{attempt_id}.json"))

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(write, range(200)))
    assert on_disk(roomy) == 200
    assert not overflow.is_full()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
