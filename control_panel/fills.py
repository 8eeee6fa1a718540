"""Contacts from other campaigns in two steps: choose and see what would become of them, then take them."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from psycopg.errors import QueryCanceled
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.campaigns import ENDED, campaign_or_404
from control_panel.context import panel
from control_panel.database import connection, own_connection
from control_panel.fill_form import FillForm
from control_panel.labels import blocked_label
from db import contact_fill
from db.campaigns import Campaign
from db.contact_fill import ContactFilter, Forecast
from db.users import UserRole as Role

blueprint = Blueprint("fills", __name__, url_prefix="/campaigns/<int:campaign_id>/fill")


@blueprint.get("/")
@needs(Role.MANAGER)
def choose(campaign_id: int) -> str | tuple[str, int]:
    """Ask for the filter; once there is one, the page fetches what would become of whom it finds."""
    return _page(campaign_or_404(campaign_id))


@blueprint.get("/forecast")
@needs(Role.MANAGER)
def forecast(campaign_id: int) -> str:
    """Say what would become of whom the filter in the address finds, as the part of the page that comes later."""
    campaign = campaign_or_404(campaign_id)
    chosen = _form(campaign).read(campaign.time_zone)
    if chosen is None:
        abort(400)
    return render_template(
        "imports/forecast.html",
        found=_forecast(campaign, chosen),
        blocked_label=blocked_label,
        has_ended=campaign.state in ENDED,
    )


@blueprint.post("/")
@needs(Role.MANAGER)
def start(campaign_id: int) -> str | Response | tuple[str, int]:
    """Take whom the filter in the address finds."""
    campaign = campaign_or_404(campaign_id)
    if campaign.state in ENDED:
        flash(_("Nothing was imported: the campaign takes no contacts any more."), "error")
        return redirect(url_for("campaigns.show", campaign_id=campaign_id))
    chosen = _form(campaign).read(campaign.time_zone)
    if chosen is None:
        return _page(campaign)
    expected = max(request.form.get("expected", 0, type=int), 0)
    import_id = contact_fill.start(connection(), campaign_id, chosen, min(expected, 2**31 - 1), current_user.id)
    connection().commit()  # its process must see it
    panel().imports.start(import_id, {"fill": True})
    return redirect(url_for("import_reports.show", import_id=import_id))


def _form(campaign: Campaign) -> FillForm:
    return FillForm(request.args).offer(connection(), campaign.id)


def _page(campaign: Campaign) -> str | tuple[str, int]:
    form = _form(campaign)
    chosen = form.read(campaign.time_zone) if request.args else None
    shown = render_template(
        "imports/fill.html",
        campaign=campaign,
        form=form,
        columns=contact_fill.columns(connection(), campaign.id),
        is_chosen=chosen is not None,
    )
    return (shown, 400) if request.args and chosen is None else shown


def _forecast(campaign: Campaign, chosen: ContactFilter) -> Forecast | None:
    """Return what would become of them, None when counting them takes too long."""
    try:
        with own_connection() as conn:
            return contact_fill.forecast(conn, campaign.id, chosen)
    except QueryCanceled:
        return None
