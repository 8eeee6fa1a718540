"""Leads: what the CRM has, what it is still owed and why, each one's log, and going on after a pause."""

import json
from contextlib import suppress
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.database import connection
from db import audit, integrations_state, leads
from db.errors import NotFound
from db.integrations_state import IntegrationState
from db.leads import LeadState
from db.users import UserRole as Role
from integrations.lead_delivery import KIND

blueprint = Blueprint("leads", __name__, url_prefix="/leads")

PAGE_ROWS = 50


def pause() -> IntegrationState | None:
    """Return the state of the CRM's integration if it is paused."""
    return next((s for s in integrations_state.list_all(connection()) if s.kind == KIND and s.paused_at), None)


def pretty(value: Any) -> str:
    """Write what was sent or answered so that a person can read it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _filter() -> LeadState | None:
    with suppress(ValueError):
        return LeadState(request.args.get("state", ""))
    return None


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> str:
    """List the leads, newest first."""
    chosen, page = _filter(), max(request.args.get("page", 1, type=int), 1)
    rows, count = leads.list_page(connection(), None, chosen, page, PAGE_ROWS)
    return render_template(
        "leads/index.html",
        rows=rows,
        page=page,
        has_more=page * PAGE_ROWS < count,
        chosen=chosen,
        counts=leads.count_by_state(connection()),
        paused=pause(),
    )


def _lead_or_404(lead_id: int) -> leads.Lead:
    try:
        return leads.get(connection(), lead_id)
    except NotFound:
        abort(404)


@blueprint.get("/<int:lead_id>")
@needs(Role.VIEWER)
def show(lead_id: int) -> str:
    """Show a lead and every exchange with the CRM about it."""
    lead = _lead_or_404(lead_id)
    exchanges = leads.exchanges(connection(), lead_id)
    return render_template("leads/show.html", lead=lead, exchanges=exchanges, paused=pause(), pretty=pretty)


@blueprint.post("/<int:lead_id>/retry")
@needs(Role.MANAGER)
def retry(lead_id: int) -> Response:
    """Make one lead due now."""
    lead = _lead_or_404(lead_id)
    conn = connection()
    if leads.try_now(conn, lead_id):
        details = {"was": str(lead.state), "error": lead.last_error}
        audit.record(conn, current_user.id, "lead.retried", "lead", str(lead_id), details)
        when = _("It is sent once deliveries go on.") if pause() else _("It is sent again within a minute.")
        flash(when, "success")
    else:
        flash(_("Nothing to send: the CRM has this lead, or it is being sent right now."), "info")
    return redirect(url_for("leads.show", lead_id=lead_id))


@blueprint.post("/resume")
@needs(Role.MANAGER)
def resume() -> Response:
    """Let deliveries go on, with everything that waits."""
    conn, paused = connection(), pause()
    if paused is None or not integrations_state.resume(conn, KIND):
        flash(_("Deliveries to the CRM were going on already."), "info")
        return redirect(url_for("leads.index"))
    leads.put_back_all(conn)
    waiting = leads.count_by_state(conn)[LeadState.PENDING]
    details = {"reason": paused.paused_reason, "since": paused.paused_at and paused.paused_at.isoformat()}
    audit.record(conn, current_user.id, "integration.resumed", "integration", KIND, details)
    text = ngettext(
        "Deliveries go on: %(num)s lead is waiting.", "Deliveries go on: %(num)s leads are waiting.", waiting
    )
    flash(text, "success")
    return redirect(url_for("leads.index"))
