"""Dials every call of the switch suite once, all at the same time, through the whole product and real SIP."""

import contextlib
import json
import time as clock
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from psycopg.rows import namedtuple_row

from db import campaigns, flows
from db.migrate import migrate
from devstack.environment import make_folders, private_environment
from devstack.gateway_file import write_gateway
from devstack.ports import LOOPBACK, free_udp_block
from devstack.postgres import Postgres, private_postgres
from devstack.programs import scheduler
from devstack.redis import Redis, private_redis
from devstack.supervise import Child, spawn
from devstack.switch import SwitchChoice, SwitchKind, running_switch
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState
from scheduler.event_socket import EventSocket
from tests.switch.calls import Call, Row
from tests.switch.scenario import scenario
from tests.switch.sounds import make_prompts
from tests.switch.wire import PORTS_PER_CALLEE, Heard, Wire, listening

CALLER_ID = "+74950000001"
CONCLUDED_WITHIN_S = 90.0
POLL_S = 0.1
IN_A_ROW = 24
"""Callees whose ports lie side by side."""
ZONE = "Europe/Moscow"
USUAL: dict[str, Any] = {
    "hours_start": time(0),
    "hours_end": time(0),
    "weekdays": (1, 2, 3, 4, 5, 6, 7),
    "max_channels": 20,
    "calls_per_minute": 6000,
}
"""Of a campaign, unless the call says otherwise."""

RECORD = """
SELECT a.*, c.name AS contact_name, c.state AS contact_state,
       (SELECT count(*) FROM leads l WHERE l.attempt_id = a.id) AS leads
FROM contacts c LEFT JOIN attempts a ON a.contact_id = c.id
WHERE c.campaign_id = %s ORDER BY c.id, a.number"""


@dataclass(slots=True)
class Placed:
    """A call's campaign, and its callee's SIPp with what it writes down."""

    campaign_id: int
    trace: Path
    errors: Path
    callee: Child | None


