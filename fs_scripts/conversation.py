"""The conversation: answer → detection → greeting → menu → outcome, one flat state machine per call."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from dialer.amd import AmdAction, AmdMode
from dialer.call_flow import OUTCOME_OF, CallFlow
from dialer.callback import Callback
from dialer.outcome import Outcome
from dialer.prompt import Prompt
from fs_scripts.amd.detector import Verdict
from fs_scripts.menu import Menu, Move
from fs_scripts.prompts import PromptMissing
from fs_scripts.roles import Ear, Line, Record, Waited

logger = logging.getLogger(__name__)

PROMPT_SKIPPED = "a prompt is missing and was skipped"

DONE = "NORMAL_CLEARING"
"""Cause with which a conversation that came to its end hangs up."""

CUT_OFF = {Verdict.MACHINE: Outcome.MACHINE, Verdict.FAX: Outcome.FAX, Verdict.UNSURE: Outcome.ABANDONED}
"""Verdict → the outcome of a call that is cut off because of it. Whoever is unsure may be a person, so that counts as
abandoned."""


class Step(Enum):
    """Where the conversation is."""

    LISTEN = "listen"
    VOICEMAIL = "voicemail"
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
    is_undecided: bool = False  # we listen while we speak

    def hold(self) -> None:
        """Talk until an outcome is decided or the callee hangs up, then hang up."""
        step = Step.LISTEN
        while step is not Step.END and (self.line.is_up() or self._is_owed(step)):
            step = self._take(step)
        if self.is_undecided and (verdict := self.ear.overheard()) is not None:
            self.record.verdict(verdict)  # in the last moment: nothing follows from it any more
        self.line.hang_up(DONE)

    def _is_owed(self, step: Step) -> bool:
        """A key pressed just before the hang-up still counts."""
        return step is Step.DECIDED or self.line.has_key()

    def _take(self, step: Step) -> Step:
        match step:
            case Step.LISTEN:
                return self._listen()
            case Step.VOICEMAIL:
                return self._leave_message()
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
            self.is_undecided = True
            return Step.GREET
        verdict = self.ear.decide()
        if verdict is None:
            return Step.END
        return self._heard(verdict, Step.GREET)

    def _heard(self, verdict: Verdict, go_on: Step) -> Step:
        """Do what the campaign wants of this verdict; a key pressed meanwhile means a person."""
        is_person = self.line.has_key()
        self.record.verdict(Verdict.HUMAN if is_person else verdict)
        if is_person:
            return go_on if self.has_message_begun else self._key_before_the_message()
        match self.flow.amd.action(verdict):
            case AmdAction.HANG_UP:
                self.record.outcome(CUT_OFF[verdict])
                return Step.END
            case AmdAction.LEAVE_MESSAGE:
                return Step.VOICEMAIL
        return go_on

    def _overheard(self, go_on: Step) -> Step:
        """Return the step that follows from what was heard while we spoke, `go_on` when nothing does."""
        verdict = self.ear.overheard() if self.is_undecided else None
        if verdict is None:
            return go_on
        self.is_undecided = False
        return self._heard(verdict, go_on)

    def _leave_message(self) -> Step:
        """Wait for the beep and leave the message; a key means that a person has picked up after all."""
        plan = self.flow.amd
        heard = self.ear.wait_for_beep(plan.beep_wait_ms)
        if heard is Waited.KEY:
            return self._a_person_after_all()
        message = self._voicemail()
        is_left = heard is Waited.HEARD or (heard is Waited.NONE and plan.without_beep is AmdAction.LEAVE_MESSAGE)
        if message is None or not is_left:
            self.record.outcome(Outcome.MACHINE)
            return Step.END
        self.record.voicemail_started()
        self.has_message_begun = True
        self.line.play(message, until_key=True)
        if self.line.has_key():
            return self._a_person_after_all()
        # A machine that hung up in the middle has not recorded the message.
        self.record.outcome(Outcome.VOICEMAIL_LEFT if self.line.is_up() else Outcome.MACHINE)
        return Step.END

    def _voicemail(self) -> Path | None:
        assert self.flow.amd.message is not None
        try:
            return self.path_of(self.flow.amd.message)
        except PromptMissing as missing:
            logger.error(PROMPT_SKIPPED, extra={"reason": str(missing)})  # noqa: TRY400 - expected, no traceback
            return None

    def _a_person_after_all(self) -> Step:
        self.record.verdict(Verdict.HUMAN)
        return Step.MENU if self.has_message_begun else self._key_before_the_message()

    def _key_before_the_message(self) -> Step:
        """A key that decides is the menu's answer; any other only showed that a person is there."""
        key = self.line.take_key()
        if key and self.flow.keys.get(key) in OUTCOME_OF and self.menu.answer(key) is Move.DECIDE:
            return Step.DECIDED
        return Step.GREET

    def _greet(self) -> Step:
        self._play(self.flow.greeting, until_key=True)
        return self._overheard(Step.MENU)

    def _ask(self) -> Step:
        for speak_or_wait in (self._offer, self._await_key):
            speak_or_wait()
            step = self._overheard(Step.MENU)
            if step is not Step.MENU:
                return step
        self._settle_by_key()
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

    def _offer(self) -> None:
        if not self.line.has_key():
            self._play(self.flow.menu, until_key=True)

    def _await_key(self) -> None:
        if not self.line.has_key():
            self.line.wait(self.flow.input_timeout_ms)

    def _settle_by_key(self) -> None:
        """A key settles who is there, if the detector has not."""
        if self.is_undecided and self.line.has_key():
            self.is_undecided = False
            self.ear.stop()
            self.record.verdict(Verdict.HUMAN)

    def _refuse(self) -> Step:
        self._play_if_there(self.flow.wrong_key, until_key=True)
        return self._overheard(Step.MENU)

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
        if outcome is Outcome.CALLBACK_REQUESTED and self.flow.callback:
            self._choose_time(self.flow.callback)
        self._play_if_there(self.flow.thanks.get(outcome), until_key=False)
        if outcome is Outcome.TRANSFERRED and self.flow.transfer_to and self.line.is_up():
            self.connect(self.flow.transfer_to)
        return Step.END

    def _choose_time(self, offered: Callback) -> None:
        """Ask when to call back. What is pressed is read from the call's keys when it is concluded."""
        for _ in range(self.flow.tries):
            self._play_if_there(offered.prompt, until_key=True)
            self._await_key()
            key = self.line.take_key()
            if key in offered.keys or not self.line.is_up():
                return
            if key is not None:
                self._play_if_there(self.flow.wrong_key, until_key=True)

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
