"""What a client of the Event Socket may do: all, or what its user's esl-allowed-… parameters say."""

from dataclasses import dataclass

from embedded_switch.configuration import EslUser

# Commands that run other commands: what they run must be allowed too.
CARRIERS = frozenset(("bgapi", "sched_api", "eval", "expand", "xml_wrap"))


@dataclass(frozen=True, slots=True)
class Permissions:
    """None means everything is allowed."""

    api: frozenset[str] | None = None
    events: frozenset[str] | None = None
    may_log: bool = True

    def allows_api(self, command: str, arguments: str) -> bool:
        """Say whether an API command may be run, and whatever it carries."""
        if self.api is None:
            return True
        if command not in self.api:
            return False
        if command.lower() in CARRIERS and arguments:
            inner, _, rest = arguments.partition(" ")
            return self.allows_api(inner, rest)
        return True

    def allows_event(self, name: str) -> bool:
        """Say whether an event, or a CUSTOM event's subclass, may be listened to."""
        return self.events is None or "ALL" in self.events or name in self.events or name.upper() in self.events


def of_user(user: EslUser) -> Permissions:
    """Read the permissions a user's parameters give."""
    return Permissions(_listed(user.allowed_api), _listed(user.allowed_events, upper=True), user.allowed_log)


def _listed(text: str | None, *, upper: bool = False) -> frozenset[str] | None:
    if not text:
        return None
    words = [word.strip() for word in text.split(" " if " " in text else ",")]
    return frozenset(word.upper() if upper and "::" not in word else word for word in words if word)
