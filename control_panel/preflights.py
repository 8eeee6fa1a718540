"""A campaign's preflight, as the part of its page that comes later: every contact that waits is judged."""

from datetime import UTC, datetime

from flask import Blueprint, render_template
from flask_babel import gettext as _
from psycopg.errors import QueryCanceled

from control_panel.access import needs
from control_panel.campaigns import campaign_or_404
from control_panel.database import connection, own_connection
from control_panel.dialing_now import hindrance
from control_panel.labels import blocked_label, label
from db import campaigns
from db.blacklist import BlacklistReason
from db.campaigns import Campaign
from db.preflight import Preflight, preflight
from db.users import UserRole as Role
from dialer.campaign import CampaignState
from dialer.retry import are_followable

blueprint = Blueprint("preflights", __name__, url_prefix="/campaigns/<int:campaign_id>/preflight")


@blueprint.get("")
@needs(Role.VIEWER)
def show(campaign_id: int) -> str:
    """Say who will be dialled, who not and why, and what keeps the campaign from dialing."""
    campaign = campaign_or_404(campaign_id)
    if not are_followable(campaign.retry_rules):
        return render_template("campaigns/unfollowable.html", campaign=campaign)
    judged = _judged(campaign_id)
    return render_template(
        "campaigns/judged.html",
        campaign=campaign,
        preflight=judged,
        hindrance=_hindrance(campaign) if judged and judged.obstacle is None else None,
        blocked_by=[(_blocked_text(reason), count) for reason, count in judged.blocked.items()] if judged else [],
    )


def _judged(campaign_id: int) -> Preflight | None:
    """Return the preflight, None when it takes too long."""
    try:
        with own_connection() as conn:
            return preflight(conn, campaign_id, datetime.now(UTC))
    except QueryCanceled:
        return None


def _hindrance(campaign: Campaign) -> str | None:
    if campaign.state is not CampaignState.ACTIVE:
        return None
    found = hindrance(campaign, campaigns.gateways_of(connection(), campaign.id))
    return None if found is None else str(found)


def _blocked_text(reason: str) -> str:
    """Return a contact's stored reason in the user's words: `blacklist: legal` → Legal."""
    rule, _colon, detail = reason.partition(": ")
    return label(detail, BlacklistReason) if rule == "blacklist" else blocked_label(reason) or _("no reason was kept")
