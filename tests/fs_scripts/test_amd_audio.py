"""The first seconds of a callee's audio: kept for its owner alone, and forgotten in time."""

import os
import wave

import numpy as np

from fs_scripts import amd_audio

ATTEMPT = "92694f38-9c3b-4674-a91f-a8aae8325fe6"


def test_the_first_eight_seconds_become_a_private_wav_and_the_tap_is_gone(tmp_path):
    tap = tmp_path / f"{ATTEMPT}.r8"
    heard = np.arange(10 * 8000, dtype="<i2")
    tap.write_bytes(heard.tobytes() + b"\x01")
    path = amd_audio.keep(tap, tmp_path / "recordings", ATTEMPT)
    assert path == f"amd/92/{ATTEMPT}.wav"
    stored = tmp_path / "recordings" / path
    assert stored.stat().st_mode & 0o777 == 0o600
    with wave.open(str(stored)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert file.readframes(10**6) == heard[: 8 * 8000].tobytes()
    assert not tap.exists()
    assert [one.name for one in stored.parent.iterdir()] == [stored.name]


def test_nothing_heard_keeps_nothing(tmp_path):
    tap = tmp_path / f"{ATTEMPT}.r8"
    assert amd_audio.keep(tap, tmp_path / "recordings", ATTEMPT) is None
    tap.touch()
    assert amd_audio.keep(tap, tmp_path / "recordings", ATTEMPT) is None
    assert not tap.exists()
    assert not (tmp_path / "recordings").exists()


def test_what_is_older_than_the_retention_is_deleted_and_nothing_else(tmp_path):
    folder = tmp_path / amd_audio.FOLDER / "92"
    folder.mkdir(parents=True)
    now = 1_000_000_000.0
    for name, days in (("old", 31), ("young", 29)):
        (folder / f"{name}.wav").touch()
        os.utime(folder / f"{name}.wav", (now - days * 86_400,) * 2)
    whole_call = tmp_path / "92" / "call.wav"
    whole_call.parent.mkdir()
    whole_call.touch()
    os.utime(whole_call, (0, 0))
    assert amd_audio.forget_old(tmp_path, 30, now) == 1
    assert [one.name for one in folder.iterdir()] == ["young.wav"]
    assert whole_call.exists()
