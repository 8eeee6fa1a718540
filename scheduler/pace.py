"""How many calls a second this scheduler gets on their way, learnt from how long each one kept the line."""

SHARE = 0.05
"""Weight of the last call in the mean."""
LONGEST_S = 0.1
"""No single call counts for more: one long wait says little of the next calls."""
NEARLY = 0.9
"""A line that keeps up with so much of its limit keeps up with it."""
GROWTH = 1.05
"""A line that does not is offered so much more than it has shown, so that it can show more."""


class Pace:
    """most: calls per second that the limit allows. One thread says what was, any thread may ask.

    Calls that are planned faster than they leave are late and undone: claimed for nothing, again and again, by a
    machine that has no time to give away.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._mean_s = 1 / most

    def kept_line(self, seconds: float) -> None:
        """Note how long after this call the next one could leave."""
        self._mean_s += SHARE * (min(seconds, LONGEST_S) - self._mean_s)

    def calls_per_second(self) -> float:
        """Return how many are worth planning, `most` at most."""
        able = 1 / self._mean_s
        return self._most if able >= NEARLY * self._most else min(self._most, GROWTH * able)
