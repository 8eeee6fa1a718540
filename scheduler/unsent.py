"""Remembers on disk which calls are marked, or about to be, and surely not sent: a killed scheduler's successor knows.

Written to the page cache and not synced: that survives the death of the process, not the machine's. After the machine
was restarted nothing in a file counts, since a call may have been sent whose entry had not reached the disk.
"""

import fcntl
import logging
import os
import re
import uuid
from collections.abc import Iterable
from pathlib import Path

logger = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
ENTRY = re.compile(r"([+-])([0-9a-f-]{36})")
"""`+` an attempt that is not sent, `-` the same that is from now on, or is undone. A line break comes before each, so
that what a full disk cut short spoils no other."""
LARGE_BYTES = 64 * 1024

NOT_KEPT = "that a call is not sent could not be remembered on disk"


class Unsent:
    """A file of its own for each scheduler of this machine, locked while it lives. One thread uses it.

    left: what schedulers that are dead had marked, or were about to, and never sent; `end` it when it is undone.
    """

    def __init__(self, folder: Path, boot_id: str = "") -> None:
        self._boot_id = boot_id or BOOT_ID.read_text(encoding="ascii").strip()
        self._ids: set[str] = set()
        self._size = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file, *others = _free_files(folder)
        for file in (self._file, *others):
            self._ids |= self._read(file)
        self._write_anew()
        for file in others:  # now that they are ours
            os.ftruncate(file, 0)
            os.close(file)
        self.left = sorted(self._ids)

    def begin(self, attempt_id: str) -> None:
        """Note that it is not sent; it may be marked now. A disk that fails is logged: then a successor won't know."""
        if attempt_id in self._ids:
            return
        try:
            self._append("+", [attempt_id])
            self._ids.add(attempt_id)
        except OSError as error:
            logger.warning(NOT_KEPT, extra={"attempt_id": attempt_id, "reason": str(error)})

    def end(self, attempt_ids: Iterable[str]) -> None:
        """Note that these are being sent, or are undone. Raises OSError: then they must not be sent."""
        ours = self._ids.intersection(attempt_ids)
        if ours:
            self._append("-", ours)
            self._ids -= ours
        if self._size > LARGE_BYTES:
            self._write_anew()

    def close(self) -> None:
        """Leave the file to another scheduler."""
        os.close(self._file)

    def _append(self, sign: str, attempt_ids: Iterable[str]) -> None:
        data = "".join(f"\n{sign}{attempt_id}" for attempt_id in attempt_ids).encode()
        if os.write(self._file, data) < len(data):
            raise OSError("the disk took only a part of it")
        self._size += len(data)

    def _write_anew(self) -> None:
        os.ftruncate(self._file, 0)
        self._size = os.write(self._file, self._boot_id.encode())
        self._append("+", self._ids)

    def _read(self, file: int) -> set[str]:
        boot_id, *lines = os.pread(file, os.fstat(file).st_size, 0).decode("ascii", "replace").split("\n")
        unsent: set[str] = set()
        for entry in map(ENTRY.fullmatch, lines if boot_id == self._boot_id else ()):
            if entry is not None:
                (unsent.add if entry[1] == "+" else unsent.discard)(entry[2])
        return unsent


def _free_files(folder: Path) -> list[int]:
    """Open those of dead schedulers; a new one when there is none."""
    found = [file for path in sorted(folder.glob("unsent-*")) if (file := _locked(path)) is not None]
    while not found:
        new = _locked(folder / f"unsent-{uuid.uuid4()}")
        found += [] if new is None else [new]
    return found


def _locked(path: Path) -> int | None:
    """Open and lock it; None: its scheduler lives. The lock goes with the process, whatever ends it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file
