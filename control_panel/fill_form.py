"""Which contacts of other campaigns to take: a filter that stands in the page's address."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.validators import Optional as OptionalField

from control_panel.campaign_form import Ticks, choices_of
from control_panel.labels import label
from db import campaigns
from db.contact_fill import ContactFilter
from db.sql import AnyConnection
from dialer.contact import ContactState
from dialer.outcome import Disposition

CONTAINS, EQUALS = "contains", "equals"
LONGEST = 200
TIMES_CROSS = _l("The first time must be before the second.")
NO_COLUMN = _l("Say in which column this stands.")
CHOOSE_CAMPAIGN = _l("Choose at least one campaign.")


class FillForm(FlaskForm):
    """The filter; it changes nothing, so its address may be shared."""

    class Meta:
        """Read from the address, by GET."""

        csrf = False

    campaigns = SelectMultipleField(_l("Campaigns"), [InputRequired(CHOOSE_CAMPAIGN)], coerce=int)
    states = Ticks(_l("State of the contact"))
    dispositions = Ticks(_l("How the last call ended"))
    called_from = DateTimeLocalField(_l("Last called from"), [OptionalField()])
    called_before = DateTimeLocalField(_l("Last called before"), [OptionalField()])
    name = StringField(_l("Name contains"), [Length(max=LONGEST)])
    column = StringField(_l("Other column"), [Length(max=LONGEST)])
    how = SelectField(
        _l("Its value"), choices=choices_of({CONTAINS: _l("contains"), EQUALS: _l("is exactly")}), validate_choice=False
    )
    value = StringField(_l("Text"), [Length(max=LONGEST)])

    def offer(self, conn: AnyConnection, campaign_id: int) -> "FillForm":
        """Offer all campaigns but this one, newest first, and the words of states and call ends."""
        others = [one for one in campaigns.list_all(conn) if one.id != campaign_id]
        self.campaigns.choices = [(one.id, one.name) for one in others]
        self.states.choices = choices_of({str(state): label(state) for state in ContactState})
        self.dispositions.choices = choices_of({str(one): label(one) for one in Disposition})
        return self

    def read(self, time_zone: str) -> ContactFilter | None:
        """Return the filter, times by the clock of `time_zone`; None when the form is not right, which it says."""
        is_right = self.validate()
        since, before = _moment(self.called_from.data, time_zone), _moment(self.called_before.data, time_zone)
        if since and before and since >= before:
            self.called_from.errors = [TIMES_CROSS]
            is_right = False
        column, value = _text(self.column), _text(self.value)
        if value and not column:
            self.column.errors = [NO_COLUMN]
            is_right = False
        if not is_right:
            return None
        return ContactFilter(
            campaign_ids=tuple(sorted(set(self.campaigns.data or ()))),
            states=tuple(ContactState(state) for state in self.states.data or ()),
            dispositions=tuple(Disposition(one) for one in self.dispositions.data or ()),
            called_from=since,
            called_before=before,
            name=_text(self.name),
            column=column,
            value=value,
            is_whole=self.how.data == EQUALS,
        )


def _text(field: StringField) -> str:
    return str(field.data or "").strip().replace("\x00", "")


def _moment(wall: datetime | None, time_zone: str) -> datetime | None:
    return None if wall is None else wall.replace(tzinfo=ZoneInfo(time_zone))
