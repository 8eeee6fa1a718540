"""How far an import is, and what became of its rows: contacts for a campaign, numbers for a blacklist."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from control_panel.access import needs
from control_panel.blacklists import list_or_404
from control_panel.campaigns import campaign_or_404
from control_panel.csv_files import csv_response
from control_panel.database import connection, streamed
from control_panel.formats import number, seconds
from control_panel.import_jobs import why
from control_panel.labels import label, list_name
from control_panel.reject_details import detail_words
from db import audit, imports
from db.errors import NotFound
from db.users import UserRole as Role
from dialer.contact import ImportReject

blueprint = Blueprint("import_reports", __name__, url_prefix="/imports")

SHOWN_REJECTS = 20


@dataclass(frozen=True, slots=True)
class Home:
    """Where an import brings its rows: a campaign or a list. all_name, all_url: the page of all such."""

    name: str
    url: str
    all_name: str
    all_url: str
    time_zone: str = "UTC"


def _import_or_404(import_id: int) -> imports.ContactImport:
    try:
        return imports.find(connection(), import_id)
    except NotFound:
        abort(404)


def _home(found: imports.ContactImport) -> Home:
    if found.campaign_id is not None:
        campaign = campaign_or_404(found.campaign_id)
        url = url_for("campaigns.show", campaign_id=campaign.id)
        return Home(campaign.name, url, _("Campaigns"), url_for("campaigns.index"), campaign.time_zone)
    one = list_or_404(found.blacklist_id or 0)
    url = url_for("blacklists.show", blacklist_id=one.id)
    return Home(list_name(one.name), url, _("Blacklists"), url_for("blacklists.index"))


@blueprint.get("/<int:import_id>")
@needs(Role.VIEWER)
def show(import_id: int) -> str:
    """Show how far an import is, or what became of its rows."""
    found = _import_or_404(import_id)
    if found.state is imports.ImportState.RUNNING:
        return render_template("imports/running.html", home=_home(found), found=found, progress=_progress_of(found))
    return render_template(
        "imports/report.html",
        home=_home(found),
        found=found,
        why="" if found.state is imports.ImportState.DONE else why(found),
        reasons=_reasons(found),
        rejects=imports.first_rejects(connection(), import_id, SHOWN_REJECTS),
        rejected=sum(found.rejected.values()),
        in_words=detail_words(),
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
def progress(import_id: int) -> Response:
    """Return how far an import is."""
    return jsonify(_progress_of(_import_or_404(import_id)))


@blueprint.post("/<int:import_id>/cancel")
@needs(Role.MANAGER)
def cancel(import_id: int) -> AnyResponse:
    """Ask an import to stop; it takes everything back."""
    found = _import_or_404(import_id)
    if imports.cancel(connection(), import_id):
        details = {"campaign": found.campaign_id, "blacklist": found.blacklist_id}
        audit.record(connection(), current_user.id, "import.cancelled", "import", import_id, details)
    else:
        flash(_("This import is over already."), "info")
    return redirect(url_for("import_reports.show", import_id=import_id))


@blueprint.get("/<int:import_id>/rejects.csv")
@needs(Role.MANAGER)
def rejects(import_id: int) -> Response:
    """Send the rows that became no contact, with the reason, ready to be corrected."""
    _import_or_404(import_id)
    words, in_words = {reason: str(label(reason)) for reason in ImportReject}, detail_words()
    rows = (
        [str(r.row_number), words[r.reason], in_words(r.detail), *(str(cell) for cell in r.cells)]
        for r in streamed(lambda conn: imports.rejects(conn, import_id))
    )
    return csv_response(f"rejects-{import_id}.csv", [_("Row"), _("Reason"), _("Detail"), _("Cells")], rows)
