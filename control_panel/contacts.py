"""A campaign's contacts by their state; of the blocked ones the reason, of each its consent."""

from contextlib import suppress
from datetime import UTC
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import DateTimeLocalField, StringField
from wtforms.validators import InputRequired, Length

from control_panel.access import needs
from control_panel.campaigns import ENDED, campaign_or_404
from control_panel.database import connection
from control_panel.labels import blocked_label
from db import audit, campaigns, contacts
from db.contacts import Consent, Contact
from db.errors import NotFound
from db.users import UserRole as Role
from dialer.contact import ContactState

blueprint = Blueprint("contacts", __name__, url_prefix="/campaigns/<int:campaign_id>/contacts")

PAGE_ROWS = 50
REQUIRED = _l("Fill this in.")


class ConsentForm(FlaskForm):
    """All three: a consent nobody can prove is none."""

    basis = StringField(_l("What was agreed to"), [InputRequired(REQUIRED), Length(max=300)])
    at = DateTimeLocalField(_l("When"), [InputRequired(REQUIRED)])
    source = StringField(_l("Where that is on record"), [InputRequired(REQUIRED), Length(max=300)])


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
        has_ended=campaign.state in ENDED,
    )


def _contact_or_404(campaign_id: int, contact_id: int) -> Contact:
    try:
        return contacts.get(connection(), campaign_id, contact_id)
    except NotFound:
        abort(404)


@blueprint.get("/<int:contact_id>/consent")
@needs(Role.MANAGER)
def consent(campaign_id: int, contact_id: int) -> str:
    """Show the consent that is on record, to be entered, changed or taken back."""
    campaign, contact = campaign_or_404(campaign_id), _contact_or_404(campaign_id, contact_id)
    at = contact.consent_at and contact.consent_at.astimezone(ZoneInfo(campaign.time_zone)).replace(tzinfo=None)
    data = {"basis": contact.consent_basis, "at": at, "source": contact.consent_source}
    return render_template("contacts/consent.html", campaign=campaign, contact=contact, form=ConsentForm(data=data))


@blueprint.post("/<int:contact_id>/consent")
@needs(Role.MANAGER)
def record_consent(campaign_id: int, contact_id: int) -> Response | tuple[str, int]:
    """Put a consent on record; the time is by the clock of the campaign's zone."""
    campaign, contact, form = campaign_or_404(campaign_id), _contact_or_404(campaign_id, contact_id), ConsentForm()
    if not form.validate_on_submit() or form.at.data is None:
        return render_template("contacts/consent.html", campaign=campaign, contact=contact, form=form), 400
    at = form.at.data.replace(tzinfo=ZoneInfo(campaign.time_zone)).astimezone(UTC)
    given = Consent(str(form.basis.data).strip(), at, str(form.source.data).strip())
    contacts.set_consent(connection(), campaign_id, contact_id, given)
    details = {"basis": given.basis, "at": at.isoformat(), "source": given.source, "phone": contact.phone}
    audit.record(connection(), current_user.id, "consent.recorded", "contact", contact_id, details)
    flash(_("The consent of %(phone)s is on record.", phone=contact.phone), "success")
    return redirect(url_for("contacts.index", campaign_id=campaign_id))


@blueprint.post("/<int:contact_id>/consent/withdraw")
@needs(Role.MANAGER)
def withdraw_consent(campaign_id: int, contact_id: int) -> Response:
    """Take a consent back; what it was stays in the audit log."""
    campaign_or_404(campaign_id)
    contact = _contact_or_404(campaign_id, contact_id)
    contacts.set_consent(connection(), campaign_id, contact_id, None)
    at = contact.consent_at and contact.consent_at.isoformat()
    details = {"basis": contact.consent_basis, "at": at, "source": contact.consent_source, "phone": contact.phone}
    audit.record(connection(), current_user.id, "consent.withdrawn", "contact", contact_id, details)
    flash(_("The consent of %(phone)s is taken back.", phone=contact.phone), "success")
    return redirect(url_for("contacts.index", campaign_id=campaign_id))
