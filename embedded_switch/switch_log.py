"""Log lines in FreeSWITCH's form, so that whoever reads one switch's log can read the other's."""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

NOTICE = 25
ALERT = 60

NAMES = {
    logging.DEBUG: "DEBUG",
    logging.INFO: "INFO",
    NOTICE: "NOTICE",
    logging.WARNING: "WARNING",
    logging.ERROR: "ERR",
    logging.CRITICAL: "CRIT",
    ALERT: "ALERT",
}
# What consoleLog and the log application accept; FreeSWITCH falls back to DEBUG for anything else.
LEVELS = {
    "console": logging.CRITICAL,
    "alert": ALERT,
    "crit": logging.CRITICAL,
    "err": logging.ERROR,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "notice": NOTICE,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}

log = logging.getLogger("embedded_switch")


def level_of(name: str | None) -> int:
    """Return the level a script names; unknown names are DEBUG."""
    return LEVELS.get((name or "").lower(), logging.DEBUG)


class SwitchFormatter(logging.Formatter):
    """`[uuid ]2026-11-21 03:56:20.184713 99.00% [NOTICE] module.py:17 text`; the uuid begins every line of a text."""

    def format(self, record: logging.LogRecord) -> str:
        """Spell one record."""
        when = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        level = NAMES.get(record.levelno, record.levelname)
        text = record.getMessage().rstrip("\n")
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        line = f"{when} 100.00% [{level}] {record.filename}:{record.lineno} {text}"
        uuid = getattr(record, "uuid", None)
        return "\n".join(f"{uuid} {part}" for part in line.split("\n")) if uuid else line


def about(uuid: str) -> dict[str, str]:
    """Return the `extra` that puts a channel's uuid in front of a line."""
    return {"uuid": uuid}


def start_logging(path: Path | None, level: int = logging.DEBUG) -> None:
    """Log to stderr and, when a path is given, append to that file too."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(path, encoding="utf-8"))
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(SwitchFormatter())
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    log.setLevel(level)
