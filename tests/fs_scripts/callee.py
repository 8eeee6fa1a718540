"""A scripted callee: the line, ear and record of a conversation, without a switch and without waiting."""

from dataclasses import dataclass, field
from pathlib import Path

from dialer.call_flow import CallFlow, default_definition, parse_flow
from dialer.outcome import Outcome
from dialer.prompt import Prompt
from fs_scripts.amd.detector import Verdict
from fs_scripts.conversation import Conversation
from fs_scripts.menu import Menu
from fs_scripts.prompts import PromptMissing
from fs_scripts.roles import Waited

HANG_UP = "hang up"
DECIDES_NOW = "decides now"
"""The detector, which was undecided so far, says machine."""


@dataclass
class Callee:
    """Does one thing at each prompt or wait: a key, HANG_UP, or nothing (None); nothing once the script is over.

    at: what is done while the prompt of this name plays (`listening`, `beep` and `silence` are the waits).
    verdict_of_what_was_heard: there when the first prompt is over.
    """

    at: dict[str, list[str | None]] = field(default_factory=dict)
    verdict: Verdict | None = Verdict.HUMAN
    verdict_of_what_was_heard: Verdict | None = None
    beep: Waited = Waited.HEARD
    missing: frozenset[str] = frozenset()
    events: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    up: bool = True

    def _act(self, moment: str) -> None:
        script = self.at.get(moment)
        if not self.up or not script:
            return
        for action in (script.pop(0) or "").split("+"):
            if action == HANG_UP:
                self.up = False
            elif action == DECIDES_NOW:
                self.verdict_of_what_was_heard = Verdict.MACHINE
            elif action:
                self.keys.append(action)

    def is_up(self) -> bool:
        return self.up

    def has_key(self) -> bool:
        return bool(self.keys)

    def take_key(self) -> str | None:
        return self.keys.pop(0) if self.keys else None

    def play(self, path: Path, *, until_key: bool) -> None:
        assert not (until_key and self.keys), "a key that waits must keep the prompt from playing"
        if self.up:
            self.events.append(f"hears {path.stem}")
            self._act(path.stem)

    def wait(self, duration_ms: int) -> None:
        self._act("silence")

    def bridge(self, number: str) -> bool:
        self.events.append(f"is connected with {number}")
        return True

    def hang_up(self, cause: str) -> None:
        if self.up:
            self.events.append(f"we hang up {cause}")
        self.up = False

    # the ear

    def listen_on(self) -> None:
        self.events.append("we listen on")

    def decide(self) -> Verdict | None:
        self.events.append("we listen")
        self._act("listening")
        if self.keys:
            return Verdict.HUMAN
        return self.verdict if self.up else None

    def overheard(self) -> Verdict | None:
        verdict, self.verdict_of_what_was_heard = self.verdict_of_what_was_heard, None
        return verdict

    def wait_for_beep(self, longest_ms: int) -> Waited:
        self.events.append("we wait for the beep")
        self._act("beep")
        if not self.up:
            return Waited.HUNG_UP
        return Waited.KEY if self.keys else self.beep

    def stop(self) -> None:
        self.verdict_of_what_was_heard = None

    # the record

    def message_started(self) -> None:
        self.events.append("noted: message started")

    def voicemail_started(self) -> None:
        self.events.append("noted: voicemail started")

    def outcome(self, outcome: Outcome) -> None:
        self.events.append(f"noted: {outcome}")


class Notes:
    """The record's side that would clash with the callee's own names."""

    def __init__(self, callee: Callee) -> None:
        self._callee = callee

    def verdict(self, verdict: Verdict) -> None:
        self._callee.events.append(f"noted: {verdict}")

    def message_started(self) -> None:
        self._callee.message_started()

    def voicemail_started(self) -> None:
        self._callee.voicemail_started()

    def outcome(self, outcome: Outcome) -> None:
        self._callee.outcome(outcome)


def flow(**overrides: object) -> CallFlow:
    """Return the default flow, in which nobody listens for machines, with these fields replaced."""
    return parse_flow({**default_definition("en"), "amd_mode": "off", **overrides})


def talk(callee: Callee, call_flow: CallFlow) -> list[str]:
    """Hold the conversation and return what happened, in order."""

    def path_of(prompt: Prompt) -> Path:
        if prompt.name in callee.missing:
            raise PromptMissing(prompt.name)
        return Path(f"{prompt.name}.wav")

    Conversation(callee, callee, Notes(callee), call_flow, path_of, Menu(call_flow), callee.bridge).hold()
    return callee.events
