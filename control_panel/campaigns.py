"""Campaigns: the list, one campaign's page, and its legal moves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.campaign_form import KEY_ORDER, WEEKDAYS
from control_panel.database import connection
from control_panel.labels import GROUPS, label, tone
from control_panel.live_state import MAX_CALLS
from db import abandon_ledger, audit, campaigns, flows, gateway_health, imports, limits, overview, schedules
from db.campaigns import Progress
from db.errors import NotFound
from db.preflight import start_refusal
from db.users import UserRole as Role
from dialer.call_flow import parse_flow
from dialer.campaign import MOVES, CampaignState
from dialer.errors import IllegalMove, InvalidSchedule
from dialer.outcome import Disposition
from dialer.preflight import Obstacle
from dialer.schedule import Run, Schedule, next_runs

blueprint = Blueprint("campaigns", __name__, url_prefix="/campaigns")

MAX_LISTED = 200
ENDED = (CampaignState.COMPLETED, CampaignState.ARCHIVED)


@dataclass(frozen=True, slots=True)
class Move:
    """A button: `verb` in the address, the state it leads to, its text, and what was done in the audit log."""

    verb: str
    target: CampaignState
    text: Any
    done: str
    style: str = ""
    confirm: Any = None

    @property
    def needed_role(self) -> Role:
        """Who may press it."""
        return needed_for(self.verb)


def needed_for(verb: str) -> Role:
    """Return the role a move needs: whoever watches may stop the dialing for now, all else is a manager's."""
    return Role.OPERATOR if verb == "pause" else Role.MANAGER


def moves_from(state: CampaignState, *, has_schedule: bool = False) -> list[Move]:
    """Return the buttons of a campaign in `state`: its legal moves and no others.

    Without a schedule none can wait for it.
    """
    start = Move("start", CampaignState.ACTIVE, _l("Start dialing"), "campaign.started", "primary")
    resume = Move("resume", CampaignState.ACTIVE, _l("Resume"), "campaign.resumed", "primary")
    wait = Move("wait", CampaignState.SCHEDULED, _l("Wait for its schedule"), "campaign.scheduled")
    known = [
        resume if state is CampaignState.PAUSED else start,
        *([wait] if has_schedule else []),
        Move("draft", CampaignState.DRAFT, _l("Back to draft"), "campaign.unscheduled"),
        Move("pause", CampaignState.PAUSED, _l("Pause"), "campaign.paused"),
        Move(
            "stop",
            CampaignState.COMPLETED,
            _l("Stop for good"),
            "campaign.stopped",
            "danger",
            _l("Nobody else is called and it can't be started again."),
        ),
        Move("archive", CampaignState.ARCHIVED, _l("Archive"), "campaign.archived", "quiet"),
    ]
    return [move for move in known if move.target in MOVES[state]]


VERBS = {
    "wait": (CampaignState.SCHEDULED, "campaign.scheduled"),
    "draft": (CampaignState.DRAFT, "campaign.unscheduled"),
    "start": (CampaignState.ACTIVE, "campaign.started"),
    "resume": (CampaignState.ACTIVE, "campaign.resumed"),
    "pause": (CampaignState.PAUSED, "campaign.paused"),
    "stop": (CampaignState.COMPLETED, "campaign.stopped"),
    "archive": (CampaignState.ARCHIVED, "campaign.archived"),
}


def campaign_or_404(campaign_id: int) -> campaigns.Campaign:
    """Return the campaign, or answer 404."""
    try:
        return campaigns.get(connection(), campaign_id)
    except NotFound:
        abort(404)


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> str:
    """List every campaign that is not archived, then the archived ones."""
    conn = connection()
    current: list[CampaignState] = [state for state in CampaignState if state is not CampaignState.ARCHIVED]
    return render_template(
        "campaigns/index.html",
        lines=overview.campaign_lines(conn, current, MAX_LISTED),
        archived=overview.campaign_lines(conn, [CampaignState.ARCHIVED], MAX_LISTED),
        steps=overview.first_steps(conn),
    )


@dataclass(frozen=True, slots=True)
class Group:
    """A band of the progress bar: dispositions that mean much the same to a person."""

    name: str
    text: str
    dispositions: list[tuple[Disposition, int]]
    count: int


