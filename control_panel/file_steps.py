"""What imports of contacts and of listed numbers share: the file that comes in, and the columns chosen."""

from itertools import islice

from flask import request
from flask_babel import gettext as _
from flask_login import current_user

from control_panel import uploads, workbooks
from control_panel.import_jobs import unreadable
from dialer.contact_file import read_rows
from dialer.errors import InvalidContactFile

PREVIEW_ROWS = 8


def receive_file() -> uploads.Upload | str:
    """Keep the file of the request, a workbook as CSV; return why not, for the user, when it can't be read."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _("Choose a file first.")
    stored = uploads.store(file, current_user.id)
    why = _fault(stored)
    if why is None:
        return stored
    uploads.forget(stored)
    return why


def _fault(stored: uploads.Upload) -> str | None:
    try:
        workbooks.to_csv(stored.path, stored.name)
        rows = list(islice(read_rows(stored.path.read_bytes(), stored.name).rows, PREVIEW_ROWS))
    except workbooks.HeavyWorkbook:
        return _("This workbook is too big to open. Save the sheet with the contacts as CSV (UTF-8).")
    except InvalidContactFile:
        return unreadable()
    return None if rows else _("There are no rows in this file.")


def chosen_column(name: str, count: int) -> int | None:
    """Return the place of the column that the form's field names, None for no column or none of `count`."""
    text = request.form.get(name, "")
    return int(text) if text.isdigit() and int(text) < count else None
