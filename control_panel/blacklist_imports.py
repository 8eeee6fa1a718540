"""Numbers for a blacklist from a file: the same steps, reader and report as for contacts."""

from dataclasses import asdict
from itertools import islice

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel import uploads
from control_panel.access import needs
from control_panel.blacklist_forms import DEFAULT_COUNTRY
from control_panel.blacklists import list_or_404
from control_panel.context import panel
from control_panel.database import connection
from control_panel.file_steps import PREVIEW_ROWS, chosen_column, receive_file
from control_panel.labels import label
from db import imports
from db.blacklist import BlacklistReason
from db.blacklist_import import EntryMapping
from db.users import UserRole as Role
from dialer.contact_file import read_rows
from dialer.contact_import import PHONE_NAMES, find_column

blueprint = Blueprint("blacklist_imports", __name__, url_prefix="/blacklist/lists/<int:blacklist_id>/imports")

REASON_NAMES = ("reason", "причина")
NOTE_NAMES = ("note", "comment", "примечание", "комментарий")
UNTIL_NAMES = ("expires_at", "expires", "until", "до", "истекает")
FIELDS = ("phone", "reason", "note", "expires_at")


@blueprint.get("/new")
@needs(Role.MANAGER)
def upload(blacklist_id: int) -> str:
    """Ask for the file."""
    limit_mb = panel().settings.upload_limit_mb
    return render_template("blacklist/upload.html", found=list_or_404(blacklist_id), limit_mb=limit_mb)


@blueprint.post("/new")
@needs(Role.MANAGER)
def receive(blacklist_id: int) -> Response | tuple[str, int]:
    """Keep the file and go on to its preview, or say why it can't be read."""
    found, stored = list_or_404(blacklist_id), receive_file()
    if isinstance(stored, uploads.Upload):
        return redirect(url_for("blacklist_imports.preview", blacklist_id=found.id, token=stored.token))
    limit_mb = panel().settings.upload_limit_mb
    return render_template("blacklist/upload.html", found=found, limit_mb=limit_mb, error=stored), 400


def _gone(blacklist_id: int) -> Response:
    flash(_("This upload is gone: it was imported, or it is older than a day. Upload the file again."), "error")
    return redirect(url_for("blacklist_imports.upload", blacklist_id=blacklist_id))


@blueprint.get("/preview/<token>")
@needs(Role.MANAGER)
def preview(blacklist_id: int, token: str) -> str | Response:
    """Show the first rows under the guessed columns, to be corrected."""
    found, stored = list_or_404(blacklist_id), uploads.find(token, current_user.id)
    if stored is None:
        return _gone(blacklist_id)
    table = read_rows(stored.path.read_bytes(), stored.name)
    names = [column.strip().lower() for column in table.columns]
    phone = find_column(names, PHONE_NAMES, set()) or 0
    guessed = {"phone": phone}
    for field, words in zip(FIELDS[1:], (REASON_NAMES, NOTE_NAMES, UNTIL_NAMES), strict=True):
        place = find_column(names, words, set(guessed.values()))
        if place is not None:
            guessed[field] = place
    return render_template(
        "blacklist/preview.html",
        found=found,
        upload=stored,
        columns=table.columns,
        guessed=guessed,
        reasons=list(BlacklistReason),
        rows=list(islice(table.rows, PREVIEW_ROWS)),
        total=table.total,
    )


@blueprint.post("/preview/<token>")
@needs(Role.MANAGER)
def start(blacklist_id: int, token: str) -> Response:
    """Import with the chosen columns."""
    list_or_404(blacklist_id)
    stored = uploads.find(token, current_user.id)
    if stored is None:
        return _gone(blacklist_id)
    table = read_rows(stored.path.read_bytes(), stored.name)
    phone, reason_at, note_at, until_at = (chosen_column(field, len(table.columns)) for field in FIELDS)
    chosen = [place for place in (phone, reason_at, note_at, until_at) if place is not None]
    reason = request.form.get("default_reason", "")
    if phone is None or len(set(chosen)) != len(chosen) or reason not in list(BlacklistReason):
        flash(_("Choose the column with the phone number, and each column for one thing only."), "error")
        return redirect(url_for("blacklist_imports.preview", blacklist_id=blacklist_id, token=token))
    if not uploads.take(stored):  # a second click on the button
        return redirect(url_for("blacklists.show", blacklist_id=blacklist_id))
    import_id = imports.start_entries(connection(), blacklist_id, stored.name, table.total, current_user.id)
    connection().commit()  # its process must see it
    words = {str(label(one)).lower(): str(one) for one in BlacklistReason}
    mapping = EntryMapping(phone, reason_at, note_at, until_at, BlacklistReason(reason), DEFAULT_COUNTRY, words)
    file = {"path": str(stored.path.absolute()), "name": stored.name, "entry_mapping": asdict(mapping)}
    panel().imports.start(import_id, {"file": file}, lambda: uploads.forget(stored))
    return redirect(url_for("import_reports.show", import_id=import_id))
