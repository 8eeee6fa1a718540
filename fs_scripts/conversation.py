"""The conversation: answer → detection → greeting → menu → outcome, one flat state machine per call."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from dialer.call_flow import OUTCOME_OF, AmdMode, CallFlow, Prompt
from dialer.outcome import Outcome
from fs_scripts.amd.detector import Verdict
from fs_scripts.menu import Menu, Move
from fs_scripts.prompts import PromptMissing

logger = logging.getLogger(__name__)

PROMPT_SKIPPED = "a prompt is missing and was skipped"

DONE = "NORMAL_CLEARING"
"""Cause with which a conversation that came to its end hangs up."""

CUT_OFF = {Verdict.MACHINE: Outcome.MACHINE, Verdict.FAX: Outcome.FAX}
"""Verdict → the outcome of a call that is cut off because of it; others are talked to."""


class Line(Protocol):
    """The callee's line, as fs_scripts.channel.Channel offers it."""

    def is_up(self) -> bool:
        """Say whether the call is still there."""

    def has_key(self) -> bool:
        """Say whether a key was pressed that nobody has taken yet."""

    def take_key(self) -> str | None:
        """Return the oldest key nobody has taken yet."""

    def play(self, path: Path, *, until_key: bool) -> None:
        """Play a file to its end, to a key or to the hang-up."""

    def wait(self, duration_ms: int) -> None:
        """Wait until a key is there, the call has ended or the time is over."""

    def hang_up(self, cause: str) -> None:
        """End the call."""


class Ear(Protocol):
    """Says who answered."""

    def decide(self) -> Verdict | None:
        """Listen until it is clear who answered; None: the callee hung up first."""

    def listen_on(self) -> None:
        """Listen while the call goes on; a machine interrupts the prompt that plays."""

    def decide_on_what_was_heard(self) -> Verdict | None:
        """End listening on; None: nothing speaks against a person yet."""


class Record(Protocol):
    """Where the facts of this call go; each method returns once the fact is safe."""

    def verdict(self, verdict: Verdict) -> None:
        """Note who answered."""

    def message_started(self) -> None:
        """Note that the first prompt begins."""

    def outcome(self, outcome: Outcome) -> None:
        """Note what was decided."""


class Step(Enum):
    """Where the conversation is."""

    LISTEN = "listen"
    GREET = "greet"
    MENU = "menu"
    REFUSE = "refuse"
    GIVE_UP = "give_up"
    DECIDED = "decided"
    END = "end"


@dataclass(slots=True)
class Conversation:
    """One call's conversation. path_of: prompt → its file, raises PromptMissing. connect: puts the callee through."""

    line: Line
    ear: Ear
    record: Record
    flow: CallFlow
    path_of: Callable[[Prompt], Path]
    menu: Menu
    connect: Callable[[str], bool]
    has_message_begun: bool = False

    def hold(self) -> None:
        """Talk until an outcome is decided or the callee hangs up, then hang up."""
        step = Step.LISTEN
        while step is not Step.END and (self.line.is_up() or self._is_owed(step)):
            step = self._take(step)
        self.line.hang_up(DONE)

    def _is_owed(self, step: Step) -> bool:
        """A key pressed just before the hang-up still counts."""
        return step is Step.DECIDED or self.line.has_key()

    def _take(self, step: Step) -> Step:
        match step:
            case Step.LISTEN:
                return self._listen()
            case Step.GREET:
                return self._greet()
            case Step.MENU:
                return self._ask()
            case Step.REFUSE:
                return self._refuse()
            case Step.GIVE_UP:
                return self._give_up()
            case Step.DECIDED:
                return self._decided()
        return Step.END

    def _listen(self) -> Step:
        if self.flow.amd_mode is AmdMode.OFF:
            return Step.GREET
        if self.flow.amd_mode is AmdMode.GREET_WHILE_DETECTING:
            self.ear.listen_on()
            return Step.GREET
        verdict = self.ear.decide()
        if verdict is None:
            return Step.END
        return self._heard(verdict, Step.GREET)

    def _heard(self, verdict: Verdict, go_on: Step) -> Step:
        self.record.verdict(verdict)
        if verdict in CUT_OFF and not self.line.has_key():
            self.record.outcome(CUT_OFF[verdict])
            return Step.END
        if not self.has_message_begun and self.line.has_key():
            return self._key_before_the_message()
        return go_on

    def _key_before_the_message(self) -> Step:
        """A key that decides is the menu's answer; any other only showed that a person is there."""
        key = self.line.take_key()
        if key and self.flow.keys.get(key) in OUTCOME_OF and self.menu.answer(key) is Move.DECIDE:
            return Step.DECIDED
        return Step.GREET

    def _greet(self) -> Step:
        is_first = not self.has_message_begun
        try:
            self._play(self.flow.greeting, until_key=True)
        finally:
            verdict = self.ear.decide_on_what_was_heard() if is_first else None
        if is_first and self.line.has_key() and self.flow.amd_mode is AmdMode.GREET_WHILE_DETECTING:
            self.record.verdict(Verdict.HUMAN)
            return Step.MENU
        return Step.MENU if verdict is None else self._heard(verdict, Step.MENU)

    def _ask(self) -> Step:
        if not self.line.has_key():
            self._play(self.flow.menu, until_key=True)
        if not self.line.has_key():
            self.line.wait(self.flow.input_timeout_ms)
        key = self.line.take_key()
        if key is None and not self.line.is_up():
            return Step.END
        match self.menu.answer(key):
            case Move.REPLAY:
                return Step.GREET
            case Move.ASK_AGAIN:
                return Step.MENU
            case Move.REFUSE:
                return Step.REFUSE
            case Move.DECIDE:
                return Step.DECIDED
        return Step.GIVE_UP

    def _refuse(self) -> Step:
        self._play_if_there(self.flow.wrong_key, until_key=True)
        return Step.MENU

    def _give_up(self) -> Step:
        """Say goodbye; a key that decides still counts while it plays."""
        self._play_if_there(self.flow.thanks.get(Outcome.NO_INPUT), until_key=True)
        key = self.line.take_key()
        if key and self.flow.keys.get(key) in OUTCOME_OF and self.menu.answer(key) is Move.DECIDE:
            return Step.DECIDED
        self.record.outcome(Outcome.NO_INPUT)
        return Step.END

    def _decided(self) -> Step:
        outcome = self.menu.outcome
        assert outcome is not None
        self.record.outcome(outcome)  # safe before the callee is thanked for it
        self._play_if_there(self.flow.thanks.get(outcome), until_key=False)
        if outcome is Outcome.TRANSFERRED and self.flow.transfer_to and self.line.is_up():
            self.connect(self.flow.transfer_to)
        return Step.END

    def _play(self, prompt: Prompt, *, until_key: bool) -> None:
        """Play what the conversation can't do without; raises PromptMissing before the message counts as begun."""
        path = self.path_of(prompt)
        if until_key and self.line.has_key():
            return
        if not self.has_message_begun:
            self.record.message_started()
            self.has_message_begun = True
        self.line.play(path, until_key=until_key)

    def _play_if_there(self, prompt: Prompt | None, *, until_key: bool) -> None:
        if prompt is None or not self.line.is_up():
            return
        try:
            self._play(prompt, until_key=until_key)
        except PromptMissing as missing:
            logger.error(PROMPT_SKIPPED, extra={"reason": str(missing)})  # noqa: TRY400 - expected, no traceback
