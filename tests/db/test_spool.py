"""The spool: what is written survives, is applied in order and once at a time, and never grows past its quota."""

import json
import logging
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from db import spool as spool_module
from db import spool_apply
from db.errors import DatabaseAway, RecordRejected, RecordStuck, SpoolFull
from db.spool import SET_ASIDE, Spool
from dialer.disposition import CallFacts
from dialer.outcome import Outcome, Witness
from tests.db.conftest import World

ID = "11111111-1111-4111-8111-111111111111"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", quota_bytes=10_000)


def drained(spool: Spool) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    spool.drain(lambda kind, payload: found.append((kind, payload)))
    return found


def test_records_come_back_in_the_order_they_were_written(spool: Spool) -> None:
    for n in range(20):
        spool.write("answered", {"attempt_id": ID, "n": n})
    assert [payload["n"] for _, payload in drained(spool)] == list(range(20))
    assert drained(spool) == []


def test_the_order_holds_across_a_restart_and_a_clock_set_back(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.write("answered", {"attempt_id": ID, "n": 1})
    monkeypatch.setattr("time.time_ns", lambda: 1)
    spool.write("answered", {"attempt_id": ID, "n": 2})
    Spool(spool.folder, 10_000).write("answered", {"attempt_id": ID, "n": 3})
    assert [payload["n"] for _, payload in drained(spool)] == [1, 2, 3]


def test_every_record_is_a_private_complete_file_named_for_its_kind_and_attempt(spool: Spool) -> None:
    path = spool.write("outcome", {"attempt_id": ID, "имя": "Ёж"})
    assert path.name.endswith(f"-outcome-{ID}.json")
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text(encoding="utf-8"))["имя"] == "Ёж"


