"""The labelled set as a file to learn from: a table of who answered, and the audio that is still kept."""

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from db.amd_reviews import Detection

TABLE = "labels.csv"
COLUMNS = (
    "attempt_id", "file", "label", "verdict", "score", "decision_ms", "campaign_id", "claimed_at", "labelled_by",
    "labelled_at",
)  # fmt: skip
"""`python -m bench.amd.train --labelled FILE` reads `file` and `label`; no number is in it."""
IN_MEMORY_BYTES = 8 * 1024 * 1024


def write_zip(detections: Iterable[Detection], recordings_dir: Path) -> IO[bytes]:
    """Return the file, at its beginning; the caller closes it. Audio that was deleted leaves `file` empty."""
    target = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - the caller sends and closes it
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    with zipfile.ZipFile(target, "w") as archive:
        for one in detections:
            writer.writerow(_row(one, _add_audio(archive, one, recordings_dir)))
        archive.writestr(TABLE, table.getvalue())
    target.seek(0)
    return target


def _add_audio(archive: zipfile.ZipFile, one: Detection, recordings_dir: Path) -> str:
    if one.audio_path is None or not (recordings_dir / one.audio_path).is_file():
        return ""
    name = f"audio/{one.attempt_id}.wav"
    archive.write(recordings_dir / one.audio_path, name)
    return name


def _row(one: Detection, file: str) -> tuple[object, ...]:
    evidence = one.evidence or {}
    return (
        one.attempt_id, file, one.label, one.verdict, evidence.get("score", ""), evidence.get("heard_ms", ""),
        one.campaign_id, one.claimed_at.isoformat(), one.labelled_by or "",
        one.labelled_at.isoformat() if one.labelled_at else "",
    )  # fmt: skip
