"""The hangup hook as the switch runs it, in this process: same modules, same stores, a stand-in for the switch's."""

import sys
import time
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from bench.call.world import final_event
from db import campaigns, claims

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


def hang_up(attempt_id: str, campaign_id: int) -> None:
    """Run the hook."""
    from fs_scripts import hangup

    hangup.fsapi("na", None, Event(final_event(attempt_id, campaign_id)), "")


def dial(conn: Connection[Any], campaign_id: int, count: int) -> list[str]:
    """Claim and mark so many attempts; return their ids."""
    import uuid

    campaign = campaigns.dialing(conn, campaign_id)
    open_sets = list(campaigns.zone_sets(conn, campaign_id))
    ids = [str(uuid.uuid4()) for _ in range(count)]
    claimed = [a.attempt_id for a in claims.claim(conn, campaign, campaign.gateways[0], ids, open_sets)]
    return claims.mark_originated(conn, claimed, CORE_UUID)


def measure_hooks(conn: Connection[Any], campaign_id: int, rounds: int, warm_up: int) -> HookTimes:
    """Let hooks and bare commits take turns, then run hooks alone for their CPU.

    A bare commit updates one row of a table of one row, by a statement of its own on an open connection.
    """
    conn.execute(f"CREATE TABLE IF NOT EXISTS {BARE} (n bigint)")
    conn.execute(f"INSERT INTO {BARE} VALUES (0)")
    ids = dial(conn, campaign_id, warm_up + 2 * rounds)
    for attempt_id in ids[:warm_up]:
        hang_up(attempt_id, campaign_id)
        conn.execute(f"UPDATE {BARE} SET n = n + 1")
    walls, commits = [], []
    for attempt_id in ids[warm_up : warm_up + rounds]:
        began = time.perf_counter()
        hang_up(attempt_id, campaign_id)
        ended = time.perf_counter()
        conn.execute(f"UPDATE {BARE} SET n = n + 1")
        commits.append(time.perf_counter() - ended)
        walls.append(ended - began)
    cpu_s = time.process_time()
    for attempt_id in ids[warm_up + rounds :]:
        hang_up(attempt_id, campaign_id)
    return HookTimes(walls, commits, (time.process_time() - cpu_s) / rounds)