def test_file_and_folder_are_synced_before_write_returns(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.path.isdir(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    spool.write("answered", {"attempt_id": ID})
    assert synced == [False, True]


def test_a_record_stays_when_the_database_is_away_again(spool: Spool) -> None:
    for n in range(3):
        spool.write("answered", {"attempt_id": ID, "n": n})
    seen: list[int] = []

    def apply(kind: str, payload: dict[str, Any]) -> None:
        if payload["n"] == 1 and len(seen) == 1:
            seen.append(-1)
            raise DatabaseAway
        seen.append(payload["n"])

    with pytest.raises(DatabaseAway):
        spool.drain(apply)
    assert spool.drain(apply) == 2
    assert seen == [0, -1, 1, 2]


def test_a_damaged_file_is_set_aside_and_said_so(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    broken = spool.write("outcome", {"attempt_id": ID})
    broken.write_bytes(b'{"attempt_id": "111')
    spool.write("answered", {"attempt_id": ID})
    with caplog.at_level(logging.ERROR):
        assert [kind for kind, _ in drained(spool)] == ["answered"]
    assert (spool.folder / SET_ASIDE / broken.name).exists()
    assert "spooled record set aside" in caplog.text


def test_a_record_that_can_never_be_applied_does_not_hold_the_others(spool: Spool) -> None:
    for n in range(2):
        spool.write("answered", {"attempt_id": ID, "n": n})

    def apply(kind: str, payload: dict[str, Any]) -> None:
        if payload["n"] == 0:
            raise RecordRejected("no such kind")

    assert spool.drain(apply) == 1
    assert len(list((spool.folder / SET_ASIDE).iterdir())) == 1


class Mendable:
    """An `apply` that can't apply some records before it is mended."""

    def __init__(self, *stuck: int) -> None:
        self.stuck, self.applied = set(stuck), list[int]()

    def __call__(self, kind: str, payload: dict[str, Any]) -> None:
        if payload["n"] in self.stuck:
            raise RecordStuck("its campaign's rules can't be followed")
        self.applied.append(payload["n"])


def test_a_record_that_something_stored_holds_up_is_kept_and_keeps_no_other_waiting(
    spool: Spool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        spool.write("answered", {"attempt_id": ID, "n": n})
    apply = Mendable(1)
    assert spool.drain(apply) == 2
    assert (apply.applied, spool.usage(), spool.kept()) == ([0, 2], 0, 1)
    assert "can't be followed" in str([vars(record) for record in caplog.records if record.levelno == logging.ERROR])
    again = Spool(spool.folder, 10_000)
    assert (again.usage(), again.kept(), again.has_due()) == (0, 1, True), "a switch that was restarted knows it, too"
    apply.stuck.clear()
    assert spool.drain(apply) == 0
    assert not spool.has_due(), "it is not tried all the time"
    monkeypatch.setattr(spool_module, "KEPT_AGAIN_S", 0.0)
    spool._kept_again_at = 0.0
    assert spool.has_due()
    assert spool.drain(apply) == 1
    assert (apply.applied, spool.kept(), list((spool.folder / "kept").iterdir())) == ([0, 2, 1], 0, [])


def test_what_is_kept_counts_in_the_quota(tmp_path: Path) -> None:
    spool = Spool(tmp_path, quota_bytes=100)
    spool.write("answered", {"attempt_id": ID, "n": 1, "padding": "x" * 20})
    assert spool.drain(Mendable(1)) == 0
    assert spool.usage() == 0
    assert spool.is_full()
    with pytest.raises(SpoolFull):
        spool.write("answered", {"attempt_id": ID, "n": 2})


def test_the_quota_refuses_what_would_not_fit_and_opens_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, quota_bytes=250)

    def fill() -> None:
        while True:
            spool.write("answered", {"attempt_id": ID, "at": NOW.isoformat()})

    with pytest.raises(SpoolFull):
        fill()
    assert 150 < spool.usage() <= 250
    assert not list(tmp_path.glob("*.tmp"))
    drained(spool)
    assert spool.usage() == 0
    spool.write("answered", {"attempt_id": ID})


def test_dialing_stops_before_the_calls_that_are_up_run_out_of_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path, quota_bytes=100)
    assert not spool.is_full()
    spool.write("answered", {"attempt_id": ID, "padding": "x" * 30})
    assert spool.is_full()


def test_another_process_sees_what_waits(spool: Spool) -> None:
    reader = Spool(spool.folder, 10_000)
    spool.write("answered", {"attempt_id": ID})
    assert Spool(spool.folder, 10_000).usage() == spool.usage() > 0
    assert len(drained(reader)) == 1


def test_two_drainers_never_apply_the_same_record_twice(spool: Spool) -> None:
    for n in range(5):
        spool.write("answered", {"attempt_id": ID, "n": n})
    inside, go_on = threading.Event(), threading.Event()
    first: list[int] = []

    def slowly(kind: str, payload: dict[str, Any]) -> None:
        inside.set()
        assert go_on.wait(10)
        first.append(payload["n"])

    drainer = threading.Thread(target=spool.drain, args=(slowly,))
    drainer.start()
    assert inside.wait(10)
    assert drained(Spool(spool.folder, 10_000)) == []
    go_on.set()
    drainer.join(10)
    assert first == [0, 1, 2, 3, 4]


WRITER = """
import sys
from pathlib import Path
from db.spool import Spool
spool = Spool(Path(sys.argv[1]), 10_000_000)
for n in range(100_000):
    spool.write("answered", {"attempt_id": "11111111-1111-4111-8111-111111111111", "n": n})
    print(n, flush=True)
"""


def test_a_writer_killed_at_any_moment_loses_nothing_it_had_acknowledged(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(25)][-1]
    writer.kill()
    rest = writer.stdout.read().split()
    writer.wait(10)
    acknowledged = int(rest[-1]) if rest else acknowledged
    found = [payload["n"] for _, payload in drained(Spool(tmp_path, 10_000_000))]
    assert found == list(range(len(found)))
    assert len(found) in (acknowledged + 1, acknowledged + 2)


def test_a_whole_call_replayed_from_the_spool_ends_as_it_did(world: World, spool: Spool) -> None:
    claimed = world.dial(world.campaign(contacts=1))[0]
    facts = CallFacts(claimed.attempt_id, "NORMAL_CLEARING", NOW, 200, NOW, 9, "1", message_started=True)
    for record in (
        spool_apply.answered(claimed.attempt_id, NOW),
        spool_apply.message_started(claimed.attempt_id, NOW),
        spool_apply.outcome(claimed.attempt_id, Outcome.INTERESTED, "1", "human", NOW),
        spool_apply.concluded(facts, Witness.HOOK),
    ):
        spool.write(*record)
        spool.write(*record)
    assert spool.drain(lambda kind, payload: spool_apply.apply(world.conn, kind, payload)) == 8
    assert world.contact(claimed.contact_id) == ("concluded", "interested", 1)
    assert world.value("SELECT count(*) FROM leads") == 1
    assert world.value("SELECT sum(attempts) FROM campaign_tallies") == 1


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("juggling", {"attempt_id": ID}),
        ("answered", {"attempt_id": "no uuid", "at": NOW.isoformat()}),
        ("answered", {"attempt_id": ID}),
        (
            "outcome",
            {"attempt_id": ID, "outcome": "delighted", "digits": "", "amd_verdict": None, "at": NOW.isoformat()},
        ),
    ],
)
def test_records_that_make_no_sense_are_rejected_for_good(world: World, kind: str, payload: dict[str, Any]) -> None:
    with pytest.raises(RecordRejected):
        spool_apply.apply(world.conn, kind, payload)
    assert world.value("SELECT 1") == 1


