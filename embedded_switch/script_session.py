"""Serves one script's connection: method calls of its session, and digits for its input callback in between."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from embedded_switch.channel import Digit
from embedded_switch.session_ops import SessionOps
from embedded_switch.switch_log import log

if TYPE_CHECKING:
    from embedded_switch.switch import Switch


class ScriptSession:
    """Lines of JSON. A call is {id, uuid, op, args, callback}; its answer {id, result, hungup}.

    While a call runs, a digit is put as {digit, duration} and answered by {answer}; the callback may make calls itself.
    """

    def __init__(self, switch: "Switch", writer: asyncio.StreamWriter) -> None:
        self.switch = switch
        self._writer = writer
        self._asked: list[asyncio.Future[str | None]] = []

    def heard(self, message: dict[str, Any]) -> None:
        """Take a line from the script."""
        if "answer" in message:
            future = self._asked.pop()
            if not future.done():
                future.set_result(message["answer"])
        else:
            self.switch.spawn(self._call(message))

    def gone(self) -> None:
        """The script left: whatever its callback was asked has no answer."""
        for future in self._asked:
            if not future.done():
                future.set_result(None)

    async def _call(self, message: dict[str, Any]) -> None:
        channel = self.switch.channels.get(message["uuid"])
        if channel is None:
            self._tell({"id": message["id"], "gone": True})
            return
        ops = SessionOps(self.switch, channel, self._ask if message["callback"] else None)
        result = None
        try:
            result = await ops.call(message["op"], message["args"])
        except Exception:  # noqa: BLE001 - a bad argument must not leave the script waiting for ever
            log.exception("A session's %s failed", message["op"], extra={"uuid": channel.uuid})
        self._tell({"id": message["id"], "result": result, "hungup": channel.ended})

    async def _ask(self, digit: Digit) -> str | None:
        future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._asked.append(future)
        self._tell({"digit": digit.digit, "duration": digit.duration})
        return await future

    def _tell(self, message: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")


async def serve_session(switch: "Switch", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve a script until it closes its connection."""
    session = ScriptSession(switch, writer)
    try:
        while line := await reader.readline():
            session.heard(json.loads(line))
    finally:
        session.gone()
