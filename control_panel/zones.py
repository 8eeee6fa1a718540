"""A campaign's contacts by time zone: counts, whether it may call there now, and moving many to another zone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import available_timezones

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField, ValidationError
from wtforms.validators import InputRequired, Length

from control_panel.access import needs
from control_panel.campaigns import ENDED, campaign_or_404
from control_panel.database import connection
from db import audit, dialing, zones
from db.campaigns import Campaign
from db.users import UserRole as Role
from db.zones import ZoneCount
from dialer.calling_hours import is_open_everywhere, next_open
from dialer.destination import PREFIX

blueprint = Blueprint("zones", __name__, url_prefix="/campaigns/<int:campaign_id>/zones")

REQUIRED = _l("Fill this in.")
ANY = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A set of zones with its counts. opens_at: None while it is open, and when it never is."""

    count: ZoneCount
    is_open: bool
    opens_at: datetime | None


class ZoneForm(FlaskForm):
    """Who is moved where."""

    from_id = SelectField(_l("Contacts that are now in"))
    prefix = StringField(_l("Only numbers that begin with"), [Length(max=16)])
    zone = SelectField(_l("Are in"), [InputRequired(REQUIRED)])

    def offer(self, counts: list[ZoneCount], zone: str) -> "ZoneForm":
        """Give the selects their choices."""
        known = [(str(count.id), ", ".join(count.zones)) for count in counts]
        self.from_id.choices = [(ANY, str(_("any zone"))), *known]
        self.zone.choices = sorted(name for name in available_timezones() if "/" in name or name == "UTC")
        self.zone.data = self.zone.data or zone
        return self

    def validate_prefix(self, field: StringField) -> None:
        """A plus and digits, or nothing."""
        if field.data and not PREFIX.fullmatch(field.data.strip()):
            raise ValidationError(_l("Write it as +7914."))


def _page(campaign: Campaign, form: ZoneForm | None = None) -> str:
    conn, now = connection(), datetime.now(UTC)
    hours = dialing.of(conn, campaign.id).hours
    counts = zones.by_zone(conn, campaign.id)
    rows = []
    for count in counts:
        is_open = is_open_everywhere(hours, count.zones, now)
        rows.append(Row(count, is_open, None if is_open else next_open(hours, count.zones, now)))
    return render_template(
        "zones/show.html",
        campaign=campaign,
        rows=rows,
        form=form or ZoneForm(formdata=None).offer(counts, campaign.time_zone),
        has_ended=campaign.state in ENDED,
    )


@blueprint.get("/")
@needs(Role.VIEWER)
def show(campaign_id: int) -> str:
    """Show the counts of each zone."""
    return _page(campaign_or_404(campaign_id))


@blueprint.post("/")
@needs(Role.MANAGER)
def move(campaign_id: int) -> str | Response | tuple[str, int]:
    """Move contacts to another zone; the next claim judges them by it."""
    campaign, conn = campaign_or_404(campaign_id), connection()
    if campaign.state in ENDED:
        abort(409)
    form = ZoneForm().offer(zones.by_zone(conn, campaign_id), campaign.time_zone)
    if not form.validate_on_submit():
        return _page(campaign, form), 400
    from_id = int(form.from_id.data) if form.from_id.data else None
    prefix = str(form.prefix.data or "").strip()
    count = zones.move(conn, campaign_id, form.zone.data, from_id, prefix)
    before = dict(form.from_id.choices or []).get(form.from_id.data, "")
    details = {"zone": form.zone.data, "from": before if from_id else "", "prefix": prefix, "contacts": count}
    audit.record(conn, current_user.id, "contacts.zone_changed", "campaign", campaign_id, details)
    flash(_("Contacts moved to %(zone)s: %(count)s.", zone=form.zone.data, count=count), "success")
    return redirect(url_for("zones.show", campaign_id=campaign_id))
