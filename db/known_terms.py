"""On what terms campaigns call again, remembered between conclusions: who knows them writes without a look."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dialer.calling_hours import CallingHours
from dialer.campaign import CampaignState
from dialer.outcome import Disposition
from dialer.retry import RetryBasis, RetryRules, next_attempt

DIALS_AGAIN = frozenset({CampaignState.ACTIVE, CampaignState.PAUSED})
"""States in which a contact may become due again; what was stopped stays stopped."""
KNOWN_FOR_S = 60.0
"""Holidays are among the hours, and no version tells of their changes; the claim keeps them whatever was planned."""
MOST_ZONE_SETS = 4096


@dataclass(frozen=True, slots=True)
class Terms:
    """A campaign's terms as they were read. version: PostgreSQL's own of its row, new with every change of it.

    time_zone: whose day a call counts in.
    """

    version: str
    state: CampaignState
    hours: CallingHours
    rules: RetryRules
    time_zone: str

    def retry_at(self, disposition: Disposition, number: int, zones: Sequence[str], attempt_id: str) -> datetime | None:
        """Return when the contact is due again, None: never. number: of the attempt that has ended."""
        if self.state not in DIALS_AGAIN:
            return None
        return next_attempt(self.rules, disposition, number, datetime.now(UTC), self.hours, zones, attempt_id)


@dataclass(frozen=True, slots=True)
class Known:
    """What a conclusion goes by: whoever writes it makes sure that it still holds."""

    basis: RetryBasis
    terms: Terms
    zones: tuple[str, ...]


class KnownTerms:
    """Thread-safe: each method is one operation on each dict. It holds as much as there are campaigns and zone sets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._terms: dict[int, tuple[float, Terms]] = {}
        self._zones: dict[int, tuple[str, ...]] = {}
        """Zone set's id → zones; a set never changes."""

    def learn(self, campaign_id: int, terms: Terms, zone_set_id: int, zones: tuple[str, ...]) -> None:
        """Take down what was just read."""
        self._terms[campaign_id] = (self._clock(), terms)
        if len(self._zones) >= MOST_ZONE_SETS:
            self._zones.clear()
        self._zones[zone_set_id] = zones

    def of(self, basis: RetryBasis) -> Known | None:
        """Return what is known, None: it has to be read."""
        read_at, terms = self._terms.get(basis.campaign_id, (float("-inf"), None))
        zones = self._zones.get(basis.zone_set_id)
        if terms is None or zones is None or self._clock() - read_at > KNOWN_FOR_S:
            return None
        return Known(basis, terms, zones)
