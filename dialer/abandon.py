"""Whether a campaign abandons too many of the people it calls, and how much that slows it down."""

from dataclasses import dataclass

LEAST_ANSWERED = 100
"""The cap is judged as if at least so many people had answered: one of two abandoned calls stops nothing."""
SLOW_FROM = 0.7
"""From this share of what the cap allows a campaign gets slower."""
SLOWEST = 0.1
"""The share of its limits that is left to a campaign that has just reached its cap."""
SLOWEST_CPS = 0.01


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of the people a campaign called in the last 30 days.

    answered: calls that a person answered, as it was concluded. abandoned: of them, ended by us before the message
    began. labelled: calls cut off or treated as a machine's that somebody listened to since; false_machines: of them,
    a person's; cut_off: of these, those in which the message had not begun: abandoned too, though nobody knew.
    """

    answered: int = 0
    abandoned: int = 0
    labelled: int = 0
    false_machines: int = 0
    cut_off: int = 0

    @property
    def people(self) -> int:
        """How many people answered, as far as anybody knows."""
        return self.answered + self.cut_off

    @property
    def dropped(self) -> int:
        """How many of them were abandoned."""
        return self.abandoned + self.cut_off

    @property
    def rate(self) -> float | None:
        """Share of the people who answered that were abandoned, 0 to 1; None: nobody answered."""
        return self.dropped / self.people if self.people else None

    @property
    def false_machine_rate(self) -> float | None:
        """Share of the labelled machines that were people, 0 to 1; None: nobody listened to any."""
        return self.false_machines / self.labelled if self.labelled else None


def allowance(ledger: Ledger, cap_percent: float) -> float:
    """Return the share of its limits that a campaign may use: 1 all of it, 0 it has to stop.

    It stops once more were abandoned than the cap allows of those who answered, or of LEAST_ANSWERED if fewer did.
    From SLOW_FROM of that on it gets slower, down to SLOWEST.
    """
    allowed = cap_percent / 100 * max(ledger.people, LEAST_ANSWERED)
    if ledger.dropped > allowed + 1e-9:
        return 0.0
    pressure = ledger.dropped / allowed if allowed else 0.0
    if pressure <= SLOW_FROM:
        return 1.0
    return 1.0 - (1.0 - SLOWEST) * min(1.0, (pressure - SLOW_FROM) / (1.0 - SLOW_FROM))


def slowed_rate(limit: float, share: float) -> float:
    """Return what is left of a limit of calls per second: one call in 100 s at least, so that a slow campaign moves."""
    return max(min(limit, SLOWEST_CPS), limit * share)


def slowed(limit: int, share: float) -> int:
    """Return what is left of a limit; one at least, so that a slow campaign moves."""
    return max(1, int(limit * share + 1e-6))  # 0.1 of 50 is 5, whatever floating point says
