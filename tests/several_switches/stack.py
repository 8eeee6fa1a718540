"""The product with two switches that share a carrier, either of which can be killed and started again."""

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from db.migrate import migrate
from devstack.environment import Folders, another_switch, make_folders, private_environment
from devstack.gateway_file import write_gateway
from devstack.postgres import private_postgres
from devstack.programs import CarrierOptions, carrier, crm_stand_in, scheduler
from devstack.redis import private_redis
from devstack.switch import chosen_switch, running_switch
from tests.limits.stack import Part

GATEWAY = "trunk"


@dataclass(frozen=True, slots=True)
class TwoSwitches:
    """A running stack. parts: a and b, the switches. ports: of their Event Sockets; a's is the settings' one.

    scheduler_logs: of both schedulers.
    """

    folders: Folders
    environment: Mapping[str, str]
    parts: Mapping[str, Part]
    ports: Mapping[str, int]
    carrier: Path
    crm_journal: Path
    scheduler_logs: tuple[Path, ...]


@contextlib.contextmanager
def running_stack(folder: Path, callees: CarrierOptions, overrides: Mapping[str, str]) -> Iterator[TwoSwitches]:
    """Start stores, carrier, CRM, two switches and two schedulers; stop them in the opposite order."""
    with ExitStack() as closing:
        folders = make_folders(folder)
        postgres = closing.enter_context(private_postgres(for_tests=True))
        redis = closing.enter_context(private_redis())
        migrate(postgres.url)
        environment = private_environment(folders, postgres.url, redis.url, overrides)
        crm = closing.enter_context(crm_stand_in(folders, environment, "--bucket", "50", "--drain", "50"))
        environment["DIALER_BITRIX24_WEBHOOK_URL"] = crm.webhook_url
        environment["DIALER_BITRIX24_BURST"] = environment["DIALER_BITRIX24_RATE"] = "50"
        trunk = closing.enter_context(carrier(callees, folders, environment))
        write_gateway(folders.gateways, GATEWAY, trunk.address)
        passwords = folder / "passwords"
        passwords.mkdir(mode=0o700)
        environment["DIALER_ESL_PASSWORDS_DIR"] = str(passwords)
        places = {"a": (folders, environment), "b": another_switch(folders, environment, "b")}
        (passwords / "b").write_text(f"{places['b'][1]['DIALER_ESL_PASSWORD']}\n")
        parts, ports = {}, {}
        for name, (own, its) in places.items():
            parts[name] = Part(lambda own=own, its=its: running_switch(chosen_switch(), own, its))  # type: ignore[misc]
            closing.callback(parts[name].end)
            ports[name] = int(its["DIALER_ESL_PORT"])
        logs = []
        for name in ("first", "second"):
            below = Folders(folders.base / name, folders.tap)
            below.make()
            closing.enter_context(scheduler(below, environment))
            logs.append(below.log / "scheduler.log")
        yield TwoSwitches(folders, environment, parts, ports, folders.carrier, crm.journal, tuple(logs))
