"""The menu: what the next key, or none, means, and how often it may be asked again."""

from dataclasses import dataclass, field
from enum import Enum

from dialer.call_flow import OUTCOME_OF, Action, CallFlow
from dialer.outcome import Outcome

MAX_REPEATS = 3
"""So often the repeat key replays the message for free; after that it costs a try like silence."""


class Move(Enum):
    """What the conversation does next."""

    REPLAY = "replay"  # the message again, from its beginning
    ASK_AGAIN = "ask_again"  # the menu again
    REFUSE = "refuse"  # "there is no such key", then the menu again
    DECIDE = "decide"  # the key decided an outcome
    GIVE_UP = "give_up"  # tries are used up


@dataclass(slots=True)
class Menu:
    """The state of one call's menu."""

    flow: CallFlow
    tries_used: int = field(default=0, init=False)
    repeats_used: int = field(default=0, init=False)
    outcome: Outcome | None = field(default=None, init=False)

    def answer(self, key: str | None) -> Move:
        """Take the callee's key, None for silence, and say what follows; `outcome` is set with DECIDE."""
        action = self.flow.keys.get(key) if key else None
        if action in OUTCOME_OF:
            self.outcome = OUTCOME_OF[action]
            return Move.DECIDE
        if action is Action.REPEAT and self.repeats_used < MAX_REPEATS:
            self.repeats_used += 1
            return Move.REPLAY
        self.tries_used += 1
        if self.tries_used >= self.flow.tries:
            return Move.GIVE_UP
        if action is Action.REPEAT:
            return Move.REPLAY
        return Move.ASK_AGAIN if key is None else Move.REFUSE
