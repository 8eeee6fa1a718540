"""Which events an Event Socket client hears: names, CUSTOM subclasses, filters."""

import re
from dataclasses import dataclass, field

from embedded_switch.events import KNOWN_NAMES, Event


@dataclass(slots=True)
class Subscription:
    """One client's wishes. form: plain, json or xml as the client named it (xml is answered as plain)."""

    form: str = "plain"
    enabled: bool = False
    names: set[str] = field(default_factory=set)
    subclasses: set[str] = field(default_factory=set)
    filters: list[tuple[str, str]] = field(default_factory=list)

    def wants(self, name: str) -> bool:
        """Say whether any event of that name may be heard."""
        return self.enabled and ("ALL" in self.names or name in self.names)

    def matches(self, event: Event) -> bool:
        """Say whether this event is to be sent."""
        if not self.wants(event.name):
            return False
        if event.name == "CUSTOM" and "ALL" not in self.names:
            subclass = event.get("Event-Subclass") or ""
            if subclass not in self.subclasses:
                return False
        return not self.filters or self._passes(event)

    def _passes(self, event: Event) -> bool:
        """Any filter that matches lets an event through; one that begins with `-` keeps it back."""
        passes = False
        for name, wanted in self.filters:
            value = event.get(name)
            if value is None:
                continue
            compared = wanted.lstrip("+- ")
            positive = "-" not in wanted[: len(wanted) - len(compared)]
            if passes and positive:
                continue
            if _same(value, compared):
                if not positive:
                    return False
                passes = True
        return passes

    def clear(self) -> None:
        """Hear nothing any more; filters stay."""
        self.enabled = False
        self.names.clear()
        self.subclasses.clear()


def _same(value: str, wanted: str) -> bool:
    if wanted.startswith("/"):
        try:
            return re.search(wanted.strip("/"), value) is not None
        except re.error:
            return False
    return value.lower() == wanted.lower()


def named(word: str) -> str | None:
    """Return the event a word names, without regard to case; None: there is none."""
    upper = word.upper()
    return upper if upper in KNOWN_NAMES else None
