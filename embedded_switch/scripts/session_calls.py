"""Carries a session's method calls to the switch and its digits to the script's input callback."""

import json
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from embedded_switch.scripts.link import Link


class SessionGone(Exception):
    """The channel is no more."""


class SessionCalls:
    """One connection, opened at the first call. Calls nest: an input callback may call methods itself."""

    def __init__(self, link: Link, uuid: str) -> None:
        self.uuid = uuid
        self.hungup = False
        self.callback: Callable[[str, int], str | None] | None = None
        self._link = link
        self._lock = threading.RLock()
        self._stream: Any = None
        self._next_id = 0

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a method and wait for its result. Raises SessionGone."""
        with self._lock:
            if self._stream is None:
                self._stream = self._link.connect("session").makefile("rwb")
            self._next_id += 1
            wanted = self._next_id
            self._write(
                {"id": wanted, "uuid": self.uuid, "op": name, "args": arguments, "callback": bool(self.callback)}
            )
            return self._answer(wanted)

    def _answer(self, wanted: int) -> Any:
        while line := self._stream.readline():
            message = json.loads(line)
            if "digit" in message:
                self._write({"answer": self._ask(message["digit"], message["duration"])})
            elif message["id"] == wanted:
                if message.get("gone"):
                    raise SessionGone
                self.hungup = self.hungup or message["hungup"]
                return message["result"]
        raise SessionGone

    def _ask(self, digit: str, duration: int) -> str | None:
        try:
            return self.callback(digit, duration) if self.callback else None
        except Exception:  # noqa: BLE001 - FreeSWITCH prints it and goes on
            traceback.print_exc(file=sys.stderr)
            return None

    def _write(self, message: dict[str, Any]) -> None:
        self._stream.write(json.dumps(message).encode() + b"\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
