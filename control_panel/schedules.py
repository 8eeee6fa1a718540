"""A campaign's schedule: its form with the next runs before it is saved, and the log of its runs."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.campaigns import ENDED, campaign_or_404
from control_panel.database import connection
from control_panel.schedule_form import ScheduleForm, values_of
from db import audit, schedules
from db.campaigns import Campaign
from db.users import UserRole as Role
from dialer.errors import InvalidSchedule
from dialer.schedule import Run, Schedule, next_runs

blueprint = Blueprint("schedules", __name__, url_prefix="/campaigns")

Answer = str | Response | tuple[str, int]
MOST_RUNS = 100


def _seal(schedule: Schedule) -> str:
    """Return what stands for a schedule whose runs were shown, so that no other one is saved in its place."""
    return hashlib.sha256(json.dumps(asdict(schedule), default=str, sort_keys=True).encode()).hexdigest()


def _form(campaign: Campaign) -> ScheduleForm:
    if request.method == "GET":
        form = ScheduleForm(data=values_of(schedules.get(connection(), campaign.id), campaign.time_zone))
    else:
        form = ScheduleForm()
    form.fill_choices()
    return form


def _page(
    campaign: Campaign,
    form: ScheduleForm,
    shown: tuple[Schedule, Sequence[Run]] | None,
    status: int = 200,
) -> tuple[str, int]:
    conn = connection()
    saved = schedules.get(conn, campaign.id)
    return render_template(
        "schedules/edit.html",
        campaign=campaign,
        form=form,
        shown=shown[0] if shown else None,
        runs=shown[1] if shown else [],
        seal=_seal(shown[0]) if shown else "",
        saved=saved,
        upcoming=_upcoming(saved),
        log=schedules.runs_of(conn, campaign.id, MOST_RUNS),
        has_ended=campaign.state in ENDED,
    ), status


def _upcoming(schedule: Schedule | None) -> list[Run]:
    try:
        return next_runs(schedule, datetime.now(UTC)) if schedule else []
    except InvalidSchedule:  # a zone that was dropped since: its form says so
        return []


@blueprint.get("/<int:campaign_id>/schedule")
@needs(Role.VIEWER)
def edit(campaign_id: int) -> Answer:
    """Show the schedule, its next runs and those that were."""
    campaign = campaign_or_404(campaign_id)
    return _page(campaign, _form(campaign), None)


@blueprint.post("/<int:campaign_id>/schedule/runs")
@needs(Role.MANAGER)
def preview(campaign_id: int) -> Answer:
    """Answer with the next runs of what the form says, for the open page."""
    campaign = campaign_or_404(campaign_id)
    form = _form(campaign)
    shown = form.read(datetime.now(UTC))
    return render_template(
        "schedules/runs.html",
        campaign=campaign,
        form=form,
        shown=shown[0] if shown else None,
        runs=shown[1] if shown else [],
        seal=_seal(shown[0]) if shown else "",
    )


@blueprint.post("/<int:campaign_id>/schedule")
@needs(Role.MANAGER)
def update(campaign_id: int) -> Answer:
    """Store a schedule whose next runs were shown; any other is shown first."""
    campaign = campaign_or_404(campaign_id)
    form = _form(campaign)
    read = form.read(datetime.now(UTC))
    if read is None:
        return _page(campaign, form, None, 400)
    schedule, _runs = read
    if campaign.state in ENDED:
        flash(_("A campaign that has ended keeps its settings: make a new one."), "error")
        return redirect(url_for("campaigns.show", campaign_id=campaign_id))
    if "look" in request.form or request.form.get("seal") != _seal(schedule):
        return _page(campaign, form, read)
    conn = connection()
    schedules.save(conn, campaign_id, schedule)
    details = {name: value for name, value in json.loads(json.dumps(asdict(schedule), default=str)).items() if value}
    audit.record(conn, current_user.id, "campaign.schedule_changed", "campaign", campaign_id, details)
    flash(_("The schedule is saved."), "success")
    return redirect(url_for("schedules.edit", campaign_id=campaign_id))


@blueprint.post("/<int:campaign_id>/schedule/remove")
@needs(Role.MANAGER)
def remove(campaign_id: int) -> Response:
    """Take the schedule away; the campaign stays in its state."""
    campaign = campaign_or_404(campaign_id)
    if campaign.state == "scheduled":
        flash(_("The campaign waits for this schedule: make it a draft again first."), "error")
        return redirect(url_for("schedules.edit", campaign_id=campaign_id))
    if not schedules.remove(connection(), campaign_id):
        abort(404)
    audit.record(connection(), current_user.id, "campaign.schedule_removed", "campaign", campaign_id)
    flash(_("The campaign has no schedule any more."), "success")
    return redirect(url_for("schedules.edit", campaign_id=campaign_id))
