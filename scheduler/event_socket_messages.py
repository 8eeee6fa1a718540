"""The Event Socket's wire format: headers, a body of Content-Length bytes, events as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import unquote

LONGEST_HEADER = 64 * 1024
LONGEST_BODY = 64 * 1024 * 1024
"""`show channels as json` of 1,000 channels is about 1 MiB; more than this is no answer of a switch."""


class BrokenStream(Exception):
    """The other side ended, or speaks no Event Socket: close the connection and open another."""


class RefusedByUs(ValueError):
    """A command holds a line break and would become two commands; it was not sent."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the switch. headers: decoded, by their names as written."""

    headers: Mapping[str, str]
    body: str = ""

    @property
    def kind(self) -> str:
        """The content type: auth/request, command/reply, api/response, text/event-json, …"""
        return self.headers.get("Content-Type", "")

    @property
    def reply(self) -> str:
        """What the switch says to a command: `+OK …` or `-ERR …`."""
        return self.headers.get("Reply-Text", "")


def read_message(stream: BinaryIO) -> Message:
    """Read the next message, waiting for it; raises BrokenStream at the end of the stream."""
    headers: dict[str, str] = {}
    while True:
        line = stream.readline(LONGEST_HEADER)
        if not line.endswith(b"\n"):
            raise BrokenStream("the connection ended")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, colon, value = text.partition(":")
            if not colon:
                raise BrokenStream("a line is no header")
            headers[name] = unquote(value.strip())
        elif headers:
            return Message(headers, _read_body(stream, headers.get("Content-Length", "0")))


def _read_body(stream: BinaryIO, length: str) -> str:
    if not length.isdecimal() or int(length) > LONGEST_BODY:
        raise BrokenStream("a body's length is no length")
    body = stream.read(int(length))
    if len(body) < int(length):
        raise BrokenStream("the connection ended within a body")
    return body.decode("utf-8", "replace")


def event_of(message: Message) -> dict[str, str] | None:
    """Return the event's headers and `_body`, None when it can't be read. A header that stands twice comes joined."""
    try:
        event = json.loads(message.body)
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    return {
        str(name): "|".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in event.items()
    }


def encode(*lines: str) -> bytes:
    """Return a command and its headers as they go over the wire; raises RefusedByUs for a line break in one."""
    if any(character in line for line in lines for character in "\r\n\0"):
        raise RefusedByUs("a command may hold no line break")
    return ("\n".join(lines) + "\n\n").encode()
