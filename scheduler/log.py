"""Log lines of the scheduler: JSON, one line each, on stderr."""

import json
import logging
import sys
from datetime import UTC, datetime

ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)
OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
QUIET = ("apscheduler", "psycopg.pool")
"""Libraries whose every step would drown our own lines."""


class JsonLines(logging.Formatter):
    """The sentence is constant; what varies stands in `extra` and becomes fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in OWN_FIELDS},
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return ENCODER.encode(line)


def set_up(level: str) -> None:
    """Send every logger to stderr. On which thread and in which process is not written, so it isn't found out."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
