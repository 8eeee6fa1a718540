"""Log lines of the call scripts: JSON, one line each, written to the switch's own log."""

import json
import logging

from fs_scripts.channel import write_log

LEVELS = ((logging.CRITICAL, "crit"), (logging.ERROR, "err"), (logging.WARNING, "warning"), (logging.INFO, "info"))
ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)
OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class SwitchLog(logging.Handler):
    """Hands records to the switch. The log sentence is constant; what varies stands in `extra`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            write_log(_level(record.levelno), _line(record))
        except Exception:  # noqa: BLE001 - a log line must never end a call
            self.handleError(record)


def _level(number: int) -> str:
    return next((name for least, name in LEVELS if number >= least), "debug")


def _line(record: logging.LogRecord) -> str:
    fields = {name: value for name, value in vars(record).items() if name not in OWN_FIELDS}
    line = {"logger": record.name, "event": record.getMessage(), **fields}
    if record.exc_info:
        line["error"] = logging.Formatter().formatException(record.exc_info)
    return ENCODER.encode(line)


def set_up(level: str) -> None:
    """Send every logger of this interpreter to the switch's log, once.

    On which thread and in which process is not written, so it isn't found out either.
    """
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    if not any(isinstance(handler, SwitchLog) for handler in root.handlers):
        root.addHandler(SwitchLog())
    root.setLevel(level)
