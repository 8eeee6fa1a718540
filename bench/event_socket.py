"""The few words of Event Socket that measurements need."""

import socket
from collections.abc import Mapping


class EventSocket:
    """One connection; sends API commands and reads their replies."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket = socket.create_connection((environment["DIALER_ESL_HOST"], int(environment["DIALER_ESL_PORT"])))
        self._stream = self._socket.makefile("rb")
        self._read()
        self._say(f"auth {environment['DIALER_ESL_PASSWORD']}")

    def api(self, command: str) -> str:
        """Run an API command and return what it answers."""
        return self._say(f"api {command}")

    def bgapi(self, command: str) -> None:
        """Run an API command in the background."""
        self._say(f"bgapi {command}")

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
        self._socket.close()

    def _say(self, line: str) -> str:
        self._socket.sendall(f"{line}\n\n".encode())
        return self._read()

    def _read(self) -> str:
        length = 0
        while (line := self._stream.readline().strip()) != b"":
            name, _, value = line.partition(b": ")
            if name == b"Content-Length":
                length = int(value)
        return self._stream.read(length).decode()
