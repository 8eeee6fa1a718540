"""The campaign form's part about whom it may call and how often, and its way into a campaign and back."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from control_panel.number_fields import WholeField
from db.campaigns import Campaign
from db.limits import LimitProfile
from dialer.destination import parse_destinations
from dialer.errors import InvalidDestination

NO_PROFILE = ""
MOST_CALLS, MOST_MINUTES = 10_000_000, 1_000_000


def _number(text: Any, high: int) -> WholeField:
    between = _l("A whole number from %(low)s to %(high)s, or nothing.", low=1, high=high)
    return WholeField(text, [Optional(), NumberRange(1, high, between)])


class RuleFields:
    """Mixed into the campaign form. An empty number means no limit."""

    requires_consent = BooleanField(_l("Only contacts whose consent is on record"))
    destinations = StringField(_l("Countries and prefixes"), [Length(max=1000)])
    limit_profile = SelectField(_l("Limits per number, all campaigns together"), default=NO_PROFILE)
    max_per_day = _number(_l("Calls to one contact a day"), 50)
    jitter_percent = WholeField(
        _l("Spread retries by up to"),
        [Optional(), NumberRange(0, 100, _l("A whole number from %(low)s to %(high)s, or nothing.", low=0, high=100))],
    )
    max_calls_per_day = _number(_l("Calls a day at most"), MOST_CALLS)
    max_minutes_per_day = _number(_l("Minutes a day at most"), MOST_MINUTES)

    def validate_destinations(self, field: StringField) -> None:
        """Name what is neither a country nor a prefix."""
        try:
            parse_destinations(_split(field.data))
        except InvalidDestination as error:
            raise ValidationError(_l("Write countries as RU and prefixes as +7495, with commas between.")) from error

    def fill_rule_choices(self, profiles: list[LimitProfile]) -> None:
        """Give the select its choices."""
        none = SelectChoice(NO_PROFILE, _l("none"))
        self.limit_profile.choices = [none, *(SelectChoice(str(profile.id), profile.name) for profile in profiles)]


def _split(text: str | None) -> list[str]:
    return (text or "").replace(",", " ").replace(";", " ").split()


def rule_settings(form: Any) -> dict[str, Any]:
    """Return the form's part of a NewCampaign."""
    return {
        "requires_consent": bool(form.requires_consent.data),
        "destinations": parse_destinations(_split(form.destinations.data)),
        "limit_profile_id": int(form.limit_profile.data) if form.limit_profile.data else None,
        "max_calls_per_day": form.max_calls_per_day.data,
        "max_minutes_per_day": form.max_minutes_per_day.data,
    }


def retry_settings(form: Any) -> dict[str, Any]:
    """Return the form's part of the retry rules."""
    found: dict[str, Any] = {}
    if form.max_per_day.data:
        found["max_per_day"] = form.max_per_day.data
    if form.jitter_percent.data:
        found["jitter"] = form.jitter_percent.data / 100
    return found


def rule_values(campaign: Campaign) -> dict[str, Any]:
    """Return the form's data of a campaign."""
    return {
        "requires_consent": campaign.requires_consent,
        "destinations": ", ".join(campaign.destinations),
        "limit_profile": str(campaign.limit_profile_id or NO_PROFILE),
        "max_per_day": campaign.retry_rules.get("max_per_day"),
        "jitter_percent": round(campaign.retry_rules.get("jitter", 0) * 100) or None,
        "max_calls_per_day": campaign.max_calls_per_day,
        "max_minutes_per_day": campaign.max_minutes_per_day,
    }
