"""The switch's scripts tell whoever may speak to the switch what waits in its spool."""

from pathlib import Path

import pytest

from db.errors import RecordStuck
from db.overflow import Overflow
from db.spool import Spool
from dialer.spool_sign import VARIABLE, SpoolSign, read
from fs_scripts import channel, sign_of_life
from tests.fs_scripts.conftest import switch_module

RECORD = {"attempt_id": "aaaaaaaa-0000-4000-8000-000000000001"}


@pytest.fixture
def spool(tmp_path: Path) -> Overflow:
    return Overflow(Spool(tmp_path / "spool", 1000))


def test_it_says_that_nothing_waits(spool, tmp_path):
    assert sign_of_life.sign(spool, tmp_path, 3) == SpoolSign(3, 0, False, str(tmp_path))


def test_it_says_how_much_waits(spool, tmp_path):
    spool.write("answered", RECORD)
    found = sign_of_life.sign(spool, tmp_path, 4)
    assert found.waits > 0
    assert not found.is_full


def test_it_says_what_is_kept_for_something_to_be_mended(spool, tmp_path):
    def stick(kind, payload):
        raise RecordStuck("the rules of its campaign can't be followed")

    spool.write("answered", RECORD)
    spool.drain(stick)
    assert sign_of_life.sign(spool, tmp_path, 4) == SpoolSign(4, 0, False, str(tmp_path), 1)


def test_a_spool_that_is_nearly_full_says_so(tmp_path):
    tight = Spool(tmp_path / "spool", 1000)
    tight.write("answered", RECORD)
    tight.quota_bytes = tight.usage() + 1
    assert sign_of_life.sign(Overflow(tight), tmp_path, 1).is_full


def test_results_held_in_memory_stop_the_dialing(tmp_path):
    held = Overflow(Spool(tmp_path / "spool", 1))
    held.write("answered", RECORD)
    assert sign_of_life.sign(held, tmp_path, 1).is_full


def test_a_disk_without_room_stops_the_dialing(spool, tmp_path, monkeypatch):
    monkeypatch.setattr("db.spool.LEAST_FREE_BYTES", 1 << 62)
    assert sign_of_life.sign(spool, tmp_path, 1).is_full


def test_a_spool_nobody_can_read_stops_the_dialing(tmp_path):
    gone = Spool(tmp_path / "spool", 1000)
    gone.folder.rmdir()
    found = sign_of_life.sign(Overflow(gone), tmp_path, 1)
    assert found.is_full
    assert found.waits


def test_it_beats(spool, tmp_path, monkeypatch):
    class Enough(Exception):
        pass

    def tell(name: str, value: str) -> None:
        channel.tell_all(name, value)
        if read(value).beat == 3:
            raise Enough

    monkeypatch.setattr(sign_of_life.time, "sleep", lambda _: None)
    with pytest.raises(Enough):
        sign_of_life.run(spool, tmp_path, tell)
    assert read(switch_module.globals[VARIABLE]).beat == 3
