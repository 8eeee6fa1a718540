"""The first page: what dials now, which calls are up, and what a new installation still lacks."""

from flask import Blueprint, render_template

from control_panel.access import needs
from control_panel.database import connection
from control_panel.leads import pause
from control_panel.live_state import MAX_CALLS
from db import overview, switches
from db.users import UserRole as Role
from dialer.campaign import CampaignState

blueprint = Blueprint("dashboard", __name__)

CURRENT = [CampaignState.ACTIVE, CampaignState.PAUSED]
RECENT = [CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.COMPLETED]
MAX_CURRENT = 20
MAX_RECENT = 5


@blueprint.get("/")
@needs(Role.VIEWER)
def show() -> str:
    """Show the overview."""
    conn = connection()
    return render_template(
        "dashboard/dashboard.html",
        current=overview.campaign_lines(conn, CURRENT, MAX_CURRENT),
        recent=overview.campaign_lines(conn, RECENT, MAX_RECENT),
        calls=overview.live_calls(conn, MAX_CALLS),
        steps=overview.first_steps(conn),
        paused=pause(),
        kept_results=switches.kept_results(conn),
    )
