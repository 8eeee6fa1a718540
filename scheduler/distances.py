"""How far apart calls leave: over a gateway, of a campaign, and in all; one that was held up pushes the next back."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.planner import Departure

ALLOWANCE = 1.02
"""Spacing is kept this much wider than 1/CPS, so that what the network delays keeps the limit too."""
AHEAD_S = 0.008
"""A call asks for its moment so much earlier: meanwhile it is marked, and the switch replies to the one before."""
PROMPT_S = 0.01
"""A call that took so much longer than the quickest from its moment to the switch's reply pushes the next back."""
FORGETTING_S = 0.001
"""How much slower the quickest is thought to be after each call, so that it follows the machine."""
NEVER = float("-inf")

Spacings = tuple[float, float, float]
"""Seconds: of the gateway, of the campaign, and in all."""


@dataclass(slots=True)
class _Moments:
    """One moment for each gateway, for each campaign, and in all."""

    of_gateway: dict[int, float] = field(default_factory=dict)
    of_campaign: dict[int, float] = field(default_factory=dict)
    in_all: float = NEVER

    def latest(self, departure: Departure) -> float:
        """Return the latest of the three that bind this call."""
        attempt = departure.attempt
        return max(
            self.of_gateway.get(attempt.gateway_id, NEVER),
            self.of_campaign.get(attempt.campaign_id, NEVER),
            self.in_all,
        )

    def put(self, departure: Departure, at: float, apart: Spacings) -> None:
        """Set the three so much later than `at`."""
        self.of_gateway[departure.attempt.gateway_id] = at + apart[0]
        self.of_campaign[departure.attempt.campaign_id] = at + apart[1]
        self.in_all = at + apart[2]


class Distances:
    """Moments are of `clock`. One thread uses it."""

    def __init__(self, total_cps: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._total_spacing_s = ALLOWANCE / total_cps
        self._free, self._after_last = _Moments(), _Moments()
        self._quickest_s = 0.0  # nothing is known yet: a first call that is held up must be seen to be

    def spacings(self, departure: Departure) -> Spacings:
        """Return how long after it the next call may leave over its gateway, of its campaign, and in all."""
        return departure.spacing_s * ALLOWANCE, departure.campaign_spacing_s * ALLOWANCE, self._total_spacing_s

    def asks_at(self, departure: Departure) -> float:
        """Return when it asks for its moment: a little before its slot, and before the distance to others is kept."""
        return max(departure.due_s, self._free.latest(departure)) - AHEAD_S

    def next_asks_at(self) -> float:
        """Return when the next call may ask, whichever it is."""
        return self._free.in_all - AHEAD_S

    def must_wait(self, departure: Departure, wait_s: float, campaign_wait_s: float) -> None:
        """Hear that no call may leave over its gateway for so long, or for the campaign's sake alone none of its own.

        For no longer than a distance: whoever was told more, by a clock that was set, asks again.
        """
        until = self._clock() + min(wait_s, max(self.spacings(departure)) + AHEAD_S)
        if wait_s > campaign_wait_s:
            self._free.of_gateway[departure.attempt.gateway_id] = until
        else:
            self._free.of_campaign[departure.attempt.campaign_id] = until

    def leaves_at(self, departure: Departure, moment: float) -> float:
        """Return when it may be sent: at its moment, and far enough from those before, which may have been held up."""
        return max(
            departure.due_s,
            moment,
            self._free.latest(departure),
            self._after_last.latest(departure) - PROMPT_S,
        )

    def leaves(self, departure: Departure, moment: float) -> None:
        """Hear that it is being sent."""
        self._after_last.put(departure, self._clock(), self.spacings(departure))
        self._free.put(departure, moment, self.spacings(departure))

    def was_heard(self, departure: Departure, moment: float, at: float) -> bool:
        """Hear when the switch replied; True: it was held up on its way, so that the next one leaves later too."""
        took_s = at - moment
        self._quickest_s = min(took_s, self._quickest_s + FORGETTING_S)
        held_up_s = took_s - self._quickest_s
        if held_up_s <= PROMPT_S:
            return False
        self._free.put(departure, moment + held_up_s, self.spacings(departure))
        return True
