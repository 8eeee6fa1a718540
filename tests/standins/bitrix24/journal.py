"""The journal of everything the portal was asked: JSON lines, one a request."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any


class Journal:
    """Appends to a file, a whole line at a time; keeps the lines for tests."""

    def __init__(self, path: Path | None) -> None:
        self.lines: list[dict[str, Any]] = []
        self._lock = Lock()
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1) if path else None

    def write(
        self,
        method: str,
        parameters: Mapping[str, Any],
        *,
        result: Any = None,
        error: str | None = None,
        status: int | None = 200,
        fault: str | None = None,
    ) -> None:
        """Write one line. result: the item's id when something was made. status: None when no answer was sent."""
        fields = parameters.get("fields")
        line = {
            "at": time.time(),
            "method": method,
            "fields": fields if isinstance(fields, Mapping) else {},
            "filter": parameters.get("filter"),
            "result": result,
            "error": error,
            "status": status,
            "fault": fault,
        }
        with self._lock:
            self.lines.append(line)
            if self._file:
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None
