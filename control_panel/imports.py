"""Contacts from a file in two steps: upload and look at its first rows, then import; the report is for all imports."""

from dataclasses import asdict, fields
from itertools import islice

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from control_panel import uploads
from control_panel.access import needs
from control_panel.campaigns import campaign_or_404
from control_panel.context import panel
from control_panel.database import connection
from control_panel.file_steps import PREVIEW_ROWS, chosen_column, receive_file
from db import imports
from db.users import UserRole as Role
from dialer.contact_file import read_rows
from dialer.contact_import import ColumnMapping, guess_mapping

blueprint = Blueprint("imports", __name__, url_prefix="/campaigns/<int:campaign_id>/imports")

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
    stored = receive_file()
    if isinstance(stored, uploads.Upload):
        return redirect(url_for("imports.preview", campaign_id=campaign.id, token=stored.token))
    limit_mb = panel().settings.upload_limit_mb
    return render_template("imports/upload.html", campaign=campaign, limit_mb=limit_mb, error=stored), 400


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


@blueprint.post("/preview/<token>")
@needs(Role.MANAGER)
def start(campaign_id: int, token: str) -> Answer:
    """Import with the chosen mapping."""
    campaign_or_404(campaign_id)
    stored = _stored(campaign_id, token)
    if not isinstance(stored, uploads.Upload):
        return stored
    table = read_rows(stored.path.read_bytes(), stored.name)
    places = {item.name: chosen_column(item.name, len(table.columns)) for item in fields(ColumnMapping)}
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
    return redirect(url_for("import_reports.show", import_id=import_id))
