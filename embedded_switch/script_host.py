"""The switch's side of the script process: starts it, gives it work, serves the sessions of its scripts."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_switch.channel import Channel
from embedded_switch.events import Event
from embedded_switch.script_session import serve_session
from embedded_switch.switch_log import about, level_of, log

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

READY_S = 30
LINE_BYTES_MAX = 16 * 1024 * 1024


class ScriptHost:
    """One interpreter process for all scripts. When it dies its calls end and it is not started again."""

    def __init__(self, switch: "Switch", script_dir: Path) -> None:
        self.switch = switch
        self._script_dir = script_dir
        self._folder = tempfile.TemporaryDirectory(prefix="switch-scripts-")
        self._process: asyncio.subprocess.Process | None = None
        self._server: asyncio.Server | None = None
        self._control: asyncio.StreamWriter | None = None
        self._connected = {"control": asyncio.Event(), "api": asyncio.Event()}
        self._runs: dict[int, asyncio.Future[str]] = {}
        self._next_run = 0
        self._stopping = False

    async def start(self) -> None:
        """Start the process and wait until it listens. Raises TimeoutError or OSError."""
        path = str(Path(self._folder.name) / "switch.sock")
        self._server = await asyncio.start_unix_server(self._accept, path, limit=LINE_BYTES_MAX)
        import_path = [part for part in (os.environ.get("PYTHONPATH"), str(self._script_dir)) if part]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "embedded_switch.scripts",
            path,
            self.switch.core_uuid,
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(import_path)},
        )
        self.switch.spawn(self._watch())
        async with asyncio.timeout(READY_S):
            for event in self._connected.values():
                await event.wait()

    async def stop(self) -> None:
        """End the process; scripts that still run are cut off."""
        self._stopping = True
        if self._process and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        if self._server:
            self._server.close()
        self._folder.cleanup()

    async def handler(self, channel: Channel, arguments: str) -> None:
        """See Scripts."""
        await self._run({"do": "handler", "uuid": channel.uuid, "args": arguments})

    async def fsapi(self, arguments: str, env: Event) -> str:
        """See Scripts."""
        return await self._run({"do": "fsapi", "args": arguments, "env": env.headers, "body": env.body})

    def runtime(self, arguments: str) -> None:
        """See Scripts."""
        self._tell({"do": "runtime", "args": arguments})

    async def _run(self, work: dict[str, Any]) -> str:
        if self._control is None:
            log.error("No interpreter for %s: its process ended", work["args"])
            return ""
        self._next_run += 1
        run = self._next_run
        self._runs[run] = asyncio.get_running_loop().create_future()
        self._tell({**work, "run": run})
        return await self._runs[run]

    def _tell(self, message: dict[str, Any]) -> None:
        if self._control is None:
            log.error("No interpreter for %s: its process ended", message.get("args"))
            return
        self._control.write(json.dumps(message).encode() + b"\n")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            role = json.loads(await reader.readline() or b'""')
            match role:
                case "control":
                    self._control = writer
                    self._connected["control"].set()
                    await self._each_line(reader, self._heard)
                case "api":
                    self._connected["api"].set()
                    await self._serve_api(reader, writer)
                case "session":
                    await serve_session(self.switch, reader, writer)
        except ConnectionError:
            pass  # the script ended; what it leaves behind is seen to by _watch
        finally:
            writer.close()

    @staticmethod
    async def _each_line(reader: asyncio.StreamReader, heard: Callable[[dict[str, Any]], None]) -> None:
        while line := await reader.readline():
            heard(json.loads(line))

    def _heard(self, message: dict[str, Any]) -> None:
        if "log" in message:
            level, text, uuid = message["log"]
            log.log(level_of(level), "%s", text, extra=about(uuid) if uuid else None)
        elif "done" in message:
            future = self._runs.pop(message["done"], None)
            if future and not future.done():
                future.set_result(message["output"])
        elif "fire" in message:
            event = self.switch.bus.new(message["fire"])
            kept = {name for name, _ in event.headers}
            event.headers.extend((name, value) for name, value in message["headers"] if name not in kept)
            event.body = message["body"]
            self.switch.bus.fire(event)
        elif "global" in message:
            self.switch.variables[message["global"]] = message["value"]

    async def _serve_api(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer API(): the whole interpreter stands still until we do, as in FreeSWITCH."""
        while line := await reader.readline():
            command, arguments = json.loads(line)
            output = await self.switch.run_command(command, arguments)
            writer.write(json.dumps(output).encode() + b"\n")

    async def _watch(self) -> None:
        assert self._process is not None
        code = await self._process.wait()
        self._control = None
        if self._stopping:
            return
        log.critical("The script process ended with %s: its calls end, scripts cannot run until the next start", code)
        for channel in tuple(self.switch.channels.values()):
            channel.hangup("NORMAL_TEMPORARY_FAILURE")
        runs, self._runs = self._runs, {}
        for future in runs.values():
            if not future.done():
                future.set_result("")
