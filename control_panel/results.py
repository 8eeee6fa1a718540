"""What became of each attempt: a table in pages, a filter, and everything as a file."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from flask import Blueprint, Response, current_app, render_template, request
from flask_babel import gettext as _
from flask_babel import pgettext
from flask_login import current_user

from control_panel.access import needs
from control_panel.campaigns import campaign_or_404
from control_panel.csv_files import csv_response
from control_panel.database import connection
from control_panel.labels import Verdict, label
from db import attempt_results, audit, campaigns
from db.attempt_results import AttemptResult, Cursor
from db.users import UserRole as Role
from dialer.outcome import Disposition

blueprint = Blueprint("results", __name__, url_prefix="/campaigns/<int:campaign_id>/results")

PAGE_ROWS = 50


def _filter() -> Disposition | None:
    with suppress(ValueError):
        return Disposition(request.args.get("disposition", ""))
    return None


def _cursor() -> Cursor | None:
    """Read `after=<time>,<attempt id>`; a mistyped one shows the first page."""
    moment, _comma, attempt_id = request.args.get("after", "").partition(",")
    with suppress(ValueError):
        from uuid import UUID

        return Cursor(datetime.fromisoformat(moment), str(UUID(attempt_id)))
    return None


@blueprint.get("/")
@needs(Role.VIEWER)
def index(campaign_id: int) -> str:
    """Show a page of attempts, newest first."""
    campaign, chosen, cursor = campaign_or_404(campaign_id), _filter(), _cursor()
    rows = attempt_results.page(connection(), campaign_id, chosen, cursor, PAGE_ROWS + 1)
    shown = rows[:PAGE_ROWS]
    last = shown[-1] if len(rows) > PAGE_ROWS else None
    progress = campaigns.progress(connection(), campaign_id)
    return render_template(
        "results/index.html",
        campaign=campaign,
        rows=shown,
        chosen=chosen,
        next_after=f"{last.claimed_at.isoformat()},{last.attempt_id}" if last else None,
        is_first=cursor is None,
        counts=[(d, progress.by_disposition[d]) for d in Disposition if progress.by_disposition.get(d)],
        attempts=progress.attempts,
        verdicts=Verdict,
    )


@blueprint.get("/results.csv")
@needs(Role.VIEWER)
def export(campaign_id: int) -> Response:
    """Send every attempt under the filter; read row by row, so that size does not matter."""
    campaign, chosen = campaign_or_404(campaign_id), _filter()
    details = {"disposition": str(chosen) if chosen else "any"}
    audit.record(connection(), current_user.id, "results.exported", "campaign", str(campaign_id), details)
    header = [
        _("Call's id"), _("Number"), pgettext("contact", "Name"), _("Try"), _("Gateway"), _("Caller ID"),
        _("Called at"), _("Answered at"), _("Ended at"), _("Result"), _("Cause"), _("SIP code"), _("Talk time, s"),
        _("Keys"), _("Detected"), _("Lead"), _("Lead's number"),
    ]  # fmt: skip
    words = {str(d): label(d) for d in Disposition}
    pool = current_app.extensions["pool"]

    def rows() -> Iterator[list[str]]:
        # Its own connection: the request's is given back before the last row is sent.
        with pool.connection() as conn:
            for row in attempt_results.stream(conn, campaign.id, chosen):
                yield _cells(row, words)

    return csv_response(f"campaign-{campaign_id}-results.csv", header, rows())


def _cells(row: AttemptResult, words: dict[str, str]) -> list[str]:
    def text(value: object) -> str:
        return "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)

    values = (
        row.attempt_id, row.phone, row.name, row.number, row.gateway, row.caller_id, row.originated_at,
        row.answered_at, row.ended_at, words.get(str(row.disposition), ""), row.hangup_cause, row.sip_code, row.billsec,
        row.digits, row.amd_verdict, row.lead_state, row.lead_external_id,
    )  # fmt: skip
    return [text(value) for value in values]
