"""`python -m control_panel.import_worker` runs one import; it is told which by a line of JSON on standard input.

The line holds database_url, import_id, and `file`: path, name, and the mapping of contacts or of entries; or `fill`:
true, when contacts of other campaigns are taken. When its standard input ends, the panel that started it is gone: then
it goes too, and PostgreSQL drops what it had not finished.
"""

import json
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg

from db.blacklist_import import EntryMapping, EntryRun
from db.contact_fill import FillJob
from db.contact_import import ContactRun
from db.imports import record_failure
from db.pool import connection_options
from dialer.contact_file import read_rows
from dialer.contact_import import ColumnMapping
from dialer.errors import DialerError

logger = logging.getLogger(__name__)

STATEMENT_LIMIT_MS = 600_000
FAILED = "an import failed and left nothing behind"


def main() -> int:
    """Run the import; its end, also a bad one, is on record."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    work = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    options = connection_options("import", STATEMENT_LIMIT_MS)
    with (
        psycopg.connect(work["database_url"], autocommit=True, **options) as conn,
        psycopg.connect(work["database_url"], autocommit=True, **options) as aside,
    ):
        try:
            _import(conn, aside, work)
        except DialerError:
            return 0
        except Exception as error:
            logger.exception(FAILED, extra={"import_id": work["import_id"]})
            record_failure(aside, work["import_id"], f"{type(error).__name__}: {error}")
            return 1
    return 0


def _import(conn: psycopg.Connection, aside: psycopg.Connection, work: dict[str, Any]) -> None:
    if work.get("fill"):
        FillJob(conn, aside, work["import_id"]).carry_out()
        return
    file = work["file"]
    try:
        table = read_rows(Path(file["path"]).read_bytes(), file["name"])
    except DialerError as error:
        record_failure(aside, work["import_id"], f"{type(error).__name__}: {error}")
        raise
    if "mapping" in file:
        ContactRun(conn, aside, work["import_id"], ColumnMapping(**file["mapping"])).all_of(table)
    else:
        EntryRun(conn, aside, work["import_id"], EntryMapping(**file["entry_mapping"])).all_of(table)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not its buffer, whose lock would be in the way of an orderly end
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
