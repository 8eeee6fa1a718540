"""The Event Socket's wire format: headers, a body of Content-Length bytes, events in their plain form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import unquote

LONGEST_HEADER = 64 * 1024
LONGEST_BODY = 64 * 1024 * 1024
"""`show channels as json` of 1,000 channels is about 1 MiB; more than this is no answer of a switch."""

BODY = "_body"
"""The name under which an event's body stands among its headers."""
NOTHING = "_undef_"
"""What the switch writes for a header without a value."""


class BrokenStream(Exception):
    """The other side ended, or speaks no Event Socket: close the connection and open another."""


class SignInRefused(BrokenStream):
    """The switch refuses our password: correct it, here or there. It is tried again."""


class NoPassword(BrokenStream):
    """There is no password to sign in with: the message says what is wrong with its file."""


class RefusedByUs(ValueError):
    """A command holds a line break and would become two commands; it was not sent."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the switch. headers: decoded, by their names as written."""

    headers: Mapping[str, str]
    body: str = ""

    @property
    def kind(self) -> str:
        """The content type: auth/request, command/reply, api/response, text/event-plain, …"""
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


class Event(Mapping[str, str]):
    """An event in its plain form. A final event has two hundred headers: each is looked for only when asked for.

    Its body stands under `_body`. A header that stands twice has its first value.
    """

    __slots__ = ("_body", "_head")

    def __init__(self, text: str) -> None:
        head, _, self._body = text.partition("\n\n")
        self._head = f"\n{head}\n"

    def __getitem__(self, name: str) -> str:
        """Return a header's value; raises KeyError."""
        if name == BODY and self._body:
            return self._body
        at = self._head.find(f"\n{name}: ")
        if at < 0:
            raise KeyError(name)
        begins = at + len(name) + 3
        value = self._head[begins : self._head.index("\n", begins)]
        return "" if value == NOTHING else unquote(value)

    def __iter__(self) -> Iterator[str]:
        """Yield every header's name."""
        yield from dict.fromkeys(line.partition(":")[0] for line in self._head.split("\n") if line)
        if self._body:
            yield BODY

    def __len__(self) -> int:
        """Count the headers."""
        return sum(1 for _ in self)


def encode(*lines: str) -> bytes:
    """Return a command and its headers as they go over the wire; raises RefusedByUs for a line break in one."""
    if any(character in line for line in lines for character in "\r\n\0"):
        raise RefusedByUs("a command may hold no line break")
    return ("\n".join(lines) + "\n\n").encode()
