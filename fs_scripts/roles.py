"""What a conversation needs of the callee's line, of the ear and of the record; tests play them without a switch."""

from enum import Enum
from pathlib import Path
from typing import Protocol

from dialer.outcome import Outcome
from fs_scripts.amd.detector import Verdict


class Waited(Enum):
    """How waiting for a machine's beep ended."""

    HEARD = "heard"
    NONE = "none"  # the longest wait is over
    KEY = "key"  # a key was pressed: a person is there
    HUNG_UP = "hung_up"


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
        """Listen while the call goes on; a verdict that ends the message interrupts the prompt that plays."""

    def overheard(self) -> Verdict | None:
        """Return what listening on has decided, once; None: nothing yet, told already, or nobody listens."""

    def wait_for_beep(self, longest_ms: int) -> Waited:
        """Listen on for the end of the machine's beep, also of one that came with the verdict."""

    def stop(self) -> None:
        """Listen no more."""


class Record(Protocol):
    """Where the facts of this call go; each method returns once the fact is safe."""

    def verdict(self, verdict: Verdict) -> None:
        """Note who answered."""

    def message_started(self) -> None:
        """Note that the first prompt begins."""

    def voicemail_started(self) -> None:
        """Note that a message to a machine begins, without waiting: it must follow the beep at once."""

    def outcome(self, outcome: Outcome) -> None:
        """Note what was decided."""
