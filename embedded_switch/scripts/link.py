"""The script process's connections to the switch."""

import ctypes
import json
import os
import socket
import threading
from typing import Any

CHUNK = 65536


class Link:
    """The control connection (logs, events, results; any thread) and the one of API(), which stops all scripts."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.control = self.connect("control")
        self._lock = threading.Lock()
        self._api = self.connect("api")
        self._api_lock = threading.Lock()
        # PyDLL calls keep the global interpreter lock: while read() waits, no other script runs. Session methods use
        # ordinary sockets, which give it up. That is FreeSWITCH's difference between the two.
        self._libc = ctypes.PyDLL(None, use_errno=True)

    def connect(self, role: str) -> socket.socket:
        """Open a connection for a purpose the switch knows."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(self.path)
        connection.sendall(json.dumps(role).encode() + b"\n")
        return connection

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message nobody answers."""
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            self.control.sendall(line)

    def run_api(self, command: str, arguments: str) -> str:
        """Run an API command in the switch without letting any other script run meanwhile."""
        line = json.dumps([command, arguments]).encode() + b"\n"
        with self._api_lock:
            self._api.sendall(line)
            answer = bytearray()
            while not answer.endswith(b"\n"):
                answer += self._read_holding_the_lock()
        output: str = json.loads(answer)
        return output

    def sleep_holding_the_lock(self, ms: int) -> None:
        """Sleep as freeswitch.msleep does: nobody else runs."""
        self._libc.usleep(max(ms, 0) * 1000)

    def _read_holding_the_lock(self) -> bytes:
        buffer = ctypes.create_string_buffer(CHUNK)
        count = self._libc.read(self._api.fileno(), buffer, CHUNK)
        if count <= 0:
            os._exit(1)  # the switch is gone, and scripts with it
        return buffer.raw[:count]