@pytest.mark.parametrize("stored", [{"beschäftigt": {}}, {"max_attempts": "three"}])
def test_a_result_of_a_campaign_whose_rules_cannot_be_followed_waits_until_they_can(
    world: World, spool: Spool, stored: dict[str, Any]
) -> None:
    first, second = (world.dial(world.campaign(contacts=1, first_phone=79160000000 + n))[0] for n in range(2))
    world.conn.execute("UPDATE campaigns SET retry_rules = %s WHERE id = %s", [json.dumps(stored), first.campaign_id])
    for claimed in (first, second):
        spool.write(*spool_apply.concluded(CallFacts(claimed.attempt_id, "USER_BUSY", NOW, 486), Witness.HOOK))

    def drain() -> int:
        return spool.drain(lambda kind, payload: spool_apply.apply(world.conn, kind, payload))

    assert drain() == 1
    assert world.contact(second.contact_id)[:2] == ("retry", "busy")
    assert world.contact(first.contact_id)[0] == "dialing"
    world.conn.execute("UPDATE campaigns SET retry_rules = '{}' WHERE id = %s", [first.campaign_id])
    spool._kept_again_at = 0.0
    assert drain() == 1
    assert world.contact(first.contact_id)[:2] == ("concluded", "busy")
    assert world.value("SELECT sum(attempts) FROM campaign_tallies") == 2


def test_a_callback_whose_flow_cannot_be_followed_waits_until_it_can(world: World, spool: Spool) -> None:
    (claimed,) = world.dial(world.campaign(contacts=1))
    world.conn.execute("ALTER TABLE flow_versions DISABLE TRIGGER USER")
    good = world.value("SELECT definition FROM flow_versions WHERE id = %s", claimed.flow_version_id)
    stored = "UPDATE flow_versions SET definition = %s WHERE id = %s"
    world.conn.execute(stored, ['{"menu": "of old"}', claimed.flow_version_id])
    facts = CallFacts(claimed.attempt_id, "NORMAL_CLEARING", NOW, 200, NOW, 9, "2", Outcome.CALLBACK_REQUESTED)
    spool.write(*spool_apply.concluded(facts, Witness.HOOK))

    def drain() -> int:
        return spool.drain(lambda kind, payload: spool_apply.apply(world.conn, kind, payload))

    assert drain() == 0
    assert spool.kept() == 1
    world.conn.execute(stored, [json.dumps(good), claimed.flow_version_id])
    spool._kept_again_at = 0.0
    assert drain() == 1
    assert world.contact(claimed.contact_id)[1] == "callback_requested"
