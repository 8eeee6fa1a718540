"""The abandon ledger of 30 days: every campaign's rates, one's day by day, each abandoned call, and all as evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.campaigns import campaign_or_404
from control_panel.csv_files import csv_response
from control_panel.database import connection
from db import abandon_ledger, audit, campaigns
from db.abandon_ledger import DAYS, Abandoned, Day
from db.campaigns import Campaign
from db.sql import AnyConnection
from db.users import UserRole as Role
from dialer.abandon import LEAST_ANSWERED, Ledger, allowance

blueprint = Blueprint("abandoned", __name__, url_prefix="/campaigns")

SHOWN = 100
MOST_EXPORTED = 1_000_000
BAR_WIDTH, CHART_HEIGHT = 20, 120


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart, in the drawing's own units."""

    day: date
    answered: int
    abandoned: int
    x: int
    answered_height: float
    abandoned_height: float


def bars_of(days: list[Day], today: date) -> list[Bar]:
    """Return a bar for each of the last 30 days; the day with most answered calls has the chart's whole height."""
    known = {day.day: day for day in days}
    most = max((day.answered for day in days), default=0) or 1
    bars = []
    for index in range(DAYS):
        date_shown = today - timedelta(days=DAYS - 1 - index)
        found = known.get(date_shown, Day(date_shown, 0, 0))
        heights = [CHART_HEIGHT * count / most for count in (found.answered, found.abandoned)]
        # A day with one abandoned call in a thousand must not look like one without.
        heights[1] = max(heights[1], 2.0) if found.abandoned else 0.0
        bars.append(Bar(date_shown, found.answered, found.abandoned, index * BAR_WIDTH, *heights))
    return bars


@dataclass(frozen=True, slots=True)
class Line:
    """A campaign's ledger. share: of its limits it may use, 0: it has to stop."""

    campaign: Campaign
    ledger: Ledger
    share: float


def ledger_lines(conn: AnyConnection, now: datetime) -> list[Line]:
    """Return the ledgers of all campaigns that anybody answered in the last 30 days, most abandoned first."""
    known = {campaign.id: campaign for campaign in campaigns.list_all(conn)}
    ledgers = abandon_ledger.of(conn, list(known), now)
    lines = [
        Line(known[id_], ledger, allowance(ledger, known[id_].abandon_cap))
        for id_, ledger in ledgers.items()
        if ledger.people or ledger.labelled
    ]
    return sorted(lines, key=lambda line: (-(line.ledger.rate or 0.0), line.campaign.id))


@blueprint.get("/abandoned")
@needs(Role.VIEWER)
def index() -> str:
    """Show every campaign's ledger of the last 30 days."""
    return render_template("abandoned/index.html", lines=ledger_lines(connection(), datetime.now(UTC)))


@blueprint.get("/abandon-ledger.csv")
@needs(Role.VIEWER)
def export_ledger() -> Response:
    """Send every campaign's ledger of the last 30 days; rates are percent, days are those of UTC."""
    conn, now = connection(), datetime.now(UTC)
    lines = ledger_lines(conn, now)
    audit.record(conn, current_user.id, "abandoned.exported", "campaign", "all", {"campaigns": len(lines)})
    header = [
        _("Campaign's id"), _("Campaign"), _("State"), _("First day"), _("Last day"), _("Answered by people"),
        _("Abandoned"), _("Abandoned, %"), _("Cap, %"), _("Machines listened to"), _("People among them"),
        _("Their message had not begun"), _("People called machines, %"),
    ]  # fmt: skip
    first, last = now.date() - timedelta(days=DAYS - 1), now.date()
    rows = (
        (
            str(one.campaign.id), one.campaign.name, str(one.campaign.state), str(first), str(last),
            str(one.ledger.people), str(one.ledger.dropped), _percent(one.ledger.rate), f"{one.campaign.abandon_cap:g}",
            str(one.ledger.labelled), str(one.ledger.false_machines), str(one.ledger.cut_off),
            _percent(one.ledger.false_machine_rate),
        )
        for one in lines
    )  # fmt: skip
    return csv_response("abandon-ledger.csv", header, rows)


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate * 100:.2f}"


@blueprint.get("/<int:campaign_id>/abandoned")
@needs(Role.VIEWER)
def show(campaign_id: int) -> str:
    """Show the ledger of the last 30 days."""
    campaign, conn, now = campaign_or_404(campaign_id), connection(), datetime.now(UTC)
    ledger = abandon_ledger.of(conn, [campaign_id], now)[campaign_id]
    return render_template(
        "abandoned/show.html",
        campaign=campaign,
        ledger=ledger,
        share=allowance(ledger, campaign.abandon_cap),
        least=LEAST_ANSWERED,
        bars=bars_of(abandon_ledger.days(conn, campaign_id, now), now.date()),
        bar_width=BAR_WIDTH,
        height=CHART_HEIGHT,
        calls=abandon_ledger.evidence(conn, campaign_id, now, SHOWN),
        most=SHOWN,
    )


@blueprint.get("/<int:campaign_id>/abandoned.csv")
@needs(Role.VIEWER)
def export(campaign_id: int) -> Response:
    """Send each abandoned call of the last 30 days with what is known of it; times are UTC."""
    campaign_or_404(campaign_id)
    conn = connection()
    calls = abandon_ledger.evidence(conn, campaign_id, datetime.now(UTC), MOST_EXPORTED)
    audit.record(conn, current_user.id, "abandoned.exported", "campaign", campaign_id, {"calls": len(calls)})
    header = [
        _("Call's id"), _("Number"), _("Gateway"), _("Caller ID"), _("Claimed at"), _("Called at"), _("Answered at"),
        _("Message began at"), _("Ended at"), _("Talk time, s"), _("Result"), _("Cause"), _("SIP code"), _("Detected"),
        _("Who it was"), _("Labelled by"), _("Labelled at"),
    ]  # fmt: skip
    return csv_response(f"campaign-{campaign_id}-abandoned.csv", header, _rows(calls))


def _rows(calls: list[Abandoned]) -> Iterator[list[str]]:
    for call in calls:
        values = (
            call.attempt_id, call.phone, call.gateway, call.caller_id, call.claimed_at, call.originated_at,
            call.answered_at, call.message_started_at, call.ended_at, call.billsec, call.disposition,
            call.hangup_cause, call.sip_code, call.amd_verdict, call.label, call.labelled_by, call.labelled_at,
        )  # fmt: skip
        yield [_text(value) for value in values]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
