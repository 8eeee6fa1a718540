"""The spool with bounded waits and memory: what a full, broken or stalled disk can't take is held for PostgreSQL."""

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from db.errors import RecordRejected, RecordStuck, SpoolFull
from db.spool import Spool

logger = logging.getLogger(__name__)

MOST_HELD = 10_000
"""Records, of about half a kilobyte each; dialing has stopped long before, so they come from calls that were up."""
DISK_WAIT_S = 1.0
"""So long a call waits for the disk, once: whoever comes while a write takes longer does not wait at all."""
WRITERS = 8
"""Writes at the same time: a disk that syncs for one syncs for all."""

HELD = "the spool takes no more, a result is held in memory"
STALLED = "the spool's disk does not answer in time"
REJECTED = "a held result could not be applied and is dropped"


@dataclass(slots=True)
class _Entry:
    """One record on its way. since: when its write was asked for, on the clock. is_applied: it needs no disk."""

    kind: str
    payload: dict[str, Any]
    since: float
    written: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    is_applied: bool = False


class Overflow:
    """Thread-safe. What is held goes with the process; the scheduler's second witness still knows how calls ended."""

    def __init__(
        self,
        spool: Spool,
        most: int = MOST_HELD,
        wait_s: float = DISK_WAIT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool, self._most, self._wait_s, self._clock = spool, most, wait_s, clock
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._held: dict[int, _Entry] = {}
        """In the order in which they came; those that the disk may still take are among `_awaited`, too."""
        self._awaited: dict[int, _Entry] = {}
        """What was given to the writers and is not on the disk."""
        self._work: queue.SimpleQueue[tuple[int, _Entry]] = queue.SimpleQueue()
        for number in range(WRITERS):
            threading.Thread(target=self._write_on, name=f"spool-writer-{number}", daemon=True).start()

    def write(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Store one record: on disk, else in memory. Raises SpoolFull when neither has room.

        Returns within wait_s. A disk that goes on later takes what it was given, and memory lets go of it.
        """
        entry = _Entry(kind, dict(payload), self._clock())
        with self._lock:
            number = next(self._numbers)
            is_stalled = self._is_stalled()
            if not is_stalled:
                self._awaited[number] = entry
        if is_stalled:
            return self._hold(number, entry, STALLED)
        self._work.put((number, entry))
        if not entry.written.wait(self._wait_s):
            return self._hold(number, entry, STALLED)
        if entry.error and not isinstance(entry.error, SpoolFull | OSError):
            raise entry.error
        return self._hold(number, entry, str(entry.error)) if entry.error else None

    def _is_stalled(self) -> bool:
        oldest = next(iter(self._awaited.values()), None)
        return oldest is not None and self._clock() - oldest.since >= self._wait_s

    def _hold(self, number: int, entry: _Entry, reason: str) -> None:
        with self._lock:
            if entry.written.is_set() and entry.error is None:
                return  # the disk took it at the last moment
            if len(self._held) >= self._most:
                raise SpoolFull(f"{self._most} results are held in memory already")
            self._held[number] = entry
        known = {"attempt_id": entry.payload["attempt_id"], "kind": entry.kind, "reason": reason}
        logger.warning(HELD, extra=known)

    def _write_on(self) -> None:
        while True:
            number, entry = self._work.get()
            try:
                if not entry.is_applied:
                    self._spool.write(entry.kind, entry.payload)
            except Exception as error:  # noqa: BLE001 - whoever asked for it hears of it
                entry.error = error
            with self._lock:
                self._awaited.pop(number, None)
                if entry.error is None:
                    self._held.pop(number, None)
                entry.written.set()

    def drain(self, apply: Callable[[str, dict[str, Any]], None]) -> int:
        """Apply what is held, then what is on disk; return how many. Raises what `apply` does of no record's own.

        Facts may come in any order, and twice: a stalled disk may take what PostgreSQL has by then. Memory goes first:
        whoever sees an empty folder may believe that nothing waits.
        """
        stuck: set[int] = set()
        drained = self._drain_held(apply, stuck) + self._spool.drain(apply)
        for number in stuck:
            self._put_down(number)
        return drained

    def _put_down(self, number: int) -> None:
        """Give the disk what is held and stuck: memory is no place to keep it. What that refuses stays for the next."""
        with self._lock:
            entry = self._held.get(number) if number not in self._awaited else None
        if entry is None:
            return  # the disk took it meanwhile, or still may
        try:
            self._spool.write(entry.kind, entry.payload)
        except (SpoolFull, OSError):
            return
        with self._lock:
            self._held.pop(number, None)

    def _drain_held(self, apply: Callable[[str, dict[str, Any]], None], stuck: set[int]) -> int:
        """Apply what is held, but for what is stuck: that stays, and its number is put into `stuck`."""
        drained = 0
        while held := self._oldest_held(stuck):
            number, entry = held
            try:
                apply(entry.kind, entry.payload)
                drained += 1
            except RecordStuck:
                stuck.add(number)
                continue
            except RecordRejected as error:
                logger.error(  # noqa: TRY400 - expected, no traceback
                    REJECTED, extra={"record": entry.payload, "kind": entry.kind, "reason": str(error)}
                )
            with self._lock:
                entry.is_applied = True
                self._held.pop(number, None)
        return drained

    def _oldest_held(self, stuck: Set[int]) -> tuple[int, _Entry] | None:
        with self._lock:
            return next((held for held in self._held.items() if held[0] not in stuck), None)

    def kept(self) -> int:
        """Return how many records the disk keeps until something stored is mended."""
        return self._spool.kept()

    def has_due(self) -> bool:
        """Whether a drain has something to try."""
        return self.usage() > 0 or self._spool.has_due()

    def usage(self) -> int:
        """Return the bytes on disk plus the records in memory or on their way: 0 when nothing waits."""
        with self._lock:
            in_memory = len(self._held.keys() | self._awaited.keys())
        return self._spool.usage() + in_memory

    def is_full(self) -> bool:
        """Say whether dialing must stop: results are held in memory, or soon will be. Raises OSError."""
        with self._lock:
            if self._held or self._is_stalled():
                return True
        return self._spool.is_full()
