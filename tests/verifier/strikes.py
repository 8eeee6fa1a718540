"""What was done to the parts while the campaign ran, as it was written down: a fourth witness."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sipp.log_reader import CarrierCall
from tests.verifier.facts import Attempt

SCHEDULERS = frozenset({"scheduler", "second scheduler"})
MOST_UNSENT = 1
"""Calls are marked one by one, each sent before the next is marked: no death leaves more of them in between."""
HOOK_S = 1.0
"""The hangup hook belongs to the call: one that ended so shortly before the kill may have died with its hook."""
ON_ITS_WAY_S = 1.0
"""An originate this young may have been read by the switch and not have become an INVITE when it was killed."""
UNSENT_S = 3.0
"""A scheduler that was killed may have marked a call so shortly before that it was never sent."""
MARKED_S = 0.5
"""So long after the kill was sent an originate may still be read: a process takes its time to be gone."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One deed. at, until: epoch s, before it and after; until is None while it lasts. up: calls that were up then.

    core_uuid: of several switches the one that was hit, None: there is but one.
    """

    act: str
    part: str
    at: float
    up: int
    until: float | None = None
    core_uuid: str | None = None

    def ended(self, at: float) -> "Strike":
        """Return it with its end."""
        return replace(self, until=at)

    @property
    def is_kill(self) -> bool:
        """Whether a process was killed."""
        return self.act == "kill"

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.act} {self.part} with {self.up} calls up"


class StrikeLog:
    """A file of JSON lines; a strike that lasts is written again when it is over."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, strike: Strike) -> None:
        """Add one line."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(strike)) + "\n")


def read_strikes(path: Path) -> list[Strike]:
    """Return every strike in order, each as it was written last."""
    found: dict[float, Strike] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        strike = Strike(**json.loads(line))
        found[strike.at] = strike
    return sorted(found.values(), key=lambda strike: strike.at)


def switch_kills(strikes: Iterable[Strike], core_uuid: str | None = None) -> list[float]:
    """Return when a switch was killed. core_uuid: the one that matters, None: any."""
    kills = [strike for strike in strikes if strike.is_kill and strike.part == "switch"]
    return [kill.at for kill in kills if None in (core_uuid, kill.core_uuid) or kill.core_uuid == core_uuid]


def scheduler_kills(strikes: Iterable[Strike]) -> list[float]:
    """Return when a scheduler was killed or frozen: by when it surely did nothing more."""
    struck = [strike for strike in strikes if strike.part in SCHEDULERS]
    return [(strike.until or strike.at) if strike.is_kill else strike.at for strike in struck]


def never_sent(attempt: Attempt, call: CarrierCall | None, kills: Iterable[float]) -> float | None:
    """Return when the attempt's scheduler was killed, after the mark and before it was sent; None: it was not.

    Nobody was rung then, and the attempt says so.
    """
    if call is not None or attempt.originated_at is None:
        return None
    if attempt.disposition != "failed" or attempt.sip_code is not None or attempt.answered_at is not None:
        return None
    marked = attempt.originated_at.timestamp()
    return next((at for at in sorted(kills) if at - UNSENT_S <= marked <= at), None)


def up_at_a_kill(attempt: Attempt, call: CarrierCall | None, kills: Iterable[float]) -> float | None:
    """Return the kill at which the switch held the attempt's channel, as far as carrier and times tell."""
    return next((at for at in sorted(kills) if _was_up(attempt, call, at)), None)


def _was_up(attempt: Attempt, call: CarrierCall | None, at: float) -> bool:
    if attempt.originated_at is None:
        return False
    originated = attempt.originated_at.timestamp()
    if attempt.concluded_at is not None and attempt.concluded_at.timestamp() < at:
        return False
    if call is None:
        return at - ON_ITS_WAY_S <= originated <= at + MARKED_S
    return call.invited_at <= at + HOOK_S and (call.ended_at is None or call.ended_at >= at - HOOK_S)