def groups_of(progress: Progress) -> list[Group]:
    """Return the attempts by group and disposition, every disposition included so that live counts have a place."""
    made = []
    for name, text in GROUPS.items():
        members = [(d, progress.by_disposition.get(d, 0)) for d in Disposition if tone(d) == name]
        made.append(Group(name, str(text), members, sum(count for _d, count in members)))
    return made


def _next_run(schedule: Schedule | None) -> Run | None:
    try:
        runs = next_runs(schedule, datetime.now(UTC), 1) if schedule else []
    except InvalidSchedule:  # a zone that was dropped since: the schedule's page says so
        runs = []
    return runs[0] if runs else None


@blueprint.get("/<int:campaign_id>")
@needs(Role.VIEWER)
def show(campaign_id: int) -> str:
    """Show one campaign: its progress, its calls, its settings."""
    campaign = campaign_or_404(campaign_id)
    conn = connection()
    progress = campaigns.progress(conn, campaign_id)
    flow = parse_flow(flows.definition(conn, campaign.flow_version_id))
    schedule = schedules.get(conn, campaign_id)
    calls = [call for call in overview.live_calls(conn, MAX_CALLS) if call.campaign_id == campaign_id]
    return render_template(
        "campaigns/show.html",
        campaign=campaign,
        progress=progress,
        groups=groups_of(progress),
        calls=calls,
        moves=moves_from(campaign.state, has_schedule=schedule is not None),
        schedule=schedule,
        upcoming=_next_run(schedule),
        ledger=abandon_ledger.of(conn, [campaign_id])[campaign_id],
        weekdays=WEEKDAYS,
        flow=flow,
        flow_keys=[(key, flow.keys[key]) for key in KEY_ORDER if key in flow.keys],
        gateways=campaigns.gateways_of(conn, campaign_id),
        health=gateway_health.known(conn),
        imports=imports.list_for(conn, campaign_id),
        profile=next((p for p in limits.profiles(conn) if p.id == campaign.limit_profile_id), None),
        has_ended=campaign.state in ENDED,
    )


@blueprint.post("/<int:campaign_id>/<any(wait, draft, start, resume, pause, stop, archive):verb>")
@needs(Role.OPERATOR)
def move(campaign_id: int, verb: str) -> Response:
    """Make a move; one that is not legal (any more) is explained and nothing changes."""
    if not current_user.may(needed_for(verb)):
        abort(403)
    campaign = campaign_or_404(campaign_id)
    target, done = VERBS[verb]
    conn = connection()
    page = redirect(url_for("campaigns.show", campaign_id=campaign_id))
    refused = start_refusal(conn, campaign_id, datetime.now(UTC)) if verb == "start" else None
    if verb == "resume":  # one that has nobody left to dial may go on, and is completed
        found = start_refusal(conn, campaign_id, datetime.now(UTC))
        refused = found if found in (Obstacle.NO_GATEWAY, Obstacle.ABANDON_CAP) else None
    if refused is not None:
        flash(_("It can't start: %(reason)s", reason=label(refused)), "error")
        return page
    schedule = schedules.get(conn, campaign_id)
    if verb == "wait" and _next_run(schedule) is None:
        flash(_("It has no schedule with a run to come: give it one first."), "error")
        return redirect(url_for("schedules.edit", campaign_id=campaign_id))
    hangs_up = verb == "stop" and "hang_up" in request.form
    try:
        campaigns.move(conn, campaign_id, target, hangs_up=hangs_up)
    except IllegalMove:
        now = campaigns.get(conn, campaign_id).state
        legal = ", ".join(f"«{m.text}»" for m in moves_from(now, has_schedule=schedule is not None)) or _("none")
        flash(
            _(
                "Not possible: the campaign is “%(state)s” now. Possible moves: %(moves)s.",
                state=label(now),
                moves=legal,
            ),
            "error",
        )
        return page
    details = {"from": str(campaign.state)} | ({"hangs_up": True} if hangs_up else {})
    audit.record(conn, current_user.id, done, "campaign", str(campaign_id), details)
    flash(_("“%(name)s” is now “%(state)s”.", name=campaign.name, state=label(target)), "success")
    return page
