"""Events: ordered headers and a body, their plain and JSON forms, and the bus that hands them out."""

import json
import re
import socket
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote, unquote

# FreeSWITCH leaves these as they are in plain events; everything else is percent-encoded.
PLAIN_SAFE = "!$'()*,/"
HOSTNAME = socket.gethostname()

# Names that `event plain …` understands; others are ignored, as FreeSWITCH does.
KNOWN_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
        CUSTOM CLONE CHANNEL_CREATE CHANNEL_DESTROY CHANNEL_STATE CHANNEL_CALLSTATE CHANNEL_ANSWER CHANNEL_HANGUP
        CHANNEL_HANGUP_COMPLETE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_BRIDGE
        CHANNEL_UNBRIDGE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_UNPARK
        CHANNEL_APPLICATION CHANNEL_ORIGINATE CHANNEL_UUID API LOG INBOUND_CHAN OUTBOUND_CHAN STARTUP SHUTDOWN
        PUBLISH UNPUBLISH TALK NOTALK SESSION_CRASH MODULE_LOAD MODULE_UNLOAD DTMF MESSAGE PRESENCE_IN NOTIFY_IN
        PRESENCE_OUT PRESENCE_PROBE MESSAGE_WAITING MESSAGE_QUERY ROSTER CODEC BACKGROUND_JOB DETECTED_SPEECH
        DETECTED_TONE PRIVATE_COMMAND HEARTBEAT TRAP ADD_SCHEDULE DEL_SCHEDULE EXE_SCHEDULE RE_SCHEDULE RELOADXML
        NOTIFY PHONE_FEATURE PHONE_FEATURE_SUBSCRIBE SEND_MESSAGE RECV_MESSAGE REQUEST_PARAMS CHANNEL_DATA GENERAL
        COMMAND SESSION_HEARTBEAT CLIENT_DISCONNECTED SERVER_DISCONNECTED SEND_INFO RECV_INFO RECV_RTCP_MESSAGE
        SEND_RTCP_MESSAGE CALL_SECURE NAT RECORD_START RECORD_STOP PLAYBACK_START PLAYBACK_STOP CALL_UPDATE FAILURE
        SOCKET_DATA MEDIA_BUG_START MEDIA_BUG_STOP CONFERENCE_DATA_QUERY CONFERENCE_DATA CALL_SETUP_REQ
        CALL_SETUP_RESULT CALL_DETAIL DEVICE_STATE TEXT SHUTDOWN_REQUESTED ALL
        """,
    )
)

_sequence = 0


def encode(value: str) -> str:
    """Percent-encode a header's value as plain events do."""
    return quote(value, safe=PLAIN_SAFE)


class Event:
    """A named bundle of headers in order, with an optional body. Header names compare without case."""

    def __init__(self, name: str, headers: Iterable[tuple[str, str]] = (), body: str = "") -> None:
        self.name = name
        self.headers: list[tuple[str, str]] = list(headers)
        self.body = body

    def add(self, name: str, value: object) -> None:
        """Append a header; empty values are dropped, as FreeSWITCH does."""
        text = str(value)
        if text:
            self.headers.append((name, text))

    def get(self, name: str) -> str | None:
        """Return the first header of that name."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def delete(self, name: str) -> bool:
        """Remove every header of that name; say whether there was one."""
        wanted = name.lower()
        kept = [(key, value) for key, value in self.headers if key.lower() != wanted]
        removed = len(kept) < len(self.headers)
        self.headers = kept
        return removed

    def plain(self, *, encoded: bool = True) -> str:
        """Spell as text/event-plain, ending with an empty line and then the body."""
        lines = [f"{name}: {encode(value) if encoded else value}\n" for name, value in self.headers]
        if self.body:
            lines.append(f"Content-Length: {len(self.body.encode())}\n\n{self.body}")
        else:
            lines.append("\n")
        return "".join(lines)

    def json(self) -> str:
        """Spell as text/event-json: one object, repeated headers as a list, the body as `_body`."""
        fields: dict[str, str | list[str]] = {}
        for name, value in self.headers:
            if name not in fields:
                fields[name] = value
            elif name != "Hangup-Cause":  # it is there twice in CHANNEL_HANGUP_COMPLETE, with the same value
                earlier = fields[name]
                fields[name] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        if self.body:
            fields["Content-Length"] = str(len(self.body.encode()))
            fields["_body"] = self.body
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


class Listener(Protocol):
    """Whoever hears events."""

    def wants(self, name: str) -> bool:
        """Say whether events of that name would be used."""

    def deliver(self, event: Event) -> None:
        """Take an event. Must not block."""


class EventBus:
    """Stamps events and hands them to whoever listens. One for the switch."""

    def __init__(self, core_uuid: str, ip_v4: str = "127.0.0.1") -> None:
        self.core_uuid = core_uuid
        self.ip_v4 = ip_v4
        self.listeners: list[Listener] = []

    def wanted(self, name: str) -> bool:
        """Say whether anybody wants events of that name, so that nobody builds them for nothing."""
        return any(listener.wants(name) for listener in self.listeners)

    def new(self, name: str, subclass: str = "") -> Event:
        """Make an event that carries the core's headers."""
        global _sequence
        _sequence += 1
        now = time.time()
        gmt = datetime.fromtimestamp(now, UTC)
        local = time.localtime(now)
        event = Event(
            name,
            [
                ("Event-Name", name),
                ("Core-UUID", self.core_uuid),
                ("FreeSWITCH-Hostname", HOSTNAME),
                ("FreeSWITCH-Switchname", HOSTNAME),
                ("FreeSWITCH-IPv4", self.ip_v4),
                ("FreeSWITCH-IPv6", "::1"),
                ("Event-Date-Local", time.strftime("%Y-%m-%d %H:%M:%S", local)),
                ("Event-Date-GMT", gmt.strftime("%a, %d %b %Y %H:%M:%S GMT")),
                ("Event-Date-Timestamp", str(int(now * 1_000_000))),
                ("Event-Calling-File", "embedded_switch"),
                ("Event-Calling-Function", "fire"),
                ("Event-Calling-Line-Number", "1"),
                ("Event-Sequence", str(_sequence)),
            ],
        )
        if subclass:
            event.add("Event-Subclass", subclass)
        return event

    def fire(self, event: Event) -> None:
        """Hand an event to every listener that wants it."""
        for listener in tuple(self.listeners):
            if listener.wants(event.name):
                listener.deliver(event)


def parse_plain(text: str) -> list[tuple[str, str]]:
    """Read `Name: value` lines back into headers."""
    pairs = (line.split(": ", 1) for line in text.split("\n") if ": " in line)
    return [(name, unquote(value)) for name, value in pairs]
