"""The spool with bounded memory behind it: what a full or broken disk can't take waits there for PostgreSQL."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from db.errors import RecordRejected, SpoolFull
from db.spool import Spool

logger = logging.getLogger(__name__)

MOST_HELD = 10_000
"""Records, of about half a kilobyte each; dialing has stopped long before, so they come from calls that were up."""

HELD = "the spool takes no more, a result is held in memory"
REJECTED = "a held result could not be applied and is dropped"


class Overflow:
    """Thread-safe. What is held goes with the process; the scheduler's second witness still knows how calls ended."""

    def __init__(self, spool: Spool, most: int = MOST_HELD) -> None:
        self._spool, self._most = spool, most
        self._lock = threading.Lock()
        self._held: deque[tuple[str, dict[str, Any]]] = deque()

    def write(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Store one record: on disk, else in memory. Raises SpoolFull when neither has room."""
        try:
            self._spool.write(kind, payload)
        except (SpoolFull, OSError) as error:
            with self._lock:
                if len(self._held) >= self._most:
                    raise SpoolFull(f"{self._most} results are held in memory already") from error
                self._held.append((kind, dict(payload)))
            logger.warning(HELD, extra={"attempt_id": payload["attempt_id"], "kind": kind, "reason": str(error)})

    def drain(self, apply: Callable[[str, dict[str, Any]], None]) -> int:
        """Apply what is held, then what is on disk; return how many. Raises what `apply` does, but RecordRejected.

        Facts may come in any order. Memory goes first: whoever sees an empty folder may believe that nothing waits.
        """
        return self._drain_held(apply) + self._spool.drain(apply)

    def _drain_held(self, apply: Callable[[str, dict[str, Any]], None]) -> int:
        drained = 0
        while self._held:
            kind, payload = self._held[0]
            try:
                apply(kind, payload)
                drained += 1
            except RecordRejected as error:
                logger.error(REJECTED, extra={"record": payload, "kind": kind, "reason": str(error)})  # noqa: TRY400
            self._held.popleft()  # one thread drains, and the others add at the far end
        return drained

    def usage(self) -> int:
        """Return the bytes on disk plus the records in memory: 0 when nothing waits."""
        return self._spool.usage() + len(self._held)

    def is_full(self) -> bool:
        """Say whether dialing must stop: results are held in memory, or soon will be. Raises OSError."""
        return bool(self._held) or self._spool.is_full()
