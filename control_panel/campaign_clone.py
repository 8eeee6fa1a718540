"""Making a campaign from another one."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.campaigns import campaign_or_404
from control_panel.database import connection
from db import audit, clone
from db.users import UserRole as Role

blueprint = Blueprint("campaign_clone", __name__, url_prefix="/campaigns")

LONGEST_NAME = 120


@blueprint.post("/<int:campaign_id>/clone")
@needs(Role.MANAGER)
def create(campaign_id: int) -> Response:
    """Make a draft with the same settings; `contacts` in the form: with the contacts too."""
    campaign, conn = campaign_or_404(campaign_id), connection()
    with_contacts = "contacts" in request.form
    name = clone.free_name(conn, campaign.name[: LONGEST_NAME - 10])
    new_id = clone.clone(conn, campaign_id, name, with_contacts=with_contacts)
    details = {"from": campaign_id, "contacts": with_contacts}
    audit.record(conn, current_user.id, "campaign.cloned", "campaign", new_id, details)
    flash(_("“%(name)s” is made. Look through its settings before it starts.", name=name), "success")
    return redirect(url_for("campaigns.show", campaign_id=new_id))
