"""The whole product on one machine: databases, switch, scheduler, panel, carrier and CRM, started in order."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devstack.environment import Folders, make_folders, private_environment
from devstack.errors import StackError
from devstack.gateway_file import write_gateway
from devstack.postgres import private_postgres
from devstack.programs import CarrierOptions, carrier, crm_stand_in, panel, scheduler
from devstack.redis import private_redis
from devstack.supervise import Child
from devstack.switch import SwitchChoice, chosen_switch, running_switch

GATEWAY = "demo"


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What to start.

    folder: where logs and journals go. database_dir: keeps PostgreSQL's data after the end, None: a temporary one.
    overrides: DIALER_* variables that are not made up.
    """

    folder: Path
    carrier: CarrierOptions
    switch: SwitchChoice = field(default_factory=chosen_switch)
    for_tests: bool = False
    database_dir: Path | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack. environment: of its programs, with every DIALER_* variable."""

    folders: Folders
    environment: Mapping[str, str]
    crm_journal: Path
    children: tuple[Child, ...]

    @property
    def database_url(self) -> str:
        """Where its PostgreSQL is."""
        return self.environment["DIALER_DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        """Where its Redis is."""
        return self.environment["DIALER_REDIS_URL"]

    @property
    def panel_url(self) -> str:
        """What to open in a browser."""
        return f"http://{self.environment['DIALER_PANEL_HOST']}:{self.environment['DIALER_PANEL_PORT']}/"

    def check(self) -> None:
        """Raise StackError naming the part that has ended on its own, with the end of its log."""
        for child in self.children:
            if not child.is_running():
                raise StackError(f"{child.name} ended with status {child.process.returncode}:\n{child.tail()}")


@contextlib.contextmanager
def running_stack(options: StackOptions) -> Iterator[Stack]:
    """Start every part in order and wait until each is ready; stop them in the opposite order.

    Raises StackError naming the part that failed, with the end of its log.
    """
    from db.migrate import migrate

    with contextlib.ExitStack() as parts:
        folders = make_folders(options.folder)
        postgres = parts.enter_context(private_postgres(for_tests=options.for_tests, keep_in=options.database_dir))
        redis = parts.enter_context(private_redis())
        migrate(postgres.url)
        environment = private_environment(folders, postgres.url, redis.url, options.overrides)
        crm = parts.enter_context(crm_stand_in(folders, environment))
        environment["DIALER_BITRIX24_WEBHOOK_URL"] = crm.webhook_url
        trunk = parts.enter_context(carrier(options.carrier, folders, environment))
        write_gateway(folders.gateways, GATEWAY, trunk.address)
        switch = parts.enter_context(running_switch(options.switch, folders, environment))
        web = parts.enter_context(panel(folders, environment))
        clock = parts.enter_context(scheduler(folders, environment))
        yield Stack(folders, environment, crm.journal, (postgres.child, redis.child, trunk.child, switch, web, clock))
