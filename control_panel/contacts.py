"""A campaign's contacts by their state; of the blocked ones the reason."""

from contextlib import suppress

from flask import Blueprint, render_template, request

from control_panel.access import needs
from control_panel.campaigns import campaign_or_404
from control_panel.database import connection
from control_panel.labels import blocked_label
from db import campaigns, contacts
from db.users import UserRole as Role
from dialer.contact import ContactState

blueprint = Blueprint("contacts", __name__, url_prefix="/campaigns/<int:campaign_id>/contacts")

PAGE_ROWS = 50


def _filter() -> ContactState | None:
    with suppress(ValueError):
        return ContactState(request.args.get("state", ""))
    return None


@blueprint.get("/")
@needs(Role.VIEWER)
def index(campaign_id: int) -> str:
    """Show a page of contacts in the order of their import."""
    campaign, chosen = campaign_or_404(campaign_id), _filter()
    after = max(request.args.get("after", 0, type=int), 0)
    rows = contacts.page(connection(), campaign_id, chosen, after, PAGE_ROWS + 1)
    progress = campaigns.progress(connection(), campaign_id)
    return render_template(
        "contacts/index.html",
        campaign=campaign,
        rows=rows[:PAGE_ROWS],
        next_after=rows[PAGE_ROWS - 1].id if len(rows) > PAGE_ROWS else None,
        is_first=not after,
        chosen=chosen,
        counts=[(state, getattr(progress, state)) for state in ContactState if getattr(progress, state)],
        total=progress.contacts,
        blocked_label=blocked_label,
    )
