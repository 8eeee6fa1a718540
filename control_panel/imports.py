"""Contacts from a file in two steps: upload and look at its first rows, then import and read the report."""

from dataclasses import asdict, fields
from itertools import islice
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from control_panel import uploads, workbooks
from control_panel.access import needs
from control_panel.campaigns import campaign_or_404
from control_panel.context import panel
from control_panel.csv_files import csv_response
from control_panel.database import connection, streamed
from control_panel.formats import number, seconds
from control_panel.import_jobs import unreadable, why
from control_panel.labels import label
from db import audit, imports
from db.errors import NotFound
from db.users import UserRole as Role
from dialer.contact import ImportReject
from dialer.contact_file import read_rows
from dialer.contact_import import ColumnMapping, guess_mapping
from dialer.errors import InvalidContactFile

blueprint = Blueprint("imports", __name__, url_prefix="/campaigns/<int:campaign_id>/imports")

PREVIEW_ROWS = 8
SHOWN_REJECTS = 20

Answer = str | AnyResponse | tuple[str, int]


@blueprint.get("/new")
@needs(Role.MANAGER)
def upload(campaign_id: int) -> str:
    """Ask for the file."""
    return render_template(
        "imports/upload.html", campaign=campaign_or_404(campaign_id), limit_mb=panel().settings.upload_limit_mb
    )


@blueprint.post("/new")
@needs(Role.MANAGER)
def receive(campaign_id: int) -> Answer:
    """Keep the file and go on to its preview, or say why it can't be read."""
    campaign = campaign_or_404(campaign_id)
    file = request.files.get("file")
    if file is None or not file.filename:
        return _refuse(campaign_id, _("Choose a file first."))
    stored = uploads.store(file, current_user.id)
    try:
        workbooks.to_csv(stored.path, stored.name)
        table = read_rows(stored.path.read_bytes(), stored.name)
        rows = list(islice(table.rows, PREVIEW_ROWS))
    except workbooks.HeavyWorkbook:
        uploads.forget(stored)
        return _refuse(
            campaign_id, _("This workbook is too big to open. Save the sheet with the contacts as CSV (UTF-8).")
        )
    except InvalidContactFile:
        uploads.forget(stored)
        return _refuse(campaign_id, unreadable())
    if not rows:
        uploads.forget(stored)
        return _refuse(campaign_id, _("There are no rows in this file."))
    return redirect(url_for("imports.preview", campaign_id=campaign.id, token=stored.token))


def _refuse(campaign_id: int, why: str) -> tuple[str, int]:
    page = render_template(
        "imports/upload.html",
        campaign=campaign_or_404(campaign_id),
        limit_mb=panel().settings.upload_limit_mb,
        error=why,
    )
    return page, 400


def _stored(campaign_id: int, token: str) -> uploads.Upload | AnyResponse:
    found = uploads.find(token, current_user.id)
    if found is None:
        flash(_("This upload is gone: it was imported, or it is older than a day. Upload the file again."), "error")
        return redirect(url_for("imports.upload", campaign_id=campaign_id))
    return found


@blueprint.get("/preview/<token>")
@needs(Role.MANAGER)
def preview(campaign_id: int, token: str) -> Answer:
    """Show the first rows under the guessed mapping, to be corrected."""
    campaign, stored = campaign_or_404(campaign_id), _stored(campaign_id, token)
    if not isinstance(stored, uploads.Upload):
        return stored
    table = read_rows(stored.path.read_bytes(), stored.name)
    return render_template(
        "imports/preview.html",
        campaign=campaign,
        upload=stored,
        columns=table.columns,
        mapping=guess_mapping(table.columns),
        rows=list(islice(table.rows, PREVIEW_ROWS)),
        total=table.total,
    )


def _column(name: str, count: int) -> int | None:
    text = request.form.get(name, "")
    return int(text) if text.isdigit() and int(text) < count else None