@dataclass(slots=True)
class Suite:
    """The running product with every call placed; calling it with a Call returns that call's row."""

    postgres: Postgres
    redis: Redis
    environment: Mapping[str, str]
    log_dir: Path
    switch_kind: SwitchKind
    switch: Child
    placed: dict[str, Placed]
    numbers: Iterator[int]
    gateways: dict[str, tuple[int, int]]
    scenario_dir: Path
    ports: dict[str, int]
    wire: Wire | None = None

    def sound(self, call: Call) -> Heard:
        """Wait until the call is concluded and its callee has ended, and return what was said and heard on the wire."""
        self.records(call)
        self.carrier_saw(call)
        assert call.is_heard
        assert self.wire is not None
        return self.wire.calls[self.ports[call.name]]

    def __call__(self, call: Call) -> Row:
        """Wait until the call's one contact is concluded and return what is on record."""
        rows = self.rows(call)
        assert len(rows) == 1, f"{call.name} has {len(rows)} attempts"
        return rows[0]

    def rows(self, call: Call) -> list[Row]:
        """Wait until every contact of the call is concluded and return a row per attempt."""
        return [
            Row(
                record.disposition,
                record.hangup_cause,
                record.sip_code,
                answered=record.answered_at is not None,
                digits=record.digits,
                leads=record.leads,
            )
            for record in self.records(call)
        ]

    def record(self, call: Call) -> Any:
        """Wait as `rows` does and return the whole attempt of the call's one contact."""
        (found,) = self.records(call)
        return found

    def records(self, call: Call) -> list[Any]:
        """Wait until every contact of the call is concluded and return the attempts with all their columns."""
        campaign_id = self.placed[call.name].campaign_id
        deadline = clock.monotonic() + CONCLUDED_WITHIN_S
        while True:
            found = self._query(RECORD, campaign_id)
            if all(row.contact_state in ("concluded", "blocked") for row in found):
                return found
            if clock.monotonic() > deadline:
                raise AssertionError(f"{call.name} was not concluded in time: {found}\n{self._diagnosis(call)}")
            clock.sleep(POLL_S)

    def folder(self, setting: str) -> Path:
        """Return a folder by the name of its setting."""
        return Path(self.environment[setting])

    def evidence(self, call: Call, *wanted: str) -> dict[str, Any]:
        """Wait for the detector's evidence, which no call waits for, and for the facts wanted of it; return it."""
        row = self.wait_for(
            "SELECT amd_evidence FROM attempts WHERE campaign_id = %s AND amd_evidence ?& %s",
            self.placed[call.name].campaign_id,
            list(wanted),
        )
        return dict(row.amd_evidence)

    def lead_names(self, call: Call) -> list[str]:
        """Return the names of the contacts that have a lead, sorted."""
        return sorted(row.contact_name for row in self.records(call) if row.leads)

    def carrier_saw(self, call: Call) -> str:
        """Return every SIP message the callee sent and received, when its SIPp has ended."""
        placed = self.placed[call.name]
        assert placed.callee is not None
        placed.callee.process.wait(20)
        return placed.trace.read_text(encoding="utf-8", errors="replace")

    def callee_was_content(self, call: Call) -> bool:
        """Whether the callee's scenario ran to its end for every call as it was written."""
        placed = self.placed[call.name]
        return placed.callee is None or placed.callee.process.wait(20) == 0

    def ask_switch(self, command: str) -> str:
        """Give the switch one command over a connection of our own and return its answer."""
        listener = mock.Mock()
        where = self.environment
        line = EventSocket(
            where["DIALER_ESL_HOST"], int(where["DIALER_ESL_PORT"]), lambda: where["DIALER_ESL_PASSWORD"], [], listener
        )
        line.start()
        try:
            deadline = clock.monotonic() + 10
            while not line.is_connected and clock.monotonic() < deadline:
                clock.sleep(POLL_S)
            return line.api(command)
        finally:
            line.stop()

    def all_rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return what is on record of every call of this run, as tests.switch.compare takes it."""
        return {
            name: [
                {
                    "disposition": row.disposition,
                    "hangup_cause": row.hangup_cause,
                    "sip_code": row.sip_code,
                    "digits": row.digits,
                    "answered": row.answered_at is not None,
                    "billsec": row.billsec,
                }
                for row in self._query(RECORD, placed.campaign_id)
                if row.concluded_at is not None
            ]
            for name, placed in self.placed.items()
        }

    def has_attempts(self, call: Call) -> bool:
        """Whether anything was dialled, or is about to be, for the call."""
        return any(row.id is not None for row in self._query(RECORD, self.placed[call.name].campaign_id))

    def wait_for(self, query: str, *arguments: Any, timeout_s: float = 30.0) -> Any:
        """Wait until the query returns a row and return it."""
        deadline = clock.monotonic() + timeout_s
        while clock.monotonic() < deadline:
            if found := self._query(query, *arguments):
                return found[0]
            clock.sleep(POLL_S)
        raise AssertionError(f"nothing came of {query} {arguments}")

    def select(self, query: str, *arguments: Any) -> list[Any]:
        """Return the rows of a query."""
        return self._query(query, *arguments)

    def _query(self, query: str, *arguments: Any) -> list[Any]:
        with psycopg.connect(self.postgres.url, row_factory=namedtuple_row) as conn:
            return conn.execute(query, arguments).fetchall()

    def _diagnosis(self, call: Call) -> str:
        placed = self.placed[call.name]
        errors = placed.errors.read_text(encoding="utf-8", errors="replace") if placed.errors.exists() else ""
        return f"callee: {errors or 'no complaint'}\nlogs are in {self.log_dir}"

    def place(
        self, calls: Sequence[Call], before: Callable[[psycopg.Connection[Any]], object] = lambda conn: None
    ) -> None:
        """Start the calls' callees and their campaigns; `before` is called when they are stored and not yet started."""
        for call in calls:
            self.store(call)
        with psycopg.connect(self.postgres.url) as conn:
            before(conn)
        with psycopg.connect(self.postgres.url) as conn:
            for call in calls:
                campaigns.move(conn, self.placed[call.name].campaign_id, CampaignState.ACTIVE)

    def store(self, call: Call, gateways: Sequence[tuple[int, int]] | None = None) -> int:
        """Start the call's callee and store its campaign as a draft; return the campaign's id."""
        callee, trace, errors = self._start_callee(call)
        with psycopg.connect(self.postgres.url) as conn:
            campaign_id = self._create(conn, call, gateways)
        self.placed[call.name] = Placed(campaign_id, trace, errors, callee)
        return campaign_id

    def place_with(self, call: Call, gateways: Sequence[tuple[int, int]]) -> None:
        """As `place`, with these (gateway, caller ID) pairs instead of the call's own."""
        campaign_id = self.store(call, gateways)
        with psycopg.connect(self.postgres.url) as conn:
            campaigns.move(conn, campaign_id, CampaignState.ACTIVE)

    def _start_callee(self, call: Call) -> tuple[Child | None, Path, Path]:
        trace, errors = self.log_dir / f"{call.name}.messages", self.log_dir / f"{call.name}.errors"
        if not call.steps:
            return None, trace, errors
        path = self.scenario_dir / f"{call.name}.xml"
        path.write_text(scenario(call.name, *call.steps), encoding="utf-8")
        port = self.ports[call.name]
        calls = str(call.answers or len(call.names))
        command = [
            "sipp", "-sf", path, "-i", LOOPBACK, "-p", str(port), "-mp", str(port + 2), "-m", calls,
            "-ci", LOOPBACK, "-cp", str(port + 1), "-nostdin", "-trace_msg", "-message_file", trace,
            "-trace_err", "-error_file", errors, *call.sipp_options,
        ]  # fmt: skip
        log = self.log_dir / f"{call.name}.sipp"
        callee = spawn(f"the callee of {call.name}", command, log=log, cwd=self.scenario_dir)
        callee.wait_until(lambda: _holds_udp(port), 10, "it listened")
        return callee, trace, errors

    def _create(
        self, conn: psycopg.Connection[Any], call: Call, gateways: Sequence[tuple[int, int]] | None = None
    ) -> int:
        definition = {**default_definition("en"), "amd_mode": "off", "input_timeout_ms": 2000, **call.flow}
        campaign_id = campaigns.create(
            conn,
            campaigns.NewCampaign(
                name=call.name,
                flow_version_id=self.store_flow(conn, call, definition),
                gateways=[self.gateways[call.name]] if gateways is None else gateways,
                ring_timeout_s=call.ring_timeout_s,
                max_call_s=call.max_call_s,
                **{**USUAL, **call.campaign},
            ),
        )
        numbers = call.phones or [f"+7916{next(self.numbers):07d}" for _ in call.names]
        zones = call.zones or [ZONE] * len(call.names)
        for name, number, zone in zip(call.names, numbers, zones, strict=True):
            conn.execute(
                "WITH zone_set AS (INSERT INTO zone_sets (zones) VALUES (ARRAY[%s])"
                " ON CONFLICT (zones) DO UPDATE SET zones = excluded.zones RETURNING id)"
                " INSERT INTO contacts (campaign_id, phone, name, zone_set_id) SELECT %s, %s, %s, id FROM zone_set",
                [zone, campaign_id, number, name],
            )
        conn.execute(
            "UPDATE contacts SET consent_basis = 'offers', consent_at = now(), consent_source = 'form 17'"
            " WHERE campaign_id = %s AND name = ANY(%s)",
            [campaign_id, list(call.consenting)],
        )
        return campaign_id

    def store_flow(self, conn: psycopg.Connection[Any], call: Call, definition: Mapping[str, Any]) -> int:
        """Store the flow as the panel would; a call may ask for a definition the panel would refuse."""
        if not call.is_flow_broken:
            return flows.create_version(conn, call.name, definition)
        version = flows.create_version(conn, call.name, default_definition("en"))
        conn.execute("UPDATE flow_versions SET definition = %s WHERE id = %s", [json.dumps(dict(call.flow)), version])
        return version


