"""Which switch the next call goes to, and why one gets none: pure decisions of what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SILENT_S = 1.5
"""A switch that left a question open for so long gets no further call; it is asked more than twice a second."""
SCRIPTS_SILENT_S = 3.0
"""The scripts in the switch give a sign of life three times a second."""


class Out(StrEnum):
    """Why a switch gets no call."""

    DISABLED = "disabled"
    """An administrator took it out: its calls end by themselves."""
    AWAY = "away"
    """There is no connection to its Event Socket."""
    SIGN_IN = "sign_in"
    """It refuses our password, or the file that should hold it does not."""
    SILENT = "silent"
    """It is connected and does not answer."""
    SCRIPTS_SILENT = "scripts_silent"
    """It answers, but the call scripts in it give no sign of life."""
    SPOOL_FULL = "spool_full"
    """Its disk could not keep the results of further calls."""
    RETURNING = "returning"
    """It has come back: the calls it had are compared with what it knows."""
    SPOOL_WAITS = "spool_waits"
    """It has come back with results that are not in PostgreSQL yet."""
    REFUSED = "refused"
    """It refused an originate as a command; it is tried again in a few seconds."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one scheduler knows of a switch now. Ages in seconds; None: it was not heard since the connection.

    is_compared: its open attempts were looked at since the connection; is_drained: its spool was empty since.
    """

    is_enabled: bool
    is_connected: bool
    answer_age_s: float
    sign_age_s: float | None = None
    is_full: bool = False
    is_compared: bool = False
    is_drained: bool = False
    is_refusing: bool = False
    is_password_refused: bool = False


def why_out(seen: Sighting) -> Out | None:
    """Return the first reason for which the switch gets no call, None: it takes calls."""
    reasons = (
        (not seen.is_enabled, Out.DISABLED),
        (not seen.is_connected and seen.is_password_refused, Out.SIGN_IN),
        (not seen.is_connected, Out.AWAY),
        (seen.answer_age_s > SILENT_S, Out.SILENT),
        (seen.sign_age_s is None or seen.sign_age_s > SCRIPTS_SILENT_S, Out.SCRIPTS_SILENT),
        (seen.is_full, Out.SPOOL_FULL),
        (not seen.is_compared, Out.RETURNING),
        (not seen.is_drained, Out.SPOOL_WAITS),
        (seen.is_refusing, Out.REFUSED),
    )
    return next((reason for holds, reason in reasons if holds), None)


@dataclass(frozen=True, slots=True)
class Place:
    """A switch that takes calls. live: channels of ours on it; turn: grows with each use, whoever waited longest is
    lowest.
    """

    switch_id: int
    max_channels: int
    live: int
    turn: int = 0

    @property
    def free(self) -> int:
        """How many more channels it may have."""
        return self.max_channels - self.live


def preferred(places: Sequence[Place]) -> list[Place]:
    """Return them in the order in which a call tries them: most free channels first, equals in turn.

    Full ones stay in: what is known of their channels may be old, and who hands out channels knows better.
    """
    return sorted(places, key=lambda place: (-place.free, place.turn, place.switch_id))
