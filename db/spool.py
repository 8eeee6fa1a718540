"""Results kept on the switch's disk while PostgreSQL is away: one fsynced file per record, drained in order."""

import fcntl
import json
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from db.errors import RecordRejected, SpoolFull

logger = logging.getLogger(__name__)

RECORD = re.compile(r"(\d{20})-([a-z_]+)-([0-9a-f-]{36})\.json")
SET_ASIDE = "rejected"
"""Folder of the records that could not be applied; a person looks at them."""
LEFTOVER_S = 60.0
"""A file that is still being written after this long was left by a crash; its record never counted as stored."""
LEAST_FREE_BYTES = 64 * 1024 * 1024
"""A disk with less than this left may not take what the hooks have to write down."""
COUNT_S = 1.0
"""How long a count of the folder is trusted; our own writes and drains are counted at once."""


class Spool:
    """A folder of `<sortable time>-<kind>-<attempt id>.json` files, shared by threads and processes."""

    def __init__(self, folder: Path, quota_bytes: int) -> None:
        """Open the folder, making it (mode 0700) when it is missing; leftovers of a crash in mid-write are removed."""
        self.folder = folder
        self.quota_bytes = quota_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._last = max((int(name[:20]) for name in self._names()), default=0)
        self._bytes = 0
        self._counted_at = -COUNT_S
        for entry in os.scandir(folder):
            if entry.name.endswith(".tmp") and entry.stat().st_mtime < time.time() - LEFTOVER_S:
                Path(entry).unlink(missing_ok=True)

    def write(self, kind: str, payload: Mapping[str, Any]) -> Path:
        """Store one record durably; `payload` holds JSON values and 'attempt_id'. Raises SpoolFull.

        Returns once the disk has it: file and folder are synced.
        """
        data = json.dumps(payload, ensure_ascii=False).encode()
        with self._lock:
            if self._usage() + len(data) > self.quota_bytes:
                raise SpoolFull(f"the spool {self.folder} has reached {self.quota_bytes} bytes")
            self._bytes += len(data)
            self._last = max(self._last + 1, time.time_ns())  # sortable even when the clock is set back
            name = f"{self._last:020}-{kind}-{payload['attempt_id']}.json"
        if not RECORD.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a record")
        path = self.folder / name
        temporary = self.folder / f".{os.getpid()}-{name}.tmp"
        try:
            with open(temporary, "wb", opener=_private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(self.folder)
        return path

    def drain(self, apply: Callable[[str, dict[str, Any]], None]) -> int:
        """Apply records in the order they were written, removing each; return how many. One drainer at a time.

        A second drainer returns 0 at once. A record that is damaged, or for which `apply` raises RecordRejected,
        is set aside; any other exception of `apply` stops the drain and is raised, and its record stays.
        """
        with self._alone() as is_alone:
            if not is_alone:
                return 0
            drained = 0
            for name in sorted(self._names()):
                path = self.folder / name
                try:
                    apply(name.split("-", 2)[1], _read(path))
                except RecordRejected as error:
                    self._set_aside(path, str(error))
                    continue
                self._forget(path)
                drained += 1
            return drained

    def usage(self) -> int:
        """Return the bytes of the records that wait, at most a second old."""
        with self._lock:
            return self._usage()

    def is_full(self) -> bool:
        """Say whether dialing must stop: nine tenths of the quota are used, the rest is for calls that are up.

        So it is when the disk itself has no room. Raises OSError when nobody can say.
        """
        if self.usage() >= self.quota_bytes * 0.9:
            return True
        return shutil.disk_usage(self.folder).free < LEAST_FREE_BYTES

    def _usage(self) -> int:
        if time.monotonic() - self._counted_at >= COUNT_S:
            self._bytes = sum(_size(entry) for entry in os.scandir(self.folder) if RECORD.fullmatch(entry.name))
            self._counted_at = time.monotonic()
        return self._bytes

    def _names(self) -> list[str]:
        return [name for name in os.listdir(self.folder) if RECORD.fullmatch(name)]

    def _forget(self, path: Path) -> None:
        with self._lock:
            self._bytes -= path.stat().st_size
        path.unlink()

    def _set_aside(self, path: Path, reason: str) -> None:
        folder = self.folder / SET_ASIDE
        folder.mkdir(mode=0o700, exist_ok=True)
        path.rename(folder / path.name)
        logger.error("spooled record set aside", extra={"record": str(folder / path.name), "reason": reason})

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the folder's drain lock; it goes with the process, however that ends."""
        with open(self.folder / ".drain.lock", "ab", opener=_private) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:  # drained meanwhile
        return 0


def _read(path: Path) -> dict[str, Any]:
    try:
        payload = json.loads(path.read_bytes())
    except ValueError as error:
        raise RecordRejected(f"the record is damaged: {error}") from error
    if not isinstance(payload, dict):
        raise RecordRejected("the record is damaged: it is no object")
    return payload


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
