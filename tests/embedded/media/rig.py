"""An engine on loopback, callees made of SIPp or of a bare socket, and a diary of what a leg told."""

import asyncio
import contextlib
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from devstack.ports import free_udp_block
from embedded_switch.engine import Engine
from embedded_switch.gateway import Gateway
from embedded_switch.leg import Leg
from tests.switch.scenario import scenario

LOOPBACK = "127.0.0.1"
PATIENCE_S = 15.0
POLL_S = 0.005
PORTS_PER_CALLEE = 8


@contextlib.contextmanager
def sipp_callee(*steps: str) -> Iterator[int]:
    """Run SIPp with these steps for one call; give its port once it listens."""
    port = free_udp_block(PORTS_PER_CALLEE)
    media_port = port + 2
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "callee.xml"
        file.write_text(scenario("callee", *steps))
        command = ["sipp", "-sf", file.name, "-i", LOOPBACK, "-p", str(port), "-mp", str(media_port), "-m", "1"]
        process = subprocess.Popen(
            [*command, "-nostdin"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            while process.poll() is None and not _is_bound(port):
                time.sleep(POLL_S)
            yield port
        finally:
            process.kill()
            process.wait()


def _is_bound(port: int) -> bool:
    return f":{port:04X} " in Path("/proc/net/udp").read_text()


class Diary:
    """What one leg told, in order, and a way to wait until it told enough."""

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self.entries: list[str] = []
        self.digits: list[tuple[str, int, str]] = []
        leg.on_progress = lambda _: self.entries.append("progress")
        leg.on_early_media = lambda _: self.entries.append("early media")
        leg.on_answer = lambda _: self.entries.append("answer")
        leg.on_hangup = lambda _: self.entries.append("hangup")
        leg.on_digit = lambda _, digit, ms, source: self.digits.append((digit, ms, source))

    async def until(self, entry: str) -> None:
        """Wait until the leg told this."""
        await eventually(lambda: entry in self.entries)


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail after PATIENCE_S."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(POLL_S)


@contextlib.asynccontextmanager
async def engine() -> AsyncIterator[Engine]:
    """Run an engine on ports of its own."""
    running = Engine(LOOPBACK, 0, (30000, 39998), "embedded")
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


def dial(running: Engine, port: int, **gateway: object) -> Diary:
    """Call whoever listens on this port."""
    carrier = Gateway("carrier", f"{LOOPBACK}:{port}", **gateway)  # type: ignore[arg-type]
    running.add_gateway(carrier)
    return Diary(running.dial(carrier, "+79990000001", str(uuid.uuid4()), caller_id_number="+74950000000"))


def call(steps: tuple[str, ...], act: Callable[[Diary], Awaitable[None]], **gateway: object) -> Diary:
    """Call a SIPp callee, act, hang up if nobody has, and return what was told."""

    async def run(port: int) -> Diary:
        async with engine() as running:
            diary = dial(running, port, **gateway)
            await act(diary)
            diary.leg.hangup()
            await diary.until("hangup")
            return diary

    with sipp_callee(*steps) as port:
        return asyncio.run(run(port))


async def ended(diary: Diary) -> None:
    """Wait for the end."""
    await diary.until("hangup")
