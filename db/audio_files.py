"""Uploaded audio, converted for the telephone."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation

from db import sql
from db.errors import AlreadyExists, InUse
from db.sql import AnyConnection

QUERIES = sql.load("audio_files")


@dataclass(frozen=True, slots=True)
class AudioFile:
    """One file. path: below the audio folder; 8 kHz mono 16-bit WAV. sha256: of the converted file."""

    id: int
    name: str
    path: str
    original_name: str
    duration_ms: int
    sha256: str
    created_at: datetime


def create(conn: AnyConnection, name: str, path: str, original_name: str, duration_ms: int, sha256: str) -> int:
    """Store a file that lies at `path` already, and return its id; raises AlreadyExists."""
    try:
        with conn.transaction():
            return int(
                sql.value_of(
                    conn,
                    QUERIES["create"],
                    {
                        "name": name,
                        "path": path,
                        "original_name": original_name,
                        "duration_ms": duration_ms,
                        "sha256": sha256,
                    },
                )
            )
    except UniqueViolation as error:
        raise AlreadyExists(f"there is audio called {name!r} already") from error


def get(conn: AnyConnection, audio_id: int) -> AudioFile | None:
    """Return one file, or None."""
    return sql.one_of(conn, AudioFile, QUERIES["get"], {"id": audio_id})


def list_all(conn: AnyConnection) -> list[AudioFile]:
    """Return every file, newest first."""
    return sql.all_of(conn, AudioFile, QUERIES["list_all"])


def remove(conn: AnyConnection, audio_id: int) -> None:
    """Forget a file; raises InUse when any version of a flow plays it (old versions explain old calls)."""
    if sql.value_of(conn, QUERIES["is_used"], {"id": audio_id}):
        raise InUse("a campaign plays this audio")
    sql.change(conn, QUERIES["remove"], {"id": audio_id})
