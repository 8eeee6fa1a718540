"""A call flow as data: what the callee hears, which keys mean what, and what machines get."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dialer.amd import USUAL, AmdMode, AmdPlan, parse_amd
from dialer.callback import Callback, CallbackTime, parse_callback
from dialer.disposition import Outcome
from dialer.errors import InvalidFlow
from dialer.prompt import Prompt, parse_prompt, parse_whole


class Action(StrEnum):
    """What a key does."""

    INTERESTED = "interested"
    NOT_INTERESTED = "not_interested"
    OPT_OUT = "opt_out"
    REPEAT = "repeat"
    CALLBACK = "callback"
    TRANSFER = "transfer"


OUTCOME_OF: dict[Action, Outcome] = {
    Action.INTERESTED: Outcome.INTERESTED,
    Action.NOT_INTERESTED: Outcome.NOT_INTERESTED,
    Action.OPT_OUT: Outcome.OPTED_OUT,
    Action.CALLBACK: Outcome.CALLBACK_REQUESTED,
    Action.TRANSFER: Outcome.TRANSFERRED,
}
"""Action → the outcome it decides; `repeat` decides none."""


@dataclass(frozen=True, slots=True)
class CallFlow:
    """Answer → AMD → greeting → menu → outcome, as one frozen version of it.

    keys: key → action. tries: how often the menu is offered, 1–5. input_timeout_ms: silence after the
    menu before it counts as no input. thanks: outcome → what is played after it (may lack members).
    amd: what becomes of machines. callback: the times that whoever wants to be called later may choose from; None:
    the wish is written down, and a person sees to it.
    """

    language: str
    greeting: Prompt
    menu: Prompt
    keys: Mapping[str, Action]
    tries: int
    input_timeout_ms: int
    amd_mode: AmdMode
    thanks: Mapping[Outcome, Prompt]
    wrong_key: Prompt | None = None
    transfer_to: str | None = None
    amd: AmdPlan = USUAL
    callback: Callback | None = None

    def chosen_callback(self, digits: str) -> CallbackTime | None:
        """Return the time chosen by all the keys of a call, in their order; None: the call decided something else."""
        for place, digit in enumerate(digits):
            if (action := self.keys.get(digit)) in OUTCOME_OF:
                offered = self.callback if action is Action.CALLBACK else None
                return offered.chosen(digits[place + 1 :]) if offered else None
        return None


LANGUAGES = ("ru", "en")
KEYS = frozenset("0123456789*#")

DEFAULT_KEYS = {"1": "interested", "2": "not_interested", "9": "opt_out", "0": "repeat"}


def default_definition(language: str = "ru", greeting: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the flow of the brief: greeting, 1 interested, 2 not, 9 opt out, 0 repeat; machines cut off."""
    return {
        "language": language,
        "greeting": dict(greeting) if greeting else {"kind": "builtin", "name": "greeting"},
        "menu": {"kind": "builtin", "name": "menu"},
        "keys": dict(DEFAULT_KEYS),
        "tries": 2,
        "input_timeout_ms": 5000,
        "amd_mode": "detect_then_greet",
        "amd": {"hears_early_media": True},
        "thanks": {
            "interested": {"kind": "builtin", "name": "thanks_interested"},
            "not_interested": {"kind": "builtin", "name": "thanks_not_interested"},
            "opted_out": {"kind": "builtin", "name": "opted_out"},
            "no_input": {"kind": "builtin", "name": "goodbye"},
        },
        "wrong_key": {"kind": "builtin", "name": "wrong_key"},
    }


def parse_flow(definition: Mapping[str, Any]) -> CallFlow:
    """Read a definition (JSON object) into a CallFlow; raise InvalidFlow naming the field that is wrong."""
    language = definition.get("language")
    if language not in LANGUAGES:
        raise InvalidFlow(f"language is one of {', '.join(LANGUAGES)}, not {language!r}")
    keys: dict[str, Action] = {}
    for key, action in dict(definition.get("keys") or {}).items():
        if key not in KEYS:
            raise InvalidFlow(f"keys: {key!r} is no key of a telephone (0-9, * and #)")
        try:
            keys[key] = Action(action)
        except ValueError as error:
            raise InvalidFlow(f"keys.{key} is one of {', '.join(Action)}, not {action!r}") from error
    if Action.INTERESTED not in keys.values():
        raise InvalidFlow("keys: one key must mean interested")
    transfer_to = definition.get("transfer_to")
    if Action.TRANSFER in keys.values() and not transfer_to:
        raise InvalidFlow("transfer_to is needed when a key transfers to an operator")
    try:
        amd_mode = AmdMode(definition.get("amd_mode", ""))
        thanks = {
            Outcome(name): parse_prompt(prompt, f"thanks.{name}")
            for name, prompt in dict(definition.get("thanks") or {}).items()
        }
    except ValueError as error:
        raise InvalidFlow(
            f"amd_mode is one of {', '.join(AmdMode)}; thanks are named after outcomes: {error}"
        ) from error
    wrong_key = definition.get("wrong_key")
    return CallFlow(
        language=language,
        greeting=parse_prompt(definition.get("greeting"), "greeting"),
        menu=parse_prompt(definition.get("menu"), "menu"),
        keys=keys,
        tries=parse_whole(definition, "tries", 1, 5),
        input_timeout_ms=parse_whole(definition, "input_timeout_ms", 1000, 30000),
        amd_mode=amd_mode,
        thanks=thanks,
        wrong_key=parse_prompt(wrong_key, "wrong_key") if wrong_key else None,
        transfer_to=str(transfer_to) if transfer_to else None,
        amd=parse_amd(definition.get("amd") or {}),
        callback=parse_callback(definition["callback"], KEYS) if definition.get("callback") else None,
    )
