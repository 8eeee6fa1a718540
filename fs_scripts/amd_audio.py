"""The first seconds of a callee's audio: kept with the evidence where the campaign asks for it, forgotten in time."""

import logging
import os
import time
import wave
from pathlib import Path

logger = logging.getLogger(__name__)

RATE = 8000
KEPT_S = 8
FOLDER = "amd"
"""Below the recordings' folder."""
SWEEP_EVERY_S = 3600.0
DAY_S = 86_400
FORGOTTEN = "audio kept with the evidence was deleted, its time was over"
FAILED = "old audio of the evidence could not be deleted"


def keep(tap: Path, recordings_dir: Path, attempt_id: str) -> str | None:
    """Turn a tap's first seconds into a WAV that only its owner may read; return its path below `recordings_dir`.

    None: there was nothing to keep. The tap is deleted in any case.
    """
    try:
        with tap.open("rb") as file:
            heard = file.read(KEPT_S * RATE * 2)
    except FileNotFoundError:
        return None
    finally:
        tap.unlink(missing_ok=True)
    heard = heard[: len(heard) // 2 * 2]
    if not heard:
        return None
    relative = Path(FOLDER) / attempt_id[:2] / f"{attempt_id}.wav"
    path = recordings_dir / relative
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_suffix(".part")
    private = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(private, "wb") as writable, wave.open(writable, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(heard)
    written.replace(path)
    return str(relative)


def forget_old(recordings_dir: Path, days: int, now: float) -> int:
    """Delete what is older than `days`; return how many files. now: epoch seconds."""
    old = [
        path
        for path in (recordings_dir / FOLDER).glob("*/*")
        if path.is_file() and path.stat().st_mtime < now - days * DAY_S
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def sweep_for_ever(recordings_dir: Path, days: int) -> None:
    """Forget for as long as the switch lives. Never raises."""
    while True:
        try:
            count = forget_old(recordings_dir, days, time.time())
        except OSError:
            logger.exception(FAILED)
        else:
            if count:
                logger.info(FORGOTTEN, extra={"count": count})
        time.sleep(SWEEP_EVERY_S)
