"""Uploaded audio: every usual format becomes 8 kHz mono 16-bit, and what can't be used is explained."""

import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from psycopg import Connection

from control_panel import telephone_audio
from control_panel.telephone_audio import Doubt, Refusal, UnusableAudio, convert
from db import flows
from dialer.call_flow import default_definition
from dialer.settings import Settings
from tests.control_panel.conftest import Browser


def tone(seconds: float = 1.0, rate: int = 44_100, level: float = 0.3, channels: int = 2) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    return np.tile(wave[:, None], (1, channels))


def encoded(samples: np.ndarray, rate: int = 44_100, kind: str = "WAV", subtype: str | None = None) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=kind, subtype=subtype)
    return out.getvalue()


def upload(browser: Browser, data: bytes, file_name: str = "promo.wav", name: str = "") -> Any:
    browser.get("/audio/")
    return browser.post("/audio/", {"file": (io.BytesIO(data), file_name), "name": name})


@pytest.mark.parametrize(
    ("kind", "subtype", "rate"),
    [
        ("WAV", "PCM_16", 8000),
        ("WAV", "PCM_24", 48_000),
        ("WAV", "FLOAT", 44_100),
        ("WAV", "ALAW", 8000),
        ("FLAC", None, 44_100),
        ("OGG", None, 48_000),
        ("MP3", None, 22_050),
        ("AIFF", None, 11_025),
    ],
)
def test_it_makes_telephone_audio_of_it(kind: str, subtype: str | None, rate: int) -> None:
    made = convert(encoded(tone(rate=rate), rate, kind, subtype))
    with soundfile.SoundFile(io.BytesIO(made.wav)) as wav:
        assert (wav.samplerate, wav.channels, wav.subtype, wav.format) == (8000, 1, "PCM_16", "WAV")
        samples = wav.read()
    assert made.duration_ms == pytest.approx(1000, abs=60)
    assert made.level_dbfs == pytest.approx(-13.5, abs=0.7)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 8000 / len(samples) == pytest.approx(440, abs=5)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"no audio at all", Refusal.UNREADABLE),
        (b"", Refusal.UNREADABLE),
        (encoded(tone(0.1)), Refusal.TOO_SHORT),
        (encoded(tone(1, level=0.0)), Refusal.SILENT),
    ],
)
def test_it_refuses_what_cannot_be_played(data: bytes, refusal: Refusal) -> None:
    with pytest.raises(UnusableAudio) as caught:
        convert(data)
    assert caught.value.refusal is refusal


def test_it_stops_reading_at_the_longest_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telephone_audio, "LONGEST_S", 2)
    with pytest.raises(UnusableAudio) as caught:
        convert(encoded(tone(30, 8000, channels=1), 8000, "FLAC"))
    assert caught.value.refusal is Refusal.TOO_LONG


def test_it_holds_no_more_of_a_recording_than_the_telephone_needs() -> None:
    data = encoded(tone(20, 384_000, channels=1), 384_000, "FLAC")
    tracemalloc.start()
    try:
        made = convert(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert made.duration_ms == pytest.approx(20_000, abs=5)
    assert peak < 12_000_000, "20 s at 384 kHz are 31 MB, in one piece"


def test_it_doubts_quiet_and_overdriven_audio() -> None:
    assert convert(encoded(tone(level=0.005))).doubts == (Doubt.QUIET,)
    assert convert(encoded(np.clip(tone(level=3.0), -1, 1))).doubts == (Doubt.CLIPPED,)


def test_it_stores_the_upload_and_plays_it_back(admin: Browser, conn: Connection[Any], settings: Settings) -> None:
    assert upload(admin, encoded(tone(), kind="OGG"), "Привет <b>.ogg").status_code == 302
    page = admin.text("/audio/")
    assert "Привет &lt;b&gt;" in page
    answer = admin.get("/audio/1/file.wav", headers={"Range": "bytes=0-99"})
    assert (answer.status_code, answer.mimetype, len(answer.data)) == (206, "audio/wav", 100)
    row = conn.execute("SELECT name, original_name, path, duration_ms FROM audio_files").fetchone()
    assert row is not None
    assert row[:2] == ("Привет <b>", "Привет <b>.ogg")
    assert (settings.audio_dir / row[2]).read_bytes()[:4] == b"RIFF"
    assert "/" not in row[2]


def test_it_explains_a_refusal_and_keeps_nothing(admin: Browser, conn: Connection[Any], settings: Settings) -> None:
    answer = upload(admin, b"no audio")
    assert answer.status_code == 400
    assert "This is no audio we can read." in answer.get_data(as_text=True)
    assert conn.execute("SELECT count(*) FROM audio_files").fetchone() == (0,)
    assert not list(Path(settings.audio_dir).glob("*"))


def test_it_wants_names_to_be_unique(admin: Browser, settings: Settings) -> None:
    assert upload(admin, encoded(tone()), name="Promo").status_code == 302
    answer = upload(admin, encoded(tone()), name="Promo")
    assert "choose another name" in answer.get_data(as_text=True)
    assert len(list(Path(settings.audio_dir).glob("*"))) == 1


def test_it_removes_audio_that_no_flow_plays(admin: Browser, conn: Connection[Any]) -> None:
    upload(admin, encoded(tone()), name="Used")
    upload(admin, encoded(tone()), name="Unused")
    used = conn.execute("SELECT path FROM audio_files WHERE id = 1").fetchone()
    assert used is not None
    flows.create_version(conn, "f", default_definition("en", {"kind": "audio", "name": used[0], "audio_id": 1}))
    admin.get("/audio/")
    assert "so it stays" in admin.post("/audio/1/remove", follow_redirects=True).get_data(as_text=True)
    assert "is removed" in admin.post("/audio/2/remove", follow_redirects=True).get_data(as_text=True)
    assert conn.execute("SELECT name FROM audio_files").fetchall() == [("Used",)]


def test_it_answers_404_for_audio_that_is_not_there(admin: Browser) -> None:
    assert admin.get("/audio/7/file.wav").status_code == 404
    assert admin.post("/audio/7/remove").status_code == 404