def _holds_udp(port: int) -> bool:
    wanted = f":{port:04X}"
    return any(line.split()[1].endswith(wanted) for line in Path("/proc/net/udp").read_text().splitlines()[1:])


def _ports(calls: Sequence[Call]) -> dict[str, int]:
    """Return each callee's first port. Those that are heard lie in one range; for all there may be no room."""
    unheard = [call for call in calls if not call.is_heard]
    groups = [[call for call in calls if call.is_heard]]
    groups += [unheard[start : start + IN_A_ROW] for start in range(0, len(unheard), IN_A_ROW)]
    ports: dict[str, int] = {}
    for group in filter(None, groups):
        first = free_udp_block(PORTS_PER_CALLEE * len(group))
        ports |= {call.name: first + PORTS_PER_CALLEE * index for index, call in enumerate(group)}
    return ports


def _write_gateways(calls: Sequence[Call], folder: Path) -> dict[str, int]:
    ports = _ports(calls)
    for call in calls:
        if call.gateway is not None:
            params = dict(call.gateway)
            write_gateway(folder, call.name, params.pop("proxy", f"{LOOPBACK}:{ports[call.name]}"), params)
    return ports


def _store_gateways(url: str, calls: Sequence[Call]) -> dict[str, tuple[int, int]]:
    found = {}
    with psycopg.connect(url) as conn:
        for call in calls:
            gateway = conn.execute(
                "INSERT INTO gateways (name, max_channels, calls_per_second) VALUES (%s, 20, 20) RETURNING id",
                [call.name],
            ).fetchone()
            assert gateway is not None
            caller_id = conn.execute(
                "INSERT INTO caller_ids (gateway_id, phone) VALUES (%s, %s) RETURNING id", [gateway[0], CALLER_ID]
            ).fetchone()
            assert caller_id is not None
            found[call.name] = (gateway[0], caller_id[0])
    return found


