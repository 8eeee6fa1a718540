"""Which gateways the switch says are down."""

import re

STATUS = re.compile(r"^Status\s+(\w+)", re.MULTILINE)


def status_in(answer: str) -> str | None:
    """Return UP or DOWN from `sofia status gateway <name>`, None when the switch knows no such gateway."""
    found = STATUS.search(answer)
    return found.group(1) if found else None


class GatewayStates:
    """Thread-safe: each method is one operation on a dict.

    A gateway nobody has heard of counts as up: the switch itself then says what is wrong with it, by the reply.
    """

    def __init__(self) -> None:
        self._down: dict[str, bool] = {}
        self.is_complete = False
        """Whether every gateway was asked for since the switch was connected."""

    def learn(self, name: str, status: str | None) -> None:
        """Take down what was heard. None: nothing is known, or it does not exist."""
        self._down[name] = status == "DOWN"

    def forget(self) -> None:
        """Know nothing: the switch was restarted."""
        self._down, self.is_complete = {}, False

    def is_up(self, name: str) -> bool:
        """Whether a call may be placed over it, as far as is known."""
        return not self._down.get(name, False)

    def down(self) -> list[str]:
        """Return the names of those known to be down."""
        return sorted(name for name, is_down in self._down.copy().items() if is_down)
