"""The hangup hook as the switch runs it, in this process: same modules, same stores, a stand-in for the switch's."""

import sys
import time
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from bench.call.world import Originated, final_event, originated
from db import claims, dialing

CORE_UUID = "11111111-2222-4333-8444-555555555555"
BARE = "bench_commit"


@dataclass(frozen=True, slots=True)
class HookTimes:
    """Seconds. walls: of each hook; commits: of each bare commit, taken in turns; cpu_s: of one hook, all threads."""

    walls: Sequence[float]
    commits: Sequence[float]
    cpu_s: float


class Event:
    """A final event as mod_python3 hands it to the hook."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def getHeader(self, name: str) -> str | None:  # noqa: N802 - the switch's name
        """Return a header, None when it is not there."""
        return self._headers.get(name)


def stand_in_for_the_switch() -> None:
    """Give the call scripts the module that only a switch has; its log goes nowhere."""
    module: Any = types.ModuleType("freeswitch")
    module.consoleLog = module.setGlobalVariable = lambda *_: None
    module.API = type("API", (), {"executeString": lambda *_: ""})
    sys.modules["freeswitch"] = module


def start_scripts() -> None:
    """Do what the switch's startup-script does."""
    stand_in_for_the_switch()
    from fs_scripts import warm_up

    warm_up.run()


def answer(call: Originated) -> None:
    """Write down the answer as the call's script does, if there is one."""
    from fs_scripts.resources import resources

    if not call.is_busy:
        now = datetime.now(UTC)
        memory = resources().memory
        memory.answered(call.attempt_id, call.ids.campaign_id, call.ids.flow_version_id, now, lambda _: True)


def hang_up(call: Originated, event: Event | None = None) -> None:
    """Run the hook."""
    from fs_scripts import hangup

    hangup.fsapi("na", None, event or Event(final_event(call)), "")


def dial(conn: Connection[Any], campaign_id: int, count: int) -> list[Originated]:
    """Claim and mark so many attempts."""
    import uuid

    campaign = dialing.of(conn, campaign_id)
    open_sets = list(dialing.zone_sets(conn, campaign_id))
    ids = [str(uuid.uuid4()) for _ in range(count)]
    claimed = claims.claim(conn, campaign, campaign.gateways[0], ids, open_sets)
    marked = set(claims.mark_originated(conn, [attempt.attempt_id for attempt in claimed], CORE_UUID))
    calls = [originated(str(attempt.dial_string())) for attempt in claimed if attempt.attempt_id in marked]
    return [call for call in calls if call is not None]


def measure_hooks(conn: Connection[Any], campaign_id: int, rounds: int, warm_up: int) -> HookTimes:
    """Let hooks and bare commits take turns, then run hooks alone for their CPU.

    A bare commit updates one row of a table of one row, by a statement of its own on an open connection. It is made on
    the same thread right after each hook, so that both meet the same disk and the same other programs; answers come
    before, untimed.
    """
    conn.execute(f"CREATE TABLE IF NOT EXISTS {BARE} (n bigint)")
    conn.execute(f"INSERT INTO {BARE} VALUES (0)")
    calls = dial(conn, campaign_id, warm_up + 2 * rounds)
    for call in calls:
        answer(call)
    for call in calls[:warm_up]:
        hang_up(call)
        conn.execute(f"UPDATE {BARE} SET n = n + 1")
    walls, commits = [], []
    for call in calls[warm_up : warm_up + rounds]:
        event = Event(final_event(call))
        began = time.perf_counter()
        hang_up(call, event)
        ended = time.perf_counter()
        conn.execute(f"UPDATE {BARE} SET n = n + 1")
        commits.append(time.perf_counter() - ended)
        walls.append(ended - began)
    cpu_s = time.process_time()
    for call in calls[warm_up + rounds :]:
        hang_up(call)
    return HookTimes(walls, commits, (time.process_time() - cpu_s) / rounds)
