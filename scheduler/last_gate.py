"""What a call asks for before it leaves: a moment that keeps its distance to all others, and a channel on a switch."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from redis import Redis

from db import leases
from db.leases import Leave, Wanted
from scheduler.distances import AHEAD_S, Distances
from scheduler.planner import Departure
from scheduler.sender import Taker


class Lines(Protocol):
    """What is needed of scheduler.switches.Switches."""

    def takers(self, gateway: str) -> Sequence[Any]:
        """Return the switches (Taker) that may take a call over this gateway, the one to try first first."""

    def has_others(self, node: Any) -> bool:
        """Whether another one takes calls now."""

    def channels(self, node: Any) -> int:
        """Return how many channels it may have."""

    def note(self, live: Mapping[int, int], taken: int | None = None) -> None:
        """Take down how many channels are taken on each."""


class LastGate:
    """One thread uses it."""

    def __init__(self, redis: Redis, switches: Lines, distances: Distances, lease_ttl_s: int) -> None:
        self._redis, self._switches, self._distances = redis, switches, distances
        self._lease_ttl_s = lease_ttl_s

    def ask(self, departure: Departure, takers: Mapping[int, Taker], early_s: float) -> Leave:
        """Ask for a moment, early_s from now at the earliest. Raises RedisAway, LeasesLost."""
        return self._ask(departure, takers, early_s, AHEAD_S, 0.0)

    def ask_again(self, departure: Departure, taker: Taker, within_s: float, before: Leave) -> Leave | None:
        """Ask for another moment within so long, `before` having passed; None: there is none, or no channel."""
        leave = self._ask(departure, {taker.id: taker}, 0.0, max(within_s, 0.0), before.at)
        return None if leave.wait_s > 0 or leave.switch_id is None else leave

    def _ask(
        self, departure: Departure, takers: Mapping[int, Taker], early_s: float, ahead_s: float, instead_of: float
    ) -> Leave:
        attempt = departure.attempt
        places = [(taker.id, self._switches.channels(taker)) for taker in takers.values()]
        if not places:
            return Leave(0.0, 0.0)
        of_gateway, of_campaign, in_all = self._distances.spacings(departure)
        return leases.ask_to_leave(
            self._redis,
            attempt.gateway_id,
            of_gateway,
            in_all,
            Wanted(attempt.attempt_id, places, self._lease_ttl_s),
            (attempt.campaign_id, of_campaign),
            ahead_s,
            early_s,
            instead_of,
        )
