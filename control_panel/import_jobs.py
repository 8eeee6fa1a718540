"""Imports that run beside the requests, one after another, with their progress to be asked for."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from flask_babel import gettext as _
from psycopg import Error as PostgresError
from psycopg_pool import ConnectionPool, PoolTimeout

from control_panel import uploads
from control_panel.uploads import Upload
from db import audit, imports
from db.errors import NotFound
from dialer.contact_file import read_rows
from dialer.contact_import import ColumnMapping
from dialer.errors import IllegalMove, InvalidContactFile

logger = logging.getLogger(__name__)

MAX_KEPT = 100
QUICK_S = 2.0
"""Most files are done by then, and their uploader sees the report at once."""

FAILED = "an import failed and left nothing behind"


@dataclass(slots=True)
class ImportJob:
    """One import. done / total: rows. import_id: of the report, once there is one. error: see `sentence`."""

    campaign_id: int
    user_id: int
    file_name: str
    done: int = 0
    total: int = 0
    import_id: int | None = None
    error: str | None = None
    finished: threading.Event = field(default_factory=threading.Event)


class ImportJobs:
    """The process's imports: a file of a million rows holds neither a request nor the other pages."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")
        self._jobs: dict[str, ImportJob] = {}

    def find(self, token: str, user_id: int) -> ImportJob | None:
        """Return this user's job, or None when there is none (any more)."""
        job = self._jobs.get(token)
        return job if job and job.user_id == user_id else None

    def start(self, upload: Upload, campaign_id: int, user_id: int, mapping: ColumnMapping) -> ImportJob:
        """Start importing, once per upload however often it is asked for, and wait a moment for the result."""
        job = self.find(upload.token, user_id)
        if job is None or job.error is not None:
            job = ImportJob(campaign_id, user_id, upload.name)
            self._jobs[upload.token] = job
            while len(self._jobs) > MAX_KEPT:
                self._jobs.pop(next(iter(self._jobs)))
            self._worker.submit(self._run, job, upload, mapping)
        job.finished.wait(QUICK_S)
        return job

    def _run(self, job: ImportJob, upload: Upload, mapping: ColumnMapping) -> None:
        try:
            self._import(job, upload, mapping)
        except InvalidContactFile:
            job.error = "file"
        except (IllegalMove, NotFound):
            job.error = "state"
        except (PostgresError, PoolTimeout, OSError):
            logger.exception(FAILED)
            job.error = "storage"
        except Exception:
            logger.exception(FAILED)
            job.error = "bug"
        finally:
            job.finished.set()

    def _import(self, job: ImportJob, upload: Upload, mapping: ColumnMapping) -> None:
        table = read_rows(upload.path.read_bytes(), upload.name)
        job.total = table.total

        def advance(done: int) -> None:
            job.done = done

        with self._pool.connection() as conn:
            report = imports.import_contacts(conn, job.campaign_id, table, mapping, upload.name, advance)
            details = {"file": upload.name, "accepted": report.accepted, "rows": report.rows_total}
            audit.record(conn, job.user_id, "contacts.imported", "campaign", str(job.campaign_id), details)
        job.done = report.rows_total
        job.import_id = report.import_id
        uploads.forget(upload)


def unreadable() -> str:
    """Return what to do about a file that can't be read."""
    return _("This file can't be read. Save it as CSV (UTF-8) or XLSX, with the column names in its first row.")


def sentence(error: str) -> str:
    """Return a job's error as the user should read it."""
    match error:
        case "file":
            return unreadable()
        case "state":
            return _("Nothing was imported: the campaign takes no contacts any more.")
        case "storage":
            return _("The database was away. Nothing was imported; try again.")
        case _other:
            return _("Something went wrong on our side. Nothing was imported; it has been logged.")
