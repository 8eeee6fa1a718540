"""The blacklist's forms: an entry, many numbers, a list."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length
from wtforms.validators import Optional as OptionalField

from control_panel.campaign_form import choices_of
from control_panel.labels import label, list_name
from db import blacklists, campaigns
from db.blacklist import BlacklistReason
from db.sql import AnyConnection
from dialer.errors import InvalidNumber
from dialer.phone import normalise

DEFAULT_COUNTRY = "RU"
MOST_NUMBERS = 20_000
SHOWN_WRONG = 10
REQUIRED = _l("Fill this in.")
REASONS = [str(reason) for reason in BlacklistReason]


class Listing(FlaskForm):
    """What entries of every kind of form have in common."""

    blacklist_id = SelectField(_l("List"), coerce=int)
    reason = SelectField(_l("Reason"), choices=REASONS)
    note = StringField(_l("Note"), [Length(max=500)])
    until = DateField(_l("Until, that day included (UTC)"), [OptionalField()])

    def expires_at(self) -> datetime | None:
        """Return when the entry stops to count, None: never."""
        day = self.until.data
        return None if day is None else datetime.combine(day + timedelta(days=1), time(0), UTC)

    def chosen(self) -> dict[str, Any]:
        """Return what db.blacklist's functions want to know."""
        return {
            "reason": BlacklistReason(self.reason.data),
            "note": str(self.note.data or "").strip(),
            "expires_at": self.expires_at(),
            "blacklist_id": self.blacklist_id.data,
        }


class EntryForm(Listing):
    """One number with its reason."""

    phone = StringField(_l("Number"), [InputRequired(REQUIRED), Length(max=40)])


class ManyForm(Listing):
    """Many numbers with one reason."""

    numbers = TextAreaField(_l("Numbers, one a line"), [InputRequired(REQUIRED)])


class EditForm(FlaskForm):
    """What may change of an entry; its number and list stay."""

    reason = SelectField(_l("Reason"), choices=REASONS)
    note = StringField(_l("Note"), [Length(max=500)])
    until = DateField(_l("Until, that day included (UTC)"), [OptionalField()])
    why = StringField(_l("Why this change?"), [InputRequired(REQUIRED), Length(max=500)])

    expires_at = Listing.expires_at


class RemoveForm(FlaskForm):
    """Numbers that leave a list, and why."""

    blacklist_id = SelectField(_l("List"), coerce=int)
    numbers = TextAreaField(_l("Numbers, one a line"), [InputRequired(REQUIRED)])
    why = StringField(_l("Why are they removed?"), [InputRequired(REQUIRED), Length(max=500)])


class ListForm(FlaskForm):
    """A list."""

    name = StringField(_l("Name"), [InputRequired(REQUIRED), Length(max=120)])
    note = StringField(_l("Note"), [Length(max=500)])
    is_global = BooleanField(_l("For every campaign, also those to come"))
    campaign_ids = SelectMultipleField(_l("Else for these campaigns"), coerce=int)

    def offer(self, conn: AnyConnection) -> "ListForm":
        """Offer the campaigns there are."""
        self.campaign_ids.choices = [(c.id, c.name) for c in campaigns.list_all(conn)]
        return self

    def chosen(self) -> dict[str, Any]:
        """Return what db.blacklists' functions want to know."""
        return {
            "name": str(self.name.data).strip(),
            "note": str(self.note.data or "").strip(),
            "is_global": bool(self.is_global.data),
            "campaign_ids": self.campaign_ids.data or [],
        }


def offer(conn: AnyConnection, *forms: Any) -> None:
    """Give the forms' fields their choices."""
    lists = [(one.id, list_name(one.name)) for one in blacklists.every(conn)]
    reasons = choices_of({str(reason): label(reason) for reason in BlacklistReason})
    for form in forms:
        if "blacklist_id" in form:
            form.blacklist_id.choices = lists
        if "reason" in form:
            form.reason.choices = reasons


def read_numbers(field: Any) -> list[str] | None:
    """Return the numbers of a field, one a line, in E.164; None when a line is none, which the field says then."""
    phones, wrong = [], []
    for line in filter(None, map(str.strip, str(field.data).splitlines())):
        try:
            phones.append(normalise(line, DEFAULT_COUNTRY).e164)
        except InvalidNumber:
            wrong.append(line)
    if wrong:
        shown = ", ".join(wrong[:SHOWN_WRONG])
        field.errors = [_("These lines are no phone numbers, so nothing was done: %(lines)s", lines=shown)]
    elif len(phones) > MOST_NUMBERS:
        field.errors = [_("At most %(most)s numbers at once; import a file instead.", most=MOST_NUMBERS)]
    else:
        return phones
    return None