@contextlib.contextmanager
def running_suite(calls: Sequence[Call], folder: Path, choice: SwitchChoice) -> Iterator[Suite]:
    """Start databases, switch and scheduler, know a gateway for every call, and stop them in the end."""
    with contextlib.ExitStack() as parts:
        folders = make_folders(folder)
        postgres = parts.enter_context(private_postgres(for_tests=True))
        redis = parts.enter_context(private_redis())
        migrate(postgres.url)
        make_prompts(folder / "sounds")
        overrides = {
            "DIALER_SOUNDS_DIR": str(folder / "sounds"),
            "DIALER_MAX_CALLS_PER_SECOND": "20",
            "DIALER_MAX_CHANNELS": "100",
            "DIALER_POSTGRES_WAIT_MS": "1500",  # a busy test machine is no outage; frozen servers take for ever
            "DIALER_REDIS_WAIT_MS": "500",
        }
        environment = private_environment(folders, postgres.url, redis.url, overrides)
        ports = _write_gateways(calls, folders.gateways)
        heard = [ports[call.name] for call in calls if call.is_heard]
        wire = parts.enter_context(listening(min(heard), max(heard) + PORTS_PER_CALLEE - 1)) if heard else None
        switch = parts.enter_context(running_switch(choice, folders, environment))
        parts.enter_context(scheduler(folders, environment))
        gateways = _store_gateways(postgres.url, calls)
        scenarios = folder / "scenarios"
        scenarios.mkdir()
        suite = Suite(
            postgres, redis, environment, folders.log, choice.kind, switch, {}, iter(range(1000000, 9999999)),
            gateways, scenarios, ports, wire,
        )  # fmt: skip
        try:
            yield suite
        finally:
            for placed in suite.placed.values():
                if placed.callee is not None:
                    placed.callee.stop()
