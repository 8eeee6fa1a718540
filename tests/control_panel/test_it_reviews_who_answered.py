"""Detections: counted, found again, listened to, corrected by whom and when, and exported to learn from."""

import csv
import io
import random
import wave
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from control_panel.amd_waveform import draw
from dialer.settings import Settings
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn

EVIDENCE = {"score": 0.93, "heard_ms": 1400, "onset_ms": 300, "segments": [[300, 1200]], "features": {"speech": 0.9}}


class Calls:
    """Detected attempts, each with audio in the recordings' folder."""

    def __init__(self, conn: Connection[Any], recordings: Path) -> None:
        self.conn, self.recordings = conn, recordings
        gateway_id, caller_id = sample.a_gateway(conn)
        self.gateway_id = gateway_id
        self.campaign_id = sample.a_campaign(conn, "Spring", (gateway_id, caller_id))
        self.chance = random.Random(3)
        self.count = 0

    def add(self, verdict: str, *, audio: bool = True, campaign_id: int | None = None) -> str:
        (contact_id,) = sample.contacts(self.conn, campaign_id or self.campaign_id, 1, self.count)
        self.count += 1
        at = datetime.now(UTC) - timedelta(minutes=self.count)
        attempt_id = sample.attempt(self.conn, contact_id, self.gateway_id, at, "machine", self.chance)
        path = f"amd/{attempt_id[:2]}/{attempt_id}.wav" if audio else None
        self.conn.execute(
            "UPDATE attempts SET amd_verdict = %s, amd_evidence = %s, amd_audio_path = %s WHERE id = %s",
            [verdict, Jsonb(EVIDENCE), path, attempt_id],
        )
        if path:
            write_wav(self.recordings / path)
        return attempt_id


