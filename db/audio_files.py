"""Uploaded audio: rows here, files (8 kHz mono 16-bit WAV) below the audio folder."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from db.errors import AlreadyExists, InUse
from db.sql import AnyConnection, all_of, change, load, one_of, value_of

queries = load("audio_files")


@dataclass(frozen=True, slots=True)
class AudioFile:
    """path: below the audio folder. sha256: of the converted file, hexadecimal."""

    id: int
    name: str
    path: str
    original_name: str
    duration_ms: int
    sha256: str
    created_at: datetime


def add(conn: AnyConnection, name: str, path: str, original_name: str, duration_ms: int, sha256: str) -> int:
    """Store a file's row and return its id; raises AlreadyExists when the name is taken."""
    values = {
        "name": name,
        "path": path,
        "original_name": original_name,
        "duration_ms": duration_ms,
        "sha256": sha256,
    }
    audio_id = value_of(conn, queries["add"], values)
    if audio_id is None:
        raise AlreadyExists(f"there is an audio file {name!r} already")
    return cast(int, audio_id)


def get(conn: AnyConnection, audio_id: int) -> AudioFile | None:
    """Return one file, or None."""
    return one_of(conn, AudioFile, queries["get"], {"audio_id": audio_id})


def list_all(conn: AnyConnection) -> list[AudioFile]:
    """Return every file by name."""
    return all_of(conn, AudioFile, queries["list_all"])


def remove(conn: AnyConnection, audio_id: int) -> bool:
    """Remove a file's row; False when there was none. Raises InUse while a call flow plays it."""
    if value_of(conn, queries["is_used"], {"audio_id": audio_id}):
        raise InUse("a call flow plays this file")
    return change(conn, queries["remove"], {"audio_id": audio_id}) == 1
