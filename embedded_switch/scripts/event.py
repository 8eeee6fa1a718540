"""freeswitch.Event and freeswitch.Stream as scripts see them."""

# ruff: noqa: N802

from embedded_switch import events
from embedded_switch.scripts.arguments import text
from embedded_switch.scripts.link import Link

SERIAL = ("plain", "json")


class Event:
    """An event a script makes and fires, or the env of a hook, which it can only read."""

    link: Link  # both set when the interpreter starts
    bus: events.EventBus

    def __init__(self, type: str, subclass_name: str | None = None) -> None:  # noqa: A002 - the real one's name
        name = (text("new_Event", 1, type) or "").upper()
        subclass = text("new_Event", 2, subclass_name) or ""
        if name not in events.KNOWN_NAMES:
            name = "MESSAGE"
        if subclass and name != "CUSTOM":
            self.link.tell(
                {"log": ["warning", "Changing event type to custom because you specified a subclass name!", None]}
            )
            name = "CUSTOM"
        self._event = self.bus.new(name, subclass)
        self._mine = True

    @classmethod
    def wrap(cls, headers: list[tuple[str, str]], body: str) -> "Event":
        """Make the env of a hook."""
        event = cls.__new__(cls)
        event._event = events.Event("CHANNEL_DATA", [(name, value) for name, value in headers], body)
        event._mine = False
        return event

    def serialize(self, format: str | None = None) -> str:  # noqa: A002 - the real one's name
        """Return all of it: plain text with encoded values, or `json`."""
        return self._event.json() if (format or "").lower() == "json" else self._event.plain()

    def getHeader(self, header_name: str) -> str | None:
        """Return a header's value."""
        name = text("Event_getHeader", 2, header_name)
        if not name:
            self.link.tell({"log": ["err", "Trying to getHeader an invalid header!", None]})
            return None
        return self._event.get(name)

    def getBody(self) -> str | None:
        """Return the body."""
        return self._event.body or None

    def getType(self) -> str:
        """Return the event's name."""
        return self._event.name

    def addHeader(self, header_name: str, value: str) -> bool:
        """Append a header."""
        self._event.add(text("Event_addHeader", 2, header_name) or "", text("Event_addHeader", 3, value) or "")
        return True

    def delHeader(self, header_name: str) -> bool:
        """Remove a header."""
        return self._event.delete(text("Event_delHeader", 2, header_name) or "")

    def addBody(self, value: str) -> bool:
        """Set the body."""
        self._event.body = text("Event_addBody", 2, value) or ""
        return True

    def setPriority(self, *_priority: object) -> bool:
        """Nothing to do here."""
        return True

    def merge(self, to_merge: "Event") -> bool:
        """Append another event's headers."""
        self._event.headers.extend(to_merge._event.headers)
        return True

    def fire(self) -> bool:
        """Send it to everybody; an env cannot be fired."""
        if not self._mine:
            self.link.tell({"log": ["err", "Not My event!", None]})
            return False
        event = self._event
        self.link.tell({"fire": event.name, "headers": event.headers, "body": event.body})
        return True


class Stream:
    """Where fsapi writes its answer."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, data: str) -> None:
        """Append to the answer."""
        self._parts.append(text("Stream_write", 2, data) or "")

    def raw_write(self, data: str, len: int) -> None:  # noqa: A002 - the real one's name
        """Append so many characters."""
        self.write(data[:len])

    def get_data(self) -> str:
        """Return what was written."""
        return "".join(self._parts)
