"""An Event Socket that places no call: it takes originates and says at once that their calls have ended."""

import socket
import threading
import time
from collections.abc import Callable
from typing import BinaryIO
from urllib.parse import quote

from bench.call.hooks import CORE_UUID
from bench.call.world import Originated, final_event, originated
from dialer.spool_sign import VARIABLE, SpoolSign


class QuietSwitch:
    """Serves the scheduler. on_originate: told each call, on a thread that must not wait."""

    def __init__(self, on_originate: Callable[[Originated], None]) -> None:
        self._on_originate = on_originate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._peer: socket.socket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Return the port to connect to."""
        return int(self._listener.getsockname()[1])

    def tell_end(self, call: Originated) -> None:
        """Send what a switch sends of a call that has ended: its reply, and its final event."""
        asked = f"{{origination_uuid={call.attempt_id},more=true}}"
        reply = "-ERR USER_BUSY" if call.is_busy else f"+OK {call.attempt_id}"
        self._event({"Event-Name": "BACKGROUND_JOB", "Job-Command-Arg": asked, "_body": f"{reply}\n"})
        self._event(final_event(call))

    def _event(self, headers: dict[str, str]) -> None:
        said = headers.pop("_body", "")
        head = "".join(f"{name}: {quote(value)}\n" for name, value in headers.items())
        body = f"{head}Content-Length: {len(said)}\n\n{said}".encode()
        self._send(b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(body), body))

    def _send(self, data: bytes) -> None:
        with self._lock:
            if self._peer is not None:
                self._peer.sendall(data)

    def _serve(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._peer = peer
            try:
                self._talk(peer.makefile("rb"))
            except OSError:
                continue

    def _talk(self, stream: BinaryIO) -> None:
        self._send(b"Content-Type: auth/request\n\n")
        lines: list[str] = []
        for line in stream:
            if line != b"\n":
                lines.append(line.decode().rstrip("\n"))
                continue
            command, lines = lines, []
            self._send(self._reply(command))
            if call := originated(command[0].removeprefix("bgapi originate ")):
                self._on_originate(call)

    def _reply(self, command: list[str]) -> bytes:
        if not command[0].startswith("api "):
            return b"Content-Type: command/reply\nReply-Text: +OK\n\n"
        bodies = {
            "api global_getvar core_uuid": CORE_UUID,
            "api show channels as json": '{"row_count": 0}',
            f"api global_getvar {VARIABLE}": str(SpoolSign(time.monotonic_ns(), 0, is_full=False, tap_dir="")),
        }
        bodies[f"api global_getvar {VARIABLE}"] = str(SpoolSign(time.monotonic_ns(), 0, is_full=False, tap_dir=""))
        is_gateway = command[0].startswith("api sofia status gateway")
        body = bodies.get(command[0], "Status  \tUP\n" if is_gateway else "false")
        return f"Content-Type: api/response\nContent-Length: {len(body)}\n\n{body}".encode()
