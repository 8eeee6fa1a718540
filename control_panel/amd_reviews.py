"""Who answered, as it was decided: counted, found again, listened to, corrected, and exported to learn from."""

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, send_from_directory, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.amd_export import write_zip
from control_panel.amd_waveform import Waveform, draw
from control_panel.context import settings
from control_panel.database import connection
from control_panel.labels import Verdict
from db import amd_reviews, audit, campaigns
from db.amd_reviews import Cursor, Detection, Label, Review, Wanted
from db.users import UserRole as Role

blueprint = Blueprint("amd_reviews", __name__, url_prefix="/detections")

PAGE_ROWS = 50
STATISTICS_DAYS = 30


def _wanted() -> Wanted:
    """Read the filter; what is mistyped means any."""
    verdict = review = None
    with suppress(ValueError):
        verdict = Verdict(request.args.get("verdict", ""))
    with suppress(ValueError):
        review = Review(request.args.get("review", ""))
    return Wanted(request.args.get("campaign", type=int), verdict, review)


def _cursor() -> Cursor | None:
    """Read `after=<time>,<attempt id>`; a mistyped one shows the first page."""
    moment, _comma, attempt_id = request.args.get("after", "").partition(",")
    with suppress(ValueError):
        return Cursor(datetime.fromisoformat(moment), str(UUID(attempt_id)))
    return None


def _arguments(wanted: Wanted) -> dict[str, Any]:
    return {"campaign": wanted.campaign_id, "verdict": wanted.verdict, "review": wanted.review}


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> str:
    """Count the verdicts of the last days and list detections, newest first."""
    conn, wanted, cursor = connection(), _wanted(), _cursor()
    rows = amd_reviews.page(conn, wanted, cursor, PAGE_ROWS + 1)
    shown = rows[:PAGE_ROWS]
    last = shown[-1] if len(rows) > PAGE_ROWS else None
    return render_template(
        "amd_reviews/index.html",
        rows=shown,
        wanted=wanted,
        arguments=_arguments(wanted),
        counts={one.verdict: one for one in amd_reviews.statistics(conn, wanted.campaign_id, STATISTICS_DAYS)},
        days=STATISTICS_DAYS,
        verdicts=Verdict,
        labels=Label,
        reviews=Review,
        campaigns=[(one.id, one.name) for one in campaigns.list_all(conn)],
        next_after=f"{last.claimed_at.isoformat()},{last.attempt_id}" if last else None,
        is_first=cursor is None,
    )


def _detection_or_404(attempt_id: UUID) -> Detection:
    return amd_reviews.get(connection(), str(attempt_id)) or abort(404)


def _waveform(one: Detection) -> Waveform | None:
    if one.audio_path is None or not current_user.may(Role.ADMIN):
        return None
    message_ms = None
    if one.message_started_at and one.answered_at:
        message_ms = round((one.message_started_at - one.answered_at).total_seconds() * 1000)
    return draw(settings().recordings_dir / one.audio_path, one.evidence or {}, message_ms)


@blueprint.get("/<uuid:attempt_id>")
@needs(Role.VIEWER)
def show(attempt_id: UUID) -> str:
    """Show why it was decided so; administrators listen to it and say who really answered."""
    one = _detection_or_404(attempt_id)
    return render_template(
        "amd_reviews/show.html",
        one=one,
        waveform=_waveform(one),
        verdicts=Verdict,
        labels=Label,
        evidence=one.evidence or {},
    )


@blueprint.get("/<uuid:attempt_id>/audio.wav")
@needs(Role.ADMIN)
def audio(attempt_id: UUID) -> Response:
    """Send what is kept of the callee's audio."""
    one = _detection_or_404(attempt_id)
    if one.audio_path is None:
        abort(404)
    return send_from_directory(
        settings().recordings_dir.resolve(), one.audio_path, mimetype="audio/wav", conditional=True
    )


@blueprint.post("/<uuid:attempt_id>/label")
@needs(Role.ADMIN)
def label(attempt_id: UUID) -> Response:
    """Record who really answered, or take that back."""
    one, conn = _detection_or_404(attempt_id), connection()
    said = request.form.get("label", "")
    if said == "":
        amd_reviews.drop_label(conn, one.attempt_id)
    elif said in set(Label):
        amd_reviews.set_label(conn, one.attempt_id, Label(said), current_user.id)
    else:
        abort(400)
    details = {"verdict": one.verdict, "was": one.label, "label": said or None}
    audit.record(conn, current_user.id, "amd.labelled", "attempt", one.attempt_id, details)
    flash(_("Noted."), "success")
    return redirect(url_for("amd_reviews.show", attempt_id=one.attempt_id))


@blueprint.get("/labelled.zip")
@needs(Role.ADMIN)
def export() -> Response:
    """Send the labelled set: a table, and the audio that is still kept."""
    campaign_id, conn = request.args.get("campaign", type=int), connection()
    audit.record(conn, current_user.id, "amd.exported", "campaign", str(campaign_id or "all"), {})
    file = write_zip(amd_reviews.labelled(conn, campaign_id), settings().recordings_dir.resolve())
    return send_file(file, mimetype="application/zip", as_attachment=True, download_name="labelled.zip")
