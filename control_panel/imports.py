"""Contacts from a file in two steps: upload and look at its first rows, then import and read the report."""

from itertools import islice

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from control_panel import uploads, workbooks
from control_panel.access import needs
from control_panel.campaigns import campaign_or_404
from control_panel.context import panel
from control_panel.csv_files import csv_response
from control_panel.database import connection
from control_panel.import_jobs import sentence, unreadable
from control_panel.labels import label
from db import imports
from db.users import UserRole as Role
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
    count = len(read_rows(stored.path.read_bytes(), stored.name).columns)
    phone, name, zone = (_column(field, count) for field in ("phone", "name", "time_zone"))
    chosen = [column for column in (phone, name, zone) if column is not None]
    if phone is None or len(set(chosen)) != len(chosen):
        flash(_("Choose the column with the phone number, and each column for one thing only."), "error")
        return redirect(url_for("imports.preview", campaign_id=campaign_id, token=token))
    panel().imports.start(stored, campaign_id, current_user.id, ColumnMapping(phone, name, zone))
    return redirect(url_for("imports.running", campaign_id=campaign_id, token=token))


@blueprint.get("/running/<token>")
@needs(Role.MANAGER)
def running(campaign_id: int, token: str) -> Answer:
    """Show how far the import is; when it is done, go to its report."""
    campaign = campaign_or_404(campaign_id)
    job = panel().imports.find(token, current_user.id)
    if job is None:
        flash(_("This import is not running any more. See below what was imported."), "info")
        return redirect(url_for("campaigns.show", campaign_id=campaign_id))
    if job.import_id is not None:
        return redirect(url_for("imports.report", campaign_id=campaign_id, import_id=job.import_id))
    if job.error is not None:
        flash(sentence(job.error), "error")
        return redirect(url_for("imports.preview", campaign_id=campaign_id, token=token))
    return render_template("imports/running.html", campaign=campaign, job=job, token=token)


@blueprint.get("/running/<token>/progress.json")
@needs(Role.MANAGER)
def progress(campaign_id: int, token: str) -> Response:
    """Return rows done and in all."""
    job = panel().imports.find(token, current_user.id)
    if job is None or job.campaign_id != campaign_id:
        abort(404)
    return jsonify(done=job.done, total=job.total, finished=job.finished.is_set())


def _import_or_404(campaign_id: int, import_id: int) -> imports.ContactImport:
    found = [one for one in imports.list_for(connection(), campaign_id) if one.id == import_id]
    return found[0] if found else abort(404)


@blueprint.get("/<int:import_id>")
@needs(Role.VIEWER)
def report(campaign_id: int, import_id: int) -> str:
    """Show what became of the rows."""
    campaign, found = campaign_or_404(campaign_id), _import_or_404(campaign_id, import_id)
    return render_template(
        "imports/report.html",
        campaign=campaign,
        found=found,
        rejects=imports.rejects(connection(), import_id)[:SHOWN_REJECTS],
        rejected=found.rows_total - found.accepted,
    )


@blueprint.get("/<int:import_id>/rejects.csv")
@needs(Role.MANAGER)
def rejects(campaign_id: int, import_id: int) -> Response:
    """Send the rows that became no contact, with the reason, ready to be corrected."""
    _import_or_404(campaign_id, import_id)
    rows = [
        [str(r.row_number), label(r.reason), r.detail, *(str(cell) for cell in r.cells)]
        for r in imports.rejects(connection(), import_id)
    ]
    return csv_response(f"rejects-{import_id}.csv", [_("Row"), _("Reason"), _("Detail"), _("Cells")], rows)
