"""What a campaign wants of answering-machine detection: what verdicts lead to, how sure they must be, what is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dialer.errors import InvalidFlow
from dialer.prompt import Prompt, parse_prompt, parse_whole


class AmdMode(StrEnum):
    """Whether and how answering machines are told from people."""

    OFF = "off"
    """Whoever answers gets the greeting."""
    DETECT_THEN_GREET = "detect_then_greet"
    """Listen first; the greeting starts once a person is heard."""
    GREET_WHILE_DETECTING = "greet_while_detecting"
    """The greeting starts at once and the detector runs on."""


class AmdAction(StrEnum):
    """What a verdict leads to."""

    HANG_UP = "hang_up"
    """The call is ended at once."""
    LEAVE_MESSAGE = "leave_message"
    """A message of its own is left after the beep."""
    GO_ON = "go_on"
    """It is treated as a person: greeting and menu."""


ACTIONS: dict[str, tuple[AmdAction, ...]] = {
    "machine": (AmdAction.HANG_UP, AmdAction.LEAVE_MESSAGE, AmdAction.GO_ON),
    "fax": (AmdAction.HANG_UP, AmdAction.GO_ON),
    "unsure": (AmdAction.GO_ON, AmdAction.HANG_UP),
}
"""Verdict → what it may lead to, the usual one first. A fax takes no message; whoever is unsure may be a person, who
would wait in vain for the beep. A person is always talked to."""

WITHOUT_BEEP = (AmdAction.HANG_UP, AmdAction.LEAVE_MESSAGE)
"""What may follow when no beep came in time, the usual one first."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The detector's bars; None: as they were learnt, which is best unless a campaign's callees are unusual.

    certainty: percent a machine's probability must reach before it is one; higher loses fewer people.
    silence_ms: pause after which a person's greeting counts as over, when a machine is out of the question.
    nothing_ms: nothing heard for so long is unsure. longest_ms: then what was heard decides.
    The upper limits keep the promise that the message begins within 4 s of the answer.
    """

    certainty: int | None = None
    silence_ms: int | None = None
    nothing_ms: int | None = None
    longest_ms: int | None = None


AS_LEARNT = Thresholds()
LIMITS: dict[str, tuple[int, int]] = {
    "certainty": (60, 99),
    "silence_ms": (200, 1000),
    "nothing_ms": (1500, 3500),
    "longest_ms": (2000, 3700),
}
"""Threshold → the least and the most it may be."""
BEEP_WAIT_MS = (3000, 60_000)
USUAL_BEEP_WAIT_MS = 30_000


@dataclass(frozen=True, slots=True)
class AmdPlan:
    """What a campaign does with each verdict.

    message: what a machine gets after its beep. beep_wait_ms: longest wait for it, from the verdict on; then
    `without_beep`. keeps_audio: the first 8 s of what the callee says are kept with the evidence.
    hears_early_media: announcements before the answer conclude a call without waiting for the time-out.
    """

    on_machine: AmdAction = AmdAction.HANG_UP
    on_fax: AmdAction = AmdAction.HANG_UP
    on_unsure: AmdAction = AmdAction.GO_ON
    message: Prompt | None = None
    beep_wait_ms: int = USUAL_BEEP_WAIT_MS
    without_beep: AmdAction = AmdAction.HANG_UP
    thresholds: Thresholds = AS_LEARNT
    keeps_audio: bool = False
    hears_early_media: bool = False

    def action(self, verdict: str) -> AmdAction:
        """Return what this verdict ('human', 'machine', 'fax', 'unsure') leads to."""
        return {"machine": self.on_machine, "fax": self.on_fax, "unsure": self.on_unsure}.get(verdict, AmdAction.GO_ON)

    def cut_short(self) -> frozenset[str]:
        """Return the verdicts that interrupt a message which has begun."""
        return frozenset(verdict for verdict in ACTIONS if self.action(verdict) is not AmdAction.GO_ON)


def parse_amd(definition: Mapping[str, Any]) -> AmdPlan:
    """Read a flow's `amd` object, in which everything has a usual value; raise InvalidFlow naming the field."""
    unknown = definition.keys() - KNOWN
    if unknown:
        raise InvalidFlow(f"amd has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(KNOWN))}")
    message = definition.get("message")
    plan = AmdPlan(
        on_machine=_action(definition, "on_machine", ACTIONS["machine"]),
        on_fax=_action(definition, "on_fax", ACTIONS["fax"]),
        on_unsure=_action(definition, "on_unsure", ACTIONS["unsure"]),
        message=parse_prompt(message, "amd.message") if message else None,
        beep_wait_ms=parse_whole(
            {"beep_wait_ms": USUAL_BEEP_WAIT_MS, **definition}, "beep_wait_ms", *BEEP_WAIT_MS, "amd."
        ),
        without_beep=_action(definition, "without_beep", WITHOUT_BEEP),
        thresholds=_thresholds(definition.get("thresholds") or {}),
        keeps_audio=_switch(definition, "keeps_audio", usual=False),
        hears_early_media=_switch(definition, "hears_early_media", usual=False),
    )
    if plan.on_machine is AmdAction.LEAVE_MESSAGE and plan.message is None:
        raise InvalidFlow("amd.message is needed when a machine is left a message")
    return plan


KNOWN = frozenset(AmdPlan.__slots__)
USUAL = AmdPlan()


def _action(definition: Mapping[str, Any], name: str, legal: tuple[AmdAction, ...]) -> AmdAction:
    value = definition.get(name, legal[0])
    if value not in legal:
        raise InvalidFlow(f"amd.{name} is one of {', '.join(legal)}, not {value!r}")
    return AmdAction(value)


def _switch(definition: Mapping[str, Any], name: str, *, usual: bool) -> bool:
    value = definition.get(name, usual)
    if not isinstance(value, bool):
        raise InvalidFlow(f"amd.{name} is true or false, not {value!r}")
    return value


def _thresholds(definition: Any) -> Thresholds:
    if not isinstance(definition, Mapping) or definition.keys() - LIMITS.keys():
        raise InvalidFlow(f"amd.thresholds may have {', '.join(LIMITS)}, not {definition!r}")
    given = {
        name: parse_whole(definition, name, *LIMITS[name], "amd.thresholds.")
        for name, value in definition.items()
        if value is not None
    }
    return Thresholds(**given)
