"""The campaign form's part about calling back: which times a callee may choose, into a flow definition and back."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from control_panel.amd_fields import prompt_of, prompt_value
from dialer.call_flow import Action

KEYS = ("1", "2", "3")
"""Of a telephone, offered to whoever asked for a later call."""
TIMES: dict[str, Any] = {
    "": _l("nothing"),
    "30": _l("in half an hour"),
    "60": _l("in an hour"),
    "120": _l("in two hours"),
    "240": _l("in four hours"),
    "0 12:00": _l("today at noon"),
    "0 18:00": _l("this evening, 18:00"),
    "1 10:00": _l("tomorrow, 10:00"),
    "1 18:00": _l("tomorrow, 18:00"),
    "2 10:00": _l("the day after tomorrow, 10:00"),
    "7 10:00": _l("in a week, 10:00"),
}
"""A time as the form sends it, minutes or days and a clock → in words."""
USUAL = {"1": "60", "2": "0 18:00", "3": "1 10:00"}
"""What the built-in prompt says."""


class CallbackFields:
    """Mixed into the campaign form."""

    callback_prompt = SelectField(_l("Question for the time"), default="builtin:callback_when")
    callback_1 = SelectField(_l("Then key %(key)s", key="1"), default=USUAL["1"])
    callback_2 = SelectField(_l("Then key %(key)s", key="2"), default=USUAL["2"])
    callback_3 = SelectField(_l("Then key %(key)s", key="3"), default=USUAL["3"])

    def callback_time_fields(self) -> list[SelectField]:
        """Return the field of each key, in their order."""
        return [self[f"callback_{key}"] for key in KEYS]  # type: ignore[index]

    def fill_callback_choices(self, uploaded: Mapping[str, str], kept: Mapping[str, Any]) -> None:
        """Give every select its choices; uploaded: value → name of audio. kept: what is stored, usual or not."""
        prompts = {"builtin:callback_when": _l("Built-in question"), **uploaded}
        self.callback_prompt.choices = [SelectChoice(value, text) for value, text in prompts.items()]
        for field in self.callback_time_fields():
            stored = kept.get(field.name, "")
            times = TIMES if stored in TIMES else {**TIMES, stored: stored}
            field.choices = [SelectChoice(value, text) for value, text in times.items()]


def callback_values(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return the form's data of a flow definition."""
    callback = definition.get("callback")
    if not callback:
        return {"callback_prompt": "builtin:callback_when"} | {f"callback_{key}": USUAL[key] for key in KEYS}
    times = {f"callback_{key}": _text(callback["keys"].get(key)) for key in KEYS}
    return {"callback_prompt": prompt_value(callback["prompt"]), **times}


def _text(when: Mapping[str, Any] | None) -> str:
    if when is None:
        return ""
    return str(when["minutes"]) if "minutes" in when else f"{when['days']} {when['at']}"


def _when(text: str) -> dict[str, Any]:
    days, _space, at = text.partition(" ")
    return {"days": int(days), "at": at} if at else {"minutes": int(days)}


def callback_of(form: Any, keys: Mapping[str, str], audio_paths: Mapping[int, str]) -> dict[str, Any] | None:
    """Return the flow definition's part the form describes; None when no key asks for a later call."""
    times = {key: _when(form[f"callback_{key}"].data) for key in KEYS if form[f"callback_{key}"].data}
    if Action.CALLBACK not in keys.values() or not times:
        return None
    return {"prompt": prompt_of(form.callback_prompt.data, dict(audio_paths)), "keys": times}
