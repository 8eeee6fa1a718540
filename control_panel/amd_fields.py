"""The campaign form's part about answering machines: its fields, and its way into a flow definition and back."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange, Optional

from control_panel.labels import label
from control_panel.number_fields import WholeField
from dialer.amd import ACTIONS, BEEP_WAIT_MS, LIMITS, USUAL_BEEP_WAIT_MS, WITHOUT_BEEP, AmdAction, AmdMode
from dialer.prompt import PromptKind

THRESHOLDS = tuple(LIMITS)
NO_MESSAGE = ""


def _number(text: Any, low: int, high: int) -> WholeField:
    between = _l("A whole number from %(low)s to %(high)s, or nothing.", low=low, high=high)
    return WholeField(text, [Optional(), NumberRange(low, high, between)])


class AmdFields:
    """Mixed into the campaign form. Empty thresholds are those that were learnt."""

    amd_mode = SelectField(_l("Who answered"))
    amd_on_machine = SelectField(_l("An answering machine"))
    amd_on_fax = SelectField(_l("A fax"))
    amd_on_unsure = SelectField(_l("Nobody can tell"))
    amd_message = SelectField(_l("Message for machines"))
    amd_beep_wait_s = _number(_l("Wait for the beep"), BEEP_WAIT_MS[0] // 1000, BEEP_WAIT_MS[1] // 1000)
    amd_without_beep = SelectField(_l("Without a beep"))
    amd_certainty = _number(_l("Certainty needed for a machine"), *LIMITS["certainty"])
    amd_silence_ms = _number(_l("Pause that ends a person's greeting"), *LIMITS["silence_ms"])
    amd_nothing_ms = _number(_l("Nothing heard for"), *LIMITS["nothing_ms"])
    amd_longest_ms = _number(_l("Listen for at most"), *LIMITS["longest_ms"])
    amd_keeps_audio = BooleanField(_l("Keep the first 8 seconds of what is heard"))
    amd_hears_early_media = BooleanField(_l("Listen before the answer too"))

    def validate_amd_message(self, field: SelectField) -> None:
        """A machine that is to be left a message needs one."""
        if self.amd_on_machine.data == AmdAction.LEAVE_MESSAGE and field.data == NO_MESSAGE:
            raise ValidationError(_l("Choose the message that machines get."))

    def fill_amd_choices(self, uploaded: Mapping[str, str]) -> None:
        """Give every select its choices; uploaded: value → name of uploaded audio."""
        self.amd_mode.choices = _choices(AmdMode)
        for verdict, actions in ACTIONS.items():
            self[f"amd_on_{verdict}"].choices = _choices(actions)  # type: ignore[index]
        self.amd_without_beep.choices = _choices(WITHOUT_BEEP)
        nothing = {NO_MESSAGE: _l("none"), "builtin:greeting": _l("Built-in greeting")}
        self.amd_message.choices = [SelectChoice(value, name) for value, name in {**nothing, **uploaded}.items()]


def _choices(members: Any) -> list[SelectChoice]:
    return [SelectChoice(str(member), label(member)) for member in members]


def amd_values(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form's data of a flow definition."""
    amd = definition.get("amd") or {}
    message, thresholds = amd.get("message"), amd.get("thresholds") or {}
    values: dict[str, Any] = {
        f"amd_on_{verdict}": str(amd.get(f"on_{verdict}", actions[0])) for verdict, actions in ACTIONS.items()
    }
    return values | {
        "amd_mode": definition["amd_mode"],
        "amd_message": prompt_value(message) if message else NO_MESSAGE,
        "amd_beep_wait_s": amd.get("beep_wait_ms", USUAL_BEEP_WAIT_MS) // 1000,
        "amd_without_beep": str(amd.get("without_beep", WITHOUT_BEEP[0])),
        "amd_keeps_audio": amd.get("keeps_audio", False),
        "amd_hears_early_media": amd.get("hears_early_media", False),
        **{f"amd_{name}": thresholds.get(name) for name in THRESHOLDS},
    }


def amd_of(form: Any, audio_paths: Mapping[int, str]) -> dict[str, Any]:
    """Return the flow definition's `amd` object that the form describes."""
    amd: dict[str, Any] = {f"on_{verdict}": form[f"amd_on_{verdict}"].data for verdict in ACTIONS}
    if form.amd_message.data != NO_MESSAGE:
        amd["message"] = prompt_of(form.amd_message.data, audio_paths)
    thresholds = {name: form[f"amd_{name}"].data for name in THRESHOLDS if form[f"amd_{name}"].data is not None}
    if thresholds:
        amd["thresholds"] = thresholds
    return amd | {
        "beep_wait_ms": (form.amd_beep_wait_s.data or USUAL_BEEP_WAIT_MS // 1000) * 1000,
        "without_beep": form.amd_without_beep.data,
        "keeps_audio": form.amd_keeps_audio.data,
        "hears_early_media": form.amd_hears_early_media.data,
    }


def prompt_value(prompt: Mapping[str, Any]) -> str:
    """Return a select's value for a prompt of a definition."""
    return f"audio:{prompt['audio_id']}" if prompt["kind"] == PromptKind.AUDIO else f"builtin:{prompt['name']}"


def prompt_of(value: str, audio_paths: Mapping[int, str]) -> dict[str, Any]:
    """Return the definition's prompt for a select's value."""
    kind, _colon, name = value.partition(":")
    if kind == PromptKind.AUDIO:
        return {"kind": "audio", "name": audio_paths[int(name)], "audio_id": int(name)}
    return {"kind": "builtin", "name": name}
