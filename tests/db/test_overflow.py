"""What the disk can't take is held in memory, within bounds, and comes to PostgreSQL like the rest."""

from pathlib import Path
from typing import Any

import pytest

from db.errors import DatabaseAway, RecordRejected, SpoolFull
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