def write_wav(path: Path, seconds: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes((np.sin(np.arange(8000 * seconds) / 5) * 8000).astype("<i2").tobytes())


@pytest.fixture
def calls(conn: Connection[Any], settings: Settings) -> Calls:
    return Calls(conn, settings.recordings_dir)


def test_it_counts_verdicts_and_how_many_were_wrong(admin: Browser, calls: Calls, conn: Connection[Any]) -> None:
    machine, unsure, person = calls.add("machine"), calls.add("unsure"), calls.add("human")
    for attempt_id, label in ((machine, "human"), (unsure, "human"), (person, "machine")):
        admin.post(f"/detections/{attempt_id}/label", {"label": label})
    rows = conn.execute(
        "SELECT a.amd_verdict, is_amd_wrong(a.amd_verdict, l.label) FROM attempts a JOIN amd_labels l"
        " ON l.attempt_id = a.id"
    ).fetchall()
    assert sorted(rows) == [("human", True), ("machine", True), ("unsure", False)]
    page = " ".join(admin.text("/detections/").split())
    assert '<th scope="row">Machine</th><td class="num">1</td><td class="num">1</td><td class="num">1</td>' in page
    assert '<th scope="row">Unsure</th><td class="num">1</td><td class="num">1</td><td class="num">0</td>' in page
    assert '<th scope="row">Fax</th><td class="num">0</td>' in page


def test_a_correction_says_who_and_when_and_can_be_taken_back(
    admin: Browser, calls: Calls, conn: Connection[Any]
) -> None:
    attempt_id = calls.add("machine")
    admin.post(f"/detections/{attempt_id}/label", {"label": "human"})
    admin.post(f"/detections/{attempt_id}/label", {"label": "fax"})
    row = conn.execute(
        "SELECT l.label, u.role::text, l.labelled_at > now() - interval '1 minute', l.campaign_id"
        " FROM amd_labels l JOIN users u ON u.id = l.labelled_by"
    ).fetchall()
    assert row == [("fax", "admin", True, calls.campaign_id)]
    assert (conn.execute("SELECT amd_verdict FROM attempts").fetchone() or ("",))[0] == "machine", "the verdict stays"
    said = conn.execute("SELECT details FROM audit_log WHERE action = 'amd.labelled' ORDER BY id").fetchall()
    assert [one["was"] for (one,) in said] == [None, "human"]
    admin.post(f"/detections/{attempt_id}/label", {"label": ""})
    assert conn.execute("SELECT count(*) FROM amd_labels").fetchone() == (0,)


@pytest.mark.parametrize("label", ["unsure", "person", "'; DROP TABLE"])
def test_nothing_but_a_label_is_taken(admin: Browser, calls: Calls, conn: Connection[Any], label: str) -> None:
    assert admin.post(f"/detections/{calls.add('machine')}/label", {"label": label}).status_code == 400
    assert conn.execute("SELECT count(*) FROM amd_labels").fetchone() == (0,)


def test_it_finds_calls_by_campaign_verdict_and_review(admin: Browser, calls: Calls, conn: Connection[Any]) -> None:
    other = sample.a_campaign(conn, "Autumn")
    wrong, right = calls.add("machine"), calls.add("machine")
    silent, elsewhere = calls.add("human", audio=False), calls.add("fax", campaign_id=other)
    admin.post(f"/detections/{wrong}/label", {"label": "human"})
    admin.post(f"/detections/{right}/label", {"label": "machine"})

    def found(query: str) -> set[str]:
        page = admin.text(f"/detections/?{query}")
        return {one for one in (wrong, right, silent, elsewhere) if f"/detections/{one}" in page}

    assert found("") == {wrong, right, silent, elsewhere}
    assert found("review=wrong") == {wrong}
    assert found("review=labelled") == {wrong, right}
    assert found("review=listen") == {elsewhere}
    assert found("verdict=human") == {silent}
    assert found(f"campaign={other}") == {elsewhere}
    assert found("verdict=nonsense&review=nonsense&campaign=x&after=x") == {wrong, right, silent, elsewhere}


def test_an_admin_listens_and_sees_speech_and_decision(admin: Browser, calls: Calls) -> None:
    attempt_id = calls.add("machine")
    page = admin.text(f"/detections/{attempt_id}")
    assert 'class="mark mark-decision" x1="700.0"' in page  # 1400 of 2000 ms
    assert 'class="speech" x="150.0" y="0" width="450.0"' in page
    answer = admin.get(f"/detections/{attempt_id}/audio.wav")
    assert answer.status_code == 200
    assert answer.mimetype == "audio/wav"
    assert answer.data.startswith(b"RIFF")


def test_only_admins_listen_correct_and_export(calls: Calls, sign_in: SignIn) -> None:
    attempt_id = calls.add("machine")
    manager = sign_in("manager")
    page = manager.text(f"/detections/{attempt_id}")
    assert "<audio" not in page
    assert "/label" not in page
    assert manager.get(f"/detections/{attempt_id}/audio.wav").status_code == 403
    assert manager.post(f"/detections/{attempt_id}/label", {"label": "human"}).status_code == 403
    assert manager.get("/detections/labelled.zip").status_code == 403


def test_audio_whose_time_is_over_is_gone_and_the_evidence_stays(admin: Browser, calls: Calls) -> None:
    attempt_id = calls.add("machine")
    for path in calls.recordings.rglob("*.wav"):
        path.unlink()
    page = admin.text(f"/detections/{attempt_id}")
    assert "<audio" not in page
    assert "The audio has been deleted" in page
    assert admin.get(f"/detections/{attempt_id}/audio.wav").status_code == 404


def test_the_labelled_set_is_a_table_and_its_audio(admin: Browser, calls: Calls, conn: Connection[Any]) -> None:
    kept, deleted, unheard = calls.add("machine"), calls.add("human", audio=False), calls.add("machine")
    for attempt_id in (kept, deleted):
        admin.post(f"/detections/{attempt_id}/label", {"label": "human"})
    with zipfile.ZipFile(io.BytesIO(admin.get("/detections/labelled.zip").data)) as archive:
        rows = {row["attempt_id"]: row for row in csv.DictReader(io.StringIO(archive.read("labels.csv").decode()))}
        assert archive.read(f"audio/{kept}.wav").startswith(b"RIFF")
        assert sorted(archive.namelist()) == [f"audio/{kept}.wav", "labels.csv"]
    assert set(rows) == {kept, deleted}
    assert unheard not in rows
    assert (rows[kept]["file"], rows[kept]["label"], rows[kept]["verdict"]) == (f"audio/{kept}.wav", "human", "machine")
    assert (rows[kept]["score"], rows[kept]["decision_ms"]) == ("0.93", "1400")
    assert rows[deleted]["file"] == ""
    assert "+7916" not in str(rows), "nobody's number leaves with it"
    assert conn.execute("SELECT count(*) FROM audit_log WHERE action = 'amd.exported'").fetchone() == (1,)


def test_a_broken_recording_has_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "broken.wav"
    for content in (b"", b"RIFF", b"RIFF\0\0\0\0WAVEfmt "):
        path.write_bytes(content)
        assert draw(path, {}, None) is None


def test_the_picture_marks_what_lies_in_it(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav")
    picture = draw(tmp_path / "a.wav", EVIDENCE | {"beep_ended_ms": 9000}, 1600)
    assert picture is not None
    assert [(mark.kind, mark.ms) for mark in picture.marks] == [("onset", 300), ("decision", 1400), ("message", 1600)]
    assert len(picture.heights) == 400
    assert min(picture.heights) > 70, "8000 of 32768 is 12 dB below full scale"
