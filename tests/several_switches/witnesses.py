"""A campaign on two switches that share a carrier, and what the stores and the wire say of it."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from redis import Redis

from chaos.campaign import MIX, make_campaign
from db import campaigns, leases, switches
from db.redis_client import open_redis
from db.switches import SwitchRow
from devstack.programs import CarrierOptions
from dialer.campaign import CampaignState
from sipp.log_reader import CarrierCall, read_calls
from tests.limits.counting import Call, Excess, Limit, Limits, excesses
from tests.several_switches.stack import GATEWAY, TwoSwitches, running_stack
from tests.verifier.facts import read_database, read_journal
from tests.verifier.findings import Findings
from tests.verifier.strikes import Strike
from tests.verifier.verify import verify

CONTACTS = 240
CPS = 8.0
SCHEDULERS = 2
LONGEST_CALL_S = 20.0
"""Callees of a switch that died leave after this."""
ORIGINATED = "an originate was sent"


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt that was marked for a switch. at: epoch s."""

    attempt_id: str
    switch: str
    at: float


class Campaign:
    """What the stores and the wire say of the calls. ids: of a and b, the switches."""

    def __init__(self, stack: TwoSwitches, conn: psycopg.Connection[Any], redis: Redis) -> None:
        self.stack, self.conn, self.redis = stack, conn, redis
        self.ids: dict[str, int] = {}
        self.id = 0

    def begin(self, most: Mapping[str, int]) -> None:
        """Add both switches with these limits, and dial until both have calls."""
        wait_until(lambda: self.value("SELECT count(*) FROM switches"), "the switch of the settings")
        self.ids["a"] = self.value("SELECT id FROM switches")
        self.conn.execute("UPDATE switches SET max_channels = %s", [most["a"]])
        row = SwitchRow(0, "b", "127.0.0.1", self.stack.ports["b"], most["b"], is_enabled=True)
        self.ids["b"] = switches.create(self.conn, row)
        takes_calls = "SELECT bool_and(out_because IS NULL AND seen_at IS NOT NULL) FROM switches"
        wait_until(lambda: self.value(takes_calls), "both switches taking calls")
        self.id = make_campaign(self.stack.environment["DIALER_DATABASE_URL"], GATEWAY, CONTACTS, CPS)
        campaigns.move(self.conn, self.id, CampaignState.ACTIVE)
        wait_until(lambda: self.up("a") >= 4 and self.up("b") >= 4, "calls on both")

    def await_end(self) -> None:
        """Wait until nothing is left to be done."""
        done = "SELECT state::text FROM campaigns WHERE id = %s"
        wait_until(lambda: self.value(done, self.id) == "completed", "the campaign's end", 150)
        wait_until(lambda: self.value("SELECT count(*) FROM leads WHERE delivered_at IS NULL") == 0, "the leads")
        wait_until(lambda: leases.counts(self.redis).total == 0, "the leases' end")
        assert set(leases.counts(self.redis, switch_ids=list(self.ids.values())).by_switch.values()) == {0}

    def verdict(self, strikes: Sequence[Strike]) -> Findings:
        """Compare the three witnesses."""
        findings = verify(
            read_calls(self.stack.carrier),
            read_database(self.stack.environment["DIALER_DATABASE_URL"]),
            read_journal(self.stack.crm_journal),
            strikes=strikes,
        )
        print(findings.crash_summary(7))
        return findings

    def value(self, query: str, *values: Any) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return row[0] if row else None

    def placed(self, name: str) -> int:
        return int(self.value("SELECT count(*) FROM attempts WHERE switch_id = %s", self.ids[name]))

    def placed_since(self, name: str, at: float) -> int:
        query = "SELECT count(*) FROM attempts WHERE switch_id = %s AND originated_at > %s"
        return int(self.value(query, self.ids[name], datetime.fromtimestamp(at, UTC)))

    def up(self, name: str) -> int:
        query = (
            "SELECT count(*) FROM attempts WHERE switch_id = %s AND originated_at IS NOT NULL AND concluded_at IS NULL"
        )
        return int(self.value(query, self.ids[name]))

    def core_uuid(self, name: str) -> str:
        return str(self.value("SELECT core_uuid FROM switches WHERE id = %s", self.ids[name]))

    def out_because(self, name: str) -> str | None:
        return self.value("SELECT out_because FROM switches WHERE id = %s", self.ids[name])

    def sent(self, since: float = 0.0, until: float = float("inf")) -> list[Sent]:
        """Return what was marked between these moments, in order."""
        names = {id_: name for name, id_ in self.ids.items()}
        found = self.conn.execute(
            "SELECT id::text, switch_id, originated_at FROM attempts WHERE originated_at IS NOT NULL ORDER BY 3"
        ).fetchall()
        every = [Sent(attempt_id, names[switch_id], at.timestamp()) for attempt_id, switch_id, at in found]
        return [each for each in every if since <= each.at <= until]

    def on_the_wire(self, name: str, died_at: float | None = None) -> list[Call]:
        """Return the carrier's calls that this switch placed. died_at: when it was killed, and its calls with it."""
        found = []
        for sent, call in self._placed_calls():
            if sent.switch == name:
                struck = died_at is not None and call.invited_at < died_at
                ended = min(died_at or 0.0, call.ended_at or float("inf")) if struck else call.ended_at
                found.append(Call(call.invited_at, ended, GATEWAY, ""))
        return found

    def too_fast(self, left_out: Sequence[Sent] = ()) -> list[Excess]:
        """Return where calls came faster over the wire than allowed, but for what the machine held up on its way."""
        allowed = dict(self._allowed())
        excused = {sent.attempt_id for sent in left_out}
        calls = [(s.attempt_id, c) for s, c in self._placed_calls() if s.attempt_id not in excused]
        took = {id_: call.invited_at - allowed[id_] for id_, call in calls if id_ in allowed}
        quickest = min(took.values())
        timed = [Call(c.invited_at, c.ended_at, GATEWAY, "", took.get(i, quickest) - quickest) for i, c in calls]
        return excesses("trunk", timed, Limits(per_second=Limit([(0.0, CPS)])))

    def _placed_calls(self) -> Iterator[tuple[Sent, CarrierCall]]:
        phones = dict(self.conn.execute("SELECT id::text, phone FROM attempts").fetchall())
        sent = [(phones[each.attempt_id].lstrip("+"), each) for each in self.sent()]
        for call in read_calls(self.stack.carrier):
            mine = [one for phone, one in sent if phone == call.number.lstrip("+") and one.at - 0.1 < call.invited_at]
            if mine:
                yield mine[-1], call

    def _allowed(self) -> Iterator[tuple[str, float]]:
        """Yield each permission to leave, as the schedulers wrote it down."""
        for log in self.stack.scheduler_logs:
            for line in log.read_text(encoding="utf-8").splitlines():
                if ORIGINATED in line:
                    said = json.loads(line)
                    yield said["attempt_id"], said["allowed_at"]

    def freeze(self, name: str) -> float:
        """Let none of a switch's processes go on; return since when."""
        os.killpg(self.stack.parts[name].child.pid, signal.SIGSTOP)
        return time.time()

    def thaw(self, name: str) -> float:
        """Undo `freeze`; return since when."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.stack.parts[name].child.pid, signal.SIGCONT)
        return time.time()


@contextlib.contextmanager
def dialing(folder: Path, most: Mapping[str, int], max_channels: int) -> Iterator[Campaign]:
    """Dial a campaign on two switches with two schedulers; goes on once both have calls. most: channels of each."""
    overrides = {
        "DIALER_MAX_CHANNELS": str(max_channels),
        "DIALER_MAX_CALLS_PER_SECOND": str(CPS),
        "DIALER_CRM_SETTLE_S": "5",
    }
    with (
        running_stack(folder, CarrierOptions(MIX, 7, LONGEST_CALL_S), overrides) as stack,
        psycopg.connect(stack.environment["DIALER_DATABASE_URL"], autocommit=True) as conn,
        open_redis(stack.environment["DIALER_REDIS_URL"], 2000) as redis,
    ):
        campaign = Campaign(stack, conn, redis)
        campaign.begin(most)
        yield campaign


def wait_until(is_so: Callable[[], object], what: str, within_s: float = 90.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what} took over {within_s:.0f} s"
        time.sleep(0.05)
