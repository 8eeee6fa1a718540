"""The product with three carriers and two schedulers, whose parts can be killed and started again."""

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from redis import Redis as RedisClient

from db.migrate import migrate
from devstack.environment import Folders, make_folders, private_environment
from devstack.gateway_file import write_gateway
from devstack.ports import LOOPBACK, free_udp_block
from devstack.postgres import START_TIMEOUT_S, Postgres, private_postgres
from devstack.programs import CarrierOptions, carrier, panel, scheduler
from devstack.redis import Redis, private_redis
from devstack.supervise import Child, spawn
from devstack.switch import chosen_switch, running_switch

MIX = "busy=3,reject=4,noanswer=2,human_hangup=1,human3=2"
"""Channels are held for no time, for 3 s, for as long as it rings, for a short talk, and beside an operator's."""


class Part:
    """One part of the stack. start: runs it until the block ends."""

    def __init__(self, start: Callable[[], AbstractContextManager[Child]]) -> None:
        self._start = start
        self._running = ExitStack()
        self.child = self._running.enter_context(start())

    def kill(self) -> None:
        """End it with all its processes at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.process.wait()

    def start_again(self) -> None:
        """Start what was killed and wait until it is ready."""
        self.end()
        self.child = self._running.enter_context(self._start())

    def end(self) -> None:
        """Stop it."""
        self._running.close()


@dataclass(frozen=True, slots=True)
class LimitsStack:
    """A running stack. parts: switch, panel, redis, first, second (the schedulers).

    carriers, ports: of each gateway's carrier, its logs and its SIP port. closing: ends with the stack.
    """

    folders: Folders
    environment: Mapping[str, str]
    parts: Mapping[str, Part]
    carriers: Mapping[str, Path]
    scheduler_logs: tuple[Path, ...]
    ports: Mapping[str, int]
    postgres: Postgres
    closing: ExitStack

    @property
    def switch_logs(self) -> list[Path]:
        """What the switch and its scripts say; a real one says it twice."""
        return sorted(self.folders.log.glob("*switch*.log"))

    def flush_redis(self) -> None:
        """Empty Redis."""
        with RedisClient.from_url(self.environment["DIALER_REDIS_URL"]) as client:
            client.flushall()

    def kill_postgres(self) -> None:
        """Kill every process of PostgreSQL, and start it again: it comes back by crash recovery."""
        self.postgres.kill()
        self.postgres.child.process.wait()
        self.postgres.child.stop()  # what is left of its group
        self.postgres.child = self.postgres.start()
        self.postgres.child.wait_until(self.postgres.answers, START_TIMEOUT_S, "it answered a query")


@contextlib.contextmanager
def running_stack(
    folder: Path, gateways: list[str], overrides: Mapping[str, str], *, carriers: bool = True
) -> Iterator[LimitsStack]:
    """Start everything but the CRM, with a carrier for each gateway; carriers=False: only its port is chosen."""
    with ExitStack() as closing:
        folders = make_folders(folder)
        postgres = closing.enter_context(private_postgres())  # with its disk: commits survive a kill
        redis = closing.enter_context(private_redis())
        migrate(postgres.url)
        environment = private_environment(folders, postgres.url, redis.url, overrides)
        logs, ports = {}, {}
        for seed, name in enumerate(gateways, 1):
            own = _below(folders, name)
            if carriers:
                trunk = closing.enter_context(carrier(CarrierOptions(MIX, seed), own, environment))
                ports[name] = int(trunk.address.rpartition(":")[2])
            else:
                ports[name] = free_udp_block(64)
            write_gateway(folders.gateways, name, f"{LOOPBACK}:{ports[name]}")
            logs[name] = own.carrier
        schedulers = {name: _below(folders, name) for name in ("first", "second")}
        starts: dict[str, Callable[[], AbstractContextManager[Child]]] = {
            "redis": lambda: _redis_like(redis, folder),
            "switch": lambda: running_switch(chosen_switch(), folders, environment),
            "panel": lambda: panel(folders, environment),
            **{name: lambda own=own: scheduler(own, environment) for name, own in schedulers.items()},  # type: ignore[misc]
        }
        redis.child.stop()  # its place is taken by one that can be killed and started again
        parts = {}
        for name, start in starts.items():
            parts[name] = Part(start)
            closing.callback(parts[name].end)
        said = tuple(own.log / "scheduler.log" for own in schedulers.values())
        yield LimitsStack(folders, environment, parts, logs, said, ports, postgres, closing)


def _below(folders: Folders, name: str) -> Folders:
    own = Folders(folders.base / name, folders.tap)
    own.make()
    return own


@contextlib.contextmanager
def _redis_like(server: Redis, folder: Path) -> Iterator[Child]:
    """Run an empty Redis with that one's port and password."""
    program = shutil.which("redis-server", path="/usr/bin:/usr/local/bin") or "redis-server"
    said = f'port {server.port}\nbind {LOOPBACK}\nrequirepass "{server.password}"\nsave ""\nappendonly no\n'
    child = spawn("Redis", [program, "-"], log=folder / "redis.log", cwd=folder, stdin=said.encode())
    try:
        with RedisClient.from_url(server.url, socket_timeout=2) as client:
            child.wait_until(lambda: _answers(client), 20, "it answered a ping")
        yield child
    finally:
        child.stop()


def _answers(client: RedisClient) -> bool:
    with contextlib.suppress(Exception):
        return bool(client.ping())
    return False
