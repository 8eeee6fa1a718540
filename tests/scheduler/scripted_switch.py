"""A small Event Socket server that says what a test tells it to."""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Self
from urllib.parse import quote

from dialer.spool_sign import VARIABLE, SpoolSign

PASSWORD = "pass word"
CORE = "11111111-2222-4333-8444-555555555555"

Answer = Callable[[str], bytes]


def command_reply(text: str, *headers: str) -> bytes:
    return "\n".join(["Content-Type: command/reply", f"Reply-Text: {text}", *headers, "\n"]).encode()


def api_response(body: str) -> bytes:
    return f"Content-Type: api/response\nContent-Length: {len(body.encode())}\n\n{body}".encode()


def event(headers: Mapping[str, object]) -> bytes:
    """Spell an event as a switch does; what stands under `_body` is its body."""
    said = str(headers.get("_body", ""))
    lines = [f"{name}: {quote(str(value)) or '_undef_'}\n" for name, value in headers.items() if name != "_body"]
    lines.append(f"Content-Length: {len(said.encode())}\n" if said else "")
    body = f"{''.join(lines)}\n{said}".encode()
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(body) + body


class ScriptedSwitch:
    """Serves one connection after the other. commands: what was received, headers included.

    answers: first words of a command → what is sent back; None as a value: nothing is sent.
    """

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.connections = 0
        self.core_uuid = CORE
        self.spool = (0, False)
        self.kept = 0
        self.answers: dict[str, Answer | None] = {}
        self.port = 0
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    def listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._serve, args=[listener], daemon=True).start()

    def go_away(self) -> None:
        if self._listener:
            # shutdown wakes the accept; close alone would leave it waiting
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.drop()

    def drop(self) -> None:
        """Close the connection as a crash would."""
        if self._peer:
            try:
                self._peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def send(self, data: bytes) -> None:
        assert self._peer
        self._peer.sendall(data)

    def received(self, first_words: str) -> list[str]:
        return [command for command in self.commands if command.startswith(first_words)]

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._peer = peer
            try:
                self._talk(peer)
            except OSError:
                pass
            finally:
                peer.close()

    def _talk(self, peer: socket.socket) -> None:
        peer.sendall(b"Content-Type: auth/request\n\n")
        stream = peer.makefile("r", encoding="utf-8")
        lines: list[str] = []
        for line in stream:
            if line != "\n":
                lines.append(line.rstrip("\n"))
                continue
            command, lines = "\n".join(lines), []
            self.commands.append(command)
            answer = self._answer(command)
            if answer:
                peer.sendall(answer)

    def _answer(self, command: str) -> bytes | None:
        for first_words, answer in self.answers.items():
            if command.startswith(first_words):
                return answer(command) if answer else None
        if command.startswith("auth "):
            return command_reply("+OK accepted" if command == f"auth {PASSWORD}" else "-ERR invalid")
        if command == "api global_getvar core_uuid":
            return api_response(self.core_uuid)
        if command == f"api global_getvar {VARIABLE}":
            return api_response(str(SpoolSign(time.monotonic_ns(), *self.spool, "/dev/shm/dialer", self.kept)))
        if command.startswith("bgapi"):
            return command_reply("+OK Job-UUID: x", "Job-UUID: x")
        if command.startswith("api"):
            return api_response(f"you said {command[4:]}")
        return command_reply("+OK")


def wait_until(is_so: Callable[[], object], timeout_s: float = 60.0, what: str = "it came true") -> None:
    """Wait for a condition; fail when it takes too long."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what} took over {timeout_s} s"
        time.sleep(0.005)
