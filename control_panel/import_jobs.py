"""Imports run in processes of their own: a file of a million rows holds neither a request nor the other pages."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from psycopg import Error as PostgresError
from psycopg_pool import ConnectionPool, PoolTimeout

from db import imports
from db.imports import ContactImport, ImportState

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parents[1]
AT_ONCE = 2
TELL_S = 5.0
"""How often an import that waits for a free place is kept alive."""
QUICK_S = 2.0
"""Most files are done by then, and their uploader sees the report at once."""
LOOK_S = 0.05
DIED = "an import's process died and left nothing behind"
AWAY = "an import's end could not be recorded"

Work = Mapping[str, Any]
"""What control_panel.import_worker is told, see there."""


class ImportJobs:
    """The imports this panel has started. They end with it, and leave nothing behind then."""

    def __init__(self, pool: ConnectionPool, database_url: str) -> None:
        self._pool, self._database_url = pool, database_url
        self._places = threading.Semaphore(AT_ONCE)

    def give_up_abandoned(self) -> None:
        """Record the failure of imports whose process is gone, a panel's that was killed among them."""
        try:
            with self._pool.connection() as conn:
                imports.fail_abandoned(conn)
        except (PostgresError, PoolTimeout):
            logger.exception(AWAY)

    def start(self, import_id: int, work: Work, on_end: Callable[[], None] = lambda: None) -> None:
        """Run an import that was announced and committed; on_end is called however it ends. Waits a moment for it."""
        thread = threading.Thread(target=self._run, args=(import_id, work, on_end), name="import", daemon=True)
        thread.start()
        deadline = time.monotonic() + QUICK_S
        while thread.is_alive() and time.monotonic() < deadline:
            thread.join(LOOK_S)

    def _run(self, import_id: int, work: Work, on_end: Callable[[], None]) -> None:
        try:
            while not self._places.acquire(timeout=TELL_S):
                with self._pool.connection() as conn:
                    imports.keep_waiting(conn, import_id)
            try:
                self._work({**work, "import_id": import_id, "database_url": self._database_url})
            finally:
                self._places.release()
            with self._pool.connection() as conn:
                if imports.record_failure(conn, import_id, imports.DIED):
                    logger.error(DIED, extra={"import_id": import_id})
        except (PostgresError, PoolTimeout):  # it is found out when the panel starts again
            logger.exception(AWAY, extra={"import_id": import_id})
        finally:
            on_end()

    def _work(self, work: Work) -> None:
        """Run the worker to its end. Its standard input stays open as long as this process lives, and no longer."""
        command = [sys.executable, "-m", "control_panel.import_worker"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE) as process:  # noqa: S603 - ours
            assert process.stdin is not None
            process.stdin.write(json.dumps(work).encode() + b"\n")
            process.stdin.flush()
            process.wait()


def unreadable() -> str:
    """Return what to do about a file that can't be read."""
    return _("This file can't be read. Save it as CSV (UTF-8) or XLSX, with the column names in its first row.")


def why(found: ContactImport) -> str:
    """Return why an import ended without contacts, as the user should read it."""
    if found.state is ImportState.CANCELLED:
        return _("This import was cancelled. Nothing was imported.")
    match (found.error or "").split(":")[0]:
        case "InvalidContactFile":
            return unreadable()
        case "IllegalMove":
            return _("Nothing was imported: the campaign takes no contacts any more.")
        case "OperationalError" | "AdminShutdown":
            return _("The database was away. Nothing was imported; try again.")
        case imports.DIED:
            return _("The import was interrupted. Nothing was imported; try again.")
        case _other:
            return _("Something went wrong on our side. Nothing was imported; it has been logged.")