@blueprint.post("/preview/<token>")
@needs(Role.MANAGER)
def start(campaign_id: int, token: str) -> Answer:
    """Import with the chosen mapping."""
    campaign_or_404(campaign_id)
    stored = _stored(campaign_id, token)
    if not isinstance(stored, uploads.Upload):
        return stored
    table = read_rows(stored.path.read_bytes(), stored.name)
    places = {item.name: _column(item.name, len(table.columns)) for item in fields(ColumnMapping)}
    chosen = [column for column in places.values() if column is not None]
    phone = places.pop("phone")
    if phone is None or len(set(chosen)) != len(chosen):
        flash(_("Choose the column with the phone number, and each column for one thing only."), "error")
        return redirect(url_for("imports.preview", campaign_id=campaign_id, token=token))
    if not uploads.take(stored):  # a second click on the button
        return redirect(url_for("campaigns.show", campaign_id=campaign_id))
    import_id = imports.start(connection(), campaign_id, stored.name, table.total, current_user.id)
    connection().commit()  # its process must see it
    mapping = asdict(ColumnMapping(phone, **places))
    file = {"path": str(stored.path.absolute()), "name": stored.name, "mapping": mapping}
    panel().imports.start(import_id, {"file": file}, lambda: uploads.forget(stored))
    return redirect(url_for("imports.report", campaign_id=campaign_id, import_id=import_id))


def _import_or_404(campaign_id: int, import_id: int) -> imports.ContactImport:
    try:
        found = imports.find(connection(), import_id)
    except NotFound:
        abort(404)
    return found if found.campaign_id == campaign_id else abort(404)


@blueprint.get("/<int:import_id>")
@needs(Role.VIEWER)
def report(campaign_id: int, import_id: int) -> str:
    """Show how far an import is, or what became of its rows."""
    campaign, found = campaign_or_404(campaign_id), _import_or_404(campaign_id, import_id)
    if found.state is imports.ImportState.RUNNING:
        return render_template("imports/running.html", campaign=campaign, found=found, progress=_progress_of(found))
    return render_template(
        "imports/report.html",
        campaign=campaign,
        found=found,
        why="" if found.state is imports.ImportState.DONE else why(found),
        reasons=_reasons(found),
        rejects=imports.first_rejects(connection(), import_id, SHOWN_REJECTS),
        rejected=sum(found.rejected.values()),
    )


def _reasons(found: imports.ContactImport) -> list[tuple[str, int]]:
    return [(str(label(reason)), found.rejected.get(reason, 0)) for reason in ImportReject]


def _progress_of(found: imports.ContactImport) -> dict[str, Any]:
    """Return what the page shows of an import under way, in words."""
    speed, left_s = found.rows_per_second, found.left_s
    return {
        "done": found.rows_total,
        "total": max(found.rows_expected, found.rows_total),
        "finished": found.state is not imports.ImportState.RUNNING,
        "accepted": number(found.accepted),
        "rejected": [[text, number(count)] for text, count in _reasons(found)],
        "speed": _("%(rows)s rows/s", rows=number(round(speed))) if speed else "",
        "left": _("about %(time)s left", time=seconds(left_s)) if left_s is not None else "",
        "state": _("Stopping…") if found.cancelled_at else "" if found.began_at else _("Waiting for its turn"),
    }


@blueprint.get("/<int:import_id>/progress.json")
@needs(Role.VIEWER)
def progress(campaign_id: int, import_id: int) -> Response:
    """Return how far an import is."""
    return jsonify(_progress_of(_import_or_404(campaign_id, import_id)))


@blueprint.post("/<int:import_id>/cancel")
@needs(Role.MANAGER)
def cancel(campaign_id: int, import_id: int) -> AnyResponse:
    """Ask an import to stop; it takes everything back."""
    _import_or_404(campaign_id, import_id)
    if imports.cancel(connection(), import_id):
        audit.record(connection(), current_user.id, "contacts.import_cancelled", "campaign", str(campaign_id))
    else:
        flash(_("This import is over already."), "info")
    return redirect(url_for("imports.report", campaign_id=campaign_id, import_id=import_id))


@blueprint.get("/<int:import_id>/rejects.csv")
@needs(Role.MANAGER)
def rejects(campaign_id: int, import_id: int) -> Response:
    """Send the rows that became no contact, with the reason, ready to be corrected."""
    _import_or_404(campaign_id, import_id)
    words = {reason: str(label(reason)) for reason in ImportReject}
    rows = (
        [str(r.row_number), words[r.reason], r.detail, *(str(cell) for cell in r.cells)]
        for r in streamed(lambda conn: imports.rejects(conn, import_id))
    )
    return csv_response(f"rejects-{import_id}.csv", [_("Row"), _("Reason"), _("Detail"), _("Cells")], rows)
