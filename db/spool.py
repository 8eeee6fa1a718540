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

from db.errors import RecordRejected, RecordStuck, SpoolFull

logger = logging.getLogger(__name__)

RECORD = re.compile(r"(\d{20})-([a-z_]+)-([0-9a-f-]{36})\.json")
SET_ASIDE = "rejected"
"""Folder of the records that could not be applied; a person looks at them."""
KEPT = "kept"
"""Folder of the records that can't be applied before something stored is mended; nothing behind them waits for them."""
KEPT_AGAIN_S = 30.0
"""They are tried again so often."""
LEFTOVER_S = 60.0
"""A file that is still being written after this long was left by a crash; its record never counted as stored."""
LEAST_FREE_BYTES = 64 * 1024 * 1024
"""A disk with less than this left may not take what the hooks have to write down."""
KEPT_NEWS = "spooled records are kept: something stored has to be mended before they can be applied"
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
        self._last = max((int(path.name[:20]) for path in (*self._paths(), *self._kept_paths())), default=0)
        self._bytes = self._kept_bytes = self._kept = 0
        self._kept_again_at = float("-inf")
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
            if self._usage() + self._kept_bytes + len(data) > self.quota_bytes:
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
        is set aside; one for which it raises RecordStuck is kept beside the others and tried again now and then. Any
        other exception of `apply` stops the drain and is raised, and its record stays.
        """
        with self._alone() as is_alone:
            if not is_alone:
                return 0
            drained, stuck = 0, list[str]()
            for path in self._due():
                try:
                    apply(path.name.split("-", 2)[1], _read(path))
                except RecordRejected as error:
                    self._set_aside(path, str(error))
                    continue
                except RecordStuck as error:
                    self._move(path, KEPT)
                    stuck.append(f"{path.name}: {error}")
                    continue
                self._forget(path)
                drained += 1
            if stuck:
                known = {"count": len(stuck), "folder": str(self.folder / KEPT), "first": stuck[0]}
                logger.error(KEPT_NEWS, extra=known)
            return drained

    def usage(self) -> int:
        """Return the bytes of the records that wait, at most a second old; without those that are kept."""
        with self._lock:
            return self._usage()

    def kept(self) -> int:
        """Return how many records are kept until something stored is mended, at most a second old."""
        with self._lock:
            self._usage()
            return self._kept

    def has_due(self) -> bool:
        """Whether a drain has something to try."""
        return self.usage() > 0 or (self.kept() > 0 and time.monotonic() >= self._kept_again_at)

    def is_full(self) -> bool:
        """Say whether dialing must stop: nine tenths of the quota are used, the rest is for calls that are up.

        So it is when the disk itself has no room. Raises OSError when nobody can say.
        """
        if self.usage() + self._kept_bytes >= self.quota_bytes * 0.9:
            return True
        return shutil.disk_usage(self.folder).free < LEAST_FREE_BYTES

    def _usage(self) -> int:
        if time.monotonic() - self._counted_at >= COUNT_S:
            self._bytes = sum(map(_size, self._paths()))
            kept = self._kept_paths()
            self._kept, self._kept_bytes = len(kept), sum(map(_size, kept))
            self._counted_at = time.monotonic()
        return self._bytes

    def _paths(self) -> list[Path]:
        return [self.folder / name for name in os.listdir(self.folder) if RECORD.fullmatch(name)]

    def _kept_paths(self) -> list[Path]:
        try:
            return [self.folder / KEPT / name for name in os.listdir(self.folder / KEPT)]
        except FileNotFoundError:  # none was kept yet
            return []

    def _due(self) -> list[Path]:
        """Return what is to be tried, oldest first; those that are kept now and then."""
        found = self._paths()
        if time.monotonic() >= self._kept_again_at:
            found += self._kept_paths()
            self._kept_again_at = time.monotonic() + KEPT_AGAIN_S
        return sorted(found, key=lambda path: path.name)

    def _forget(self, path: Path) -> None:
        self._discount(path)
        path.unlink()

    def _discount(self, path: Path) -> None:
        """Count a record no more, before it goes."""
        size = _size(path)
        with self._lock:
            if path.parent == self.folder:
                self._bytes = max(0, self._bytes - size)
            else:
                self._kept, self._kept_bytes = max(0, self._kept - 1), max(0, self._kept_bytes - size)

    def _move(self, path: Path, name: str) -> Path:
        """Move a record into one of the folders in here."""
        folder = self.folder / name
        if path.parent == folder:
            return path
        folder.mkdir(mode=0o700, exist_ok=True)
        if name == KEPT:  # first: whoever sees nothing that waits sees what is kept
            with self._lock:
                self._kept, self._kept_bytes = self._kept + 1, self._kept_bytes + _size(path)
        self._discount(path)
        return path.rename(folder / path.name)

    def _set_aside(self, path: Path, reason: str) -> None:
        moved = self._move(path, SET_ASIDE)
        logger.error("spooled record set aside", extra={"record": str(moved), "reason": reason})

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


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
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
