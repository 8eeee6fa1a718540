"""The whole product on one machine, each part with a keeper that starts it again."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from chaos.keeper import Keeper
from chaos.plan import Part
from db.migrate import migrate
from devstack.environment import ROOT, RTP_PORTS, Folders, make_folders, private_environment
from devstack.gateway_file import write_gateway
from devstack.ports import accepts_connections, free_udp_block
from devstack.postgres import Postgres, private_postgres
from devstack.programs import SCHEDULER_READY, CarrierOptions, carrier, crm_stand_in
from devstack.redis import Redis, private_redis
from devstack.supervise import Child, spawn
from devstack.switch import SwitchChoice, command, event_socket_answers

GATEWAY = "chaos"
CRM_PER_S = 50
"""The portal is quick here, so that the leads do not outlast the campaign."""


@dataclass(frozen=True, slots=True)
class ChaosStack:
    """A running stack. trunk: SIPp, which nobody harms."""

    folders: Folders
    environment: Mapping[str, str]
    crm_journal: Path
    trunk: Child
    keepers: Mapping[Part, Keeper]

    @property
    def database_url(self) -> str:
        """Where its PostgreSQL is."""
        return self.environment["DIALER_DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        """Where its Redis is."""
        return self.environment["DIALER_REDIS_URL"]

    @property
    def spool(self) -> Path:
        """Where results wait while PostgreSQL is away."""
        return Path(self.environment["DIALER_SPOOL_DIR"])

    def tick(self) -> None:
        """Start again what died."""
        for keeper in self.keepers.values():
            keeper.tick()

    def are_all_ready(self) -> bool:
        """Whether every part serves."""
        return all(keeper.is_ready for keeper in self.keepers.values())


@contextlib.contextmanager
def running_stack(
    folder: Path, callees: CarrierOptions, switch: SwitchChoice, overrides: Mapping[str, str]
) -> Iterator[ChaosStack]:
    """Start every part; stop them in the opposite order. Raises StackError when databases, CRM or SIPp don't start."""
    with contextlib.ExitStack() as parts:
        folders = make_folders(folder)
        postgres = parts.enter_context(private_postgres())  # with its disk, as in production: commits survive a kill
        redis = parts.enter_context(private_redis())
        migrate(postgres.url)
        environment = private_environment(folders, postgres.url, redis.url, overrides)
        crm_pace = ("--bucket", str(CRM_PER_S), "--drain", str(CRM_PER_S))
        crm = parts.enter_context(crm_stand_in(folders, environment, *crm_pace))
        environment["DIALER_BITRIX24_WEBHOOK_URL"] = crm.webhook_url
        environment["DIALER_BITRIX24_BURST"] = environment["DIALER_BITRIX24_RATE"] = str(CRM_PER_S)
        trunk = parts.enter_context(carrier(callees, folders, environment))
        write_gateway(folders.gateways, GATEWAY, trunk.address)
        keepers: dict[Part, Keeper] = {}
        for part, start, answers in _starts(folders, environment, switch, postgres, redis):
            keepers[part] = Keeper(part, start, answers)
            parts.callback(keepers[part].end)
        yield ChaosStack(folders, environment, crm.journal, trunk.child, keepers)


def _starts(
    folders: Folders, environment: Mapping[str, str], switch: SwitchChoice, postgres: Postgres, redis: Redis
) -> Iterator[tuple[Part, Callable[[], Child], Callable[[], bool]]]:
    """Yield how each part is started, and how one knows that it serves. The databases run already."""
    yield Part.POSTGRES, _first_is_running(postgres), postgres.answers
    yield Part.REDIS, _first_is_running(redis), redis.answers
    # Callees of a switch that died send on for a while: the next one must not take their audio for its own calls'.
    first = int(environment["DIALER_RTP_START_PORT"])
    ranges = cycle((first, free_udp_block(RTP_PORTS), free_udp_block(RTP_PORTS)))

    def start_switch() -> Child:
        start = next(ranges)
        ports = {"DIALER_RTP_START_PORT": str(start), "DIALER_RTP_END_PORT": str(start + RTP_PORTS - 1)}
        log = folders.log / "switch.console.log"
        return spawn("the switch", command(switch, folders), log=log, env={**environment, **ports}, cwd=ROOT)

    yield Part.SWITCH, start_switch, lambda: event_socket_answers(environment)
    panel_port = int(environment["DIALER_PANEL_PORT"])
    yield Part.PANEL, _module("control_panel", folders, environment), lambda: accepts_connections(panel_port)
    second = Folders(folders.base / "second", folders.tap)
    second.make()
    for part, own in ((Part.SCHEDULER, folders), (Part.SECOND_SCHEDULER, second)):
        log = own.log / "scheduler.log"
        yield part, *_that_says(_module("scheduler", own, environment), log, SCHEDULER_READY)


def _first_is_running(server: Postgres | Redis) -> Callable[[], Child]:
    """Return a start that hands over the running server first, and starts it again later."""
    is_first = True

    def start() -> Child:
        nonlocal is_first
        if not is_first:
            server.child = server.start()
        is_first = False
        return server.child

    return start


def _module(module: str, folders: Folders, environment: Mapping[str, str]) -> Callable[[], Child]:
    log = folders.log / f"{module}.log"
    return lambda: spawn(module, [sys.executable, "-m", module], log=log, env=environment, cwd=ROOT, stop_timeout_s=3.0)


def _that_says(start: Callable[[], Child], log: Path, sentence: str) -> tuple[Callable[[], Child], Callable[[], bool]]:
    """Return the start, and whether what was started last has said the sentence."""
    begins = 0

    def again() -> Child:
        nonlocal begins
        begins = log.stat().st_size if log.exists() else 0
        return start()

    def has_said() -> bool:
        with log.open("rb") as file:
            file.seek(begins)
            return sentence.encode() in file.read()

    return again, has_said
