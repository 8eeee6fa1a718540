"""Results kept on the switch's disk while PostgreSQL is away: one fsynced file per record, drained in order."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


class Spool:
    """A folder of `<sortable time>-<kind>-<attempt id>.json` files."""

    def __init__(self, folder: Path, quota_bytes: int) -> None:
        raise NotImplementedError

    def write(self, kind: str, payload: Mapping[str, Any]) -> Path:
        """Store one record durably; `payload` holds JSON values and 'attempt_id'. Raises SpoolFull."""
        raise NotImplementedError

    def drain(self, apply: Callable[[str, dict[str, Any]], None]) -> int:
        """Apply records in the order they were written, removing each; return how many. One drainer at a time.

        An exception of `apply` other than RecordRejected stops the drain and is raised; its record stays.
        """
        raise NotImplementedError

    def usage(self) -> int:
        """Return the bytes of the records that wait."""
        raise NotImplementedError
