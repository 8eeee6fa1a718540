"""The campaign form: plain fields, turned into a campaign and a flow definition and back."""

from collections.abc import Mapping
from datetime import time
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from phonenumbers import SUPPORTED_REGIONS
from wtforms import (
    BooleanField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from control_panel.amd_fields import AmdFields, amd_of, amd_values, prompt_of, prompt_value
from control_panel.callback_fields import CallbackFields, callback_of, callback_values
from control_panel.labels import label
from control_panel.number_fields import NumberField, WholeField
from control_panel.rule_fields import RuleFields, retry_settings
from dialer.call_flow import KEYS, Action
from dialer.caller_id import CallerIdChoice
from dialer.errors import InvalidNumber
from dialer.outcome import Disposition, Outcome
from dialer.phone import normalise

KEY_ORDER = "123456789*0#"
WEEKDAYS = {
    1: _l("Mon"),
    2: _l("Tue"),
    3: _l("Wed"),
    4: _l("Thu"),
    5: _l("Fri"),
    6: _l("Sat"),
    7: _l("Sun"),
}
"""ISO weekday → its short name."""
RETRIED = [
    Disposition.BUSY,
    Disposition.NO_ANSWER,
    Disposition.REJECTED,
    Disposition.UNREACHABLE,
    Disposition.CONGESTION,
    Disposition.FAILED,
    Disposition.CANCELLED,
    Disposition.MACHINE,
    Disposition.VOICEMAIL_LEFT,
    Disposition.FAX,
    Disposition.NO_INPUT,
    Disposition.HUNG_UP,
    Disposition.ABANDONED,
    Disposition.LOST,
]
"""Dispositions the form offers to retry, in this order: all that are not final, but for numbers that are none."""

assert set(KEY_ORDER) == KEYS

REQUIRED = _l("Fill this in.")


def _whole(text: Any, low: int, high: int) -> WholeField:
    between = _l("A whole number from %(low)s to %(high)s.", low=low, high=high)
    return WholeField(text, [InputRequired(between), NumberRange(low, high, between)])


def choices_of(labels: Mapping[Any, Any]) -> list[SelectChoice]:
    """Return a select's choices of value → label."""
    return [SelectChoice(value, text) for value, text in labels.items()]


class Ticks(SelectMultipleField):
    """Several check boxes that make one list."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class CampaignForm(FlaskForm, AmdFields, CallbackFields, RuleFields):
    """Everything of a campaign that a person decides. The select choices are filled by the view."""

    name = StringField(_l("Name"), [InputRequired(REQUIRED), Length(max=120)])
    description = TextAreaField(_l("Note"), [Length(max=2000)])

    language = SelectField(_l("Language of the prompts"))
    greeting = SelectField(_l("Greeting"))
    menu = SelectField(_l("Menu"))
    tries = _whole(_l("How often the menu is offered"), 1, 5)
    input_timeout_s = _whole(_l("Wait for a key"), 1, 30)

    transfer_to = StringField(_l("Number of the operators"), [Length(max=40)])

    default_country = SelectField(_l("Country of numbers without a code"))
    time_zone = SelectField(_l("Time zone"))
    is_by_own_clock = BooleanField(_l("Hours by this zone's clock for everybody"))
    hours_start = TimeField(_l("From"), [InputRequired(REQUIRED)])
    hours_end = TimeField(_l("Until"), [InputRequired(REQUIRED)])
    weekdays = Ticks(_l("Weekdays"), coerce=int, choices=choices_of(WEEKDAYS))

    keeps_holidays = BooleanField(_l("Nobody is called on public holidays of that country"))

    caller_id_choice = SelectField(_l("With several caller IDs"), default=str(CallerIdChoice.SAME_FOR_NUMBER))

    max_channels = _whole(_l("Calls at once"), 1, 10_000)
    calls_per_minute = _whole(_l("New calls per minute"), 1, 100_000)
    calls_per_second = NumberField(
        _l("New calls per second"),
        [Optional(), NumberRange(0.01, 1000, _l("A number from 0.01 to 1000, as 2.5. Empty: no limit of its own."))],
    )
    ring_timeout_s = _whole(_l("Ring for at most"), 15, 120)
    max_call_s = _whole(_l("Longest call"), 10, 3600)
    priority = _whole(_l("Priority"), 1, 9)
    weight = _whole(_l("Weight"), 1, 100)
    max_attempts = _whole(_l("Calls to one number at most"), 1, 50)
    abandon_cap = NumberField(
        _l("Abandoned calls at most"),
        [Optional(), NumberRange(0, 100, _l("A number from 0 to 100."))],
        default=3,
    )
    is_recording = BooleanField(_l("Record conversations"))

    def validate_weekdays(self, field: SelectMultipleField) -> None:
        """Without a weekday nobody would ever be called."""
        if not field.data:
            raise ValidationError(_l("Choose at least one day."))

    def key_fields(self) -> list[tuple[str, SelectField]]:
        """Return (key, field) in the telephone's order."""
        return [(key, self[_key_name(key)]) for key in KEY_ORDER]

    def retry_fields(self) -> list[tuple[Disposition, BooleanField, NumberField, NumberField, WholeField]]:
        """Return each disposition with its fields: on, delay in minutes, growth, attempts."""
        return [
            (d, self[f"retry_{d}"], self[f"retry_{d}_minutes"], self[f"retry_{d}_growth"], self[f"retry_{d}_attempts"])
            for d in RETRIED
        ]

    def fill_choices(self, audio: list[tuple[int, str]]) -> None:
        """Give every select its choices; audio: (id, name) of uploaded files."""
        self.language.choices = choices_of({"ru": _l("Russian"), "en": _l("English")})
        uploaded = {f"audio:{audio_id}": name for audio_id, name in audio}
        self.greeting.choices = choices_of({"builtin:greeting": _l("Built-in greeting")} | uploaded)
        self.menu.choices = choices_of({"builtin:menu": _l("Built-in menu")} | uploaded)
        self.fill_amd_choices(uploaded)
        self.fill_callback_choices(uploaded, self.data)
        self.caller_id_choice.choices = choices_of({str(choice): label(choice) for choice in CallerIdChoice})
        self.default_country.choices = sorted(SUPPORTED_REGIONS)
        self.time_zone.choices = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
        actions = choices_of({"": _l("nothing")} | {str(action): label(action) for action in Action})
        for _key, field in self.key_fields():
            field.choices = actions

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, and that some key means interested."""
        is_valid = super().validate(extra_validators)
        if all(field.data != Action.INTERESTED for _key, field in self.key_fields()):
            first = self.key_fields()[0][1]
            first.errors = [*first.errors, _l("One key must mean “Interested”.")]
            return False
        return bool(is_valid) and self._has_its_operators()

    def _has_its_operators(self) -> bool:
        """Check that a key that puts through has a number to put through to; spell it as E.164."""
        number = str(self.transfer_to.data or "").strip()
        if not number and all(field.data != Action.TRANSFER for _key, field in self.key_fields()):
            return True
        try:
            self.transfer_to.data = normalise(number, self.default_country.data).e164
        except InvalidNumber:
            self.transfer_to.errors = [_l("This is no phone number. Write it with its country code, as +7…")]
            return False
        return True


def _key_name(key: str) -> str:
    return "key_" + {"*": "star", "#": "hash"}.get(key, key)


def _add_repeated_fields() -> None:
    for key in KEY_ORDER:
        setattr(CampaignForm, _key_name(key), SelectField(_l("Key %(key)s", key=key), validate_choice=True))
    for disposition in RETRIED:
        minutes = _l("A number of minutes from 0 to 43200.")
        growth = _l("A number from 1 to 100.")
        attempts = _l("A whole number from 1 to 50.")
        for name, field in {
            "": BooleanField(),
            "_minutes": NumberField(_l("Wait, minutes"), [Optional(), NumberRange(0, 43_200, minutes)]),
            "_growth": NumberField(_l("Then longer by"), [Optional(), NumberRange(1, 100, growth)]),
            "_attempts": WholeField(_l("Calls at most"), [Optional(), NumberRange(1, 50, attempts)]),
        }.items():
            setattr(CampaignForm, f"retry_{disposition}{name}", field)


_add_repeated_fields()

MIDNIGHT = time(0)


def defaults(language: str) -> dict[str, Any]:
    """Return the data of a new campaign's form."""
    from dialer.call_flow import default_definition
    from dialer.retry import DEFAULT_DEFINITION

    values: dict[str, Any] = {
        "default_country": "RU",
        "time_zone": "Europe/Moscow",
        "hours_start": time(9),
        "hours_end": time(21),
        "weekdays": [1, 2, 3, 4, 5],
        "keeps_holidays": True,
        "caller_id_choice": str(CallerIdChoice.SAME_FOR_NUMBER),
        "max_channels": 10,
        "calls_per_minute": 60,
        "ring_timeout_s": 30,
        "max_call_s": 300,
        "priority": 5,
        "weight": 1,
        "jitter_percent": 10,
    }
    return values | flow_values(default_definition(language)) | retry_values(DEFAULT_DEFINITION)


def flow_values(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the form's data of a flow definition."""
    values = {
        "language": definition["language"],
        "tries": definition["tries"],
        "transfer_to": definition.get("transfer_to") or "",
        "input_timeout_s": max(1, definition["input_timeout_ms"] // 1000),
        "greeting": prompt_value(definition["greeting"]),
        "menu": prompt_value(definition["menu"]),
    }
    values |= callback_values(definition)
    return values | amd_values(definition) | {_key_name(key): definition["keys"].get(key, "") for key in KEY_ORDER}


def retry_values(rules: dict[str, Any]) -> dict[str, Any]:
    """Return the form's data of retry rules; what is not retried gets no numbers."""
    values: dict[str, Any] = {"max_attempts": rules.get("max_attempts", 1)}
    for disposition in RETRIED:
        rule = rules.get(str(disposition))
        values[f"retry_{disposition}"] = rule is not None
        if rule is not None:
            minutes = rule["delay_s"] / 60
            growth = float(rule.get("growth", 1.0))
            values[f"retry_{disposition}_minutes"] = int(minutes) if minutes == int(minutes) else round(minutes, 4)
            values[f"retry_{disposition}_growth"] = int(growth) if growth == int(growth) else growth
            values[f"retry_{disposition}_attempts"] = rule["max_attempts"]
    return values


def definition_of(form: CampaignForm, audio_paths: dict[int, str], base: dict[str, Any]) -> dict[str, Any]:
    """Return the flow definition the form describes; what the form does not show stays as in `base`."""
    keys = {key: field.data for key, field in form.key_fields() if field.data}
    described = base | {
        "language": form.language.data,
        "greeting": prompt_of(form.greeting.data, audio_paths),
        "menu": prompt_of(form.menu.data, audio_paths),
        "keys": keys,
        "tries": form.tries.data,
        "input_timeout_ms": form.input_timeout_s.data * 1000,
        "amd_mode": form.amd_mode.data,
        "amd": amd_of(form, audio_paths),
        "callback": callback_of(form, keys, audio_paths),
        "transfer_to": form.transfer_to.data or None,
    }
    if Action.CALLBACK in keys.values():
        thanks = {str(Outcome.CALLBACK_REQUESTED): {"kind": "builtin", "name": "callback"}}
        described["thanks"] = thanks | dict(described.get("thanks") or {})
    return {name: value for name, value in described.items() if value is not None}


def retry_rules_of(form: CampaignForm) -> dict[str, Any]:
    """Return the retry rules the form describes; an empty number takes its usual value."""
    rules: dict[str, Any] = {"max_attempts": form.max_attempts.data} | retry_settings(form)
    for disposition, on, minutes, growth, attempts in form.retry_fields():
        if on.data:
            rules[str(disposition)] = {
                "delay_s": float(minutes.data if minutes.data is not None else 60) * 60,
                "growth": float(growth.data or 1),
                "max_attempts": int(attempts.data or form.max_attempts.data),
            }
    return rules
