"""Measures what a call costs in our own code: python -m bench.call [--calls 50000] [--rounds 1000].

The hangup hook runs here as in the switch, in turns with bare commits, on a PostgreSQL that waits for its disk; half of
its calls were answered, the others are to be called again. Then the real scheduler dials a campaign on a switch that
ends each call at once, and the hook concludes it, so many times.
"""

import argparse
import os
import queue
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from bench.call import hooks
from bench.call.figures import WARM_SHARE, Measured, Sample
from bench.call.quiet_switch import QuietSwitch
from bench.call.world import Originated, make_campaign, percentile
from bench.whole_switch import cpu_s
from db import campaigns
from db.migrate import migrate
from devstack.environment import make_folders, private_environment
from devstack.postgres import private_postgres
from devstack.programs import scheduler
from devstack.redis import private_redis
from devstack.supervise import Child, adopt_orphans, end_descendants, stop_on_signals
from dialer.campaign import CampaignState

CALLS_PER_SECOND = 400.0
CHANNELS = 1000
HOOK_THREADS = 16
WARM_UP = 200
SAMPLE_S = 0.5
LEAST_CALLS = int(CALLS_PER_SECOND * SAMPLE_S * 2 / WARM_SHARE)
"""So many last for two looks at the memory in each fifth of them."""
PATIENCE_S = 60.0
"""A campaign that concludes nothing for so long is given up; what is left counts as missing."""
SCHEDULERS_POOL = 8
LEADERS = 1
"""Connection of its own on which the leader holds its lock."""
OURS = 1
"""Connections of the measurement itself."""


def main() -> int:
    """Run, print, and end with the line that says it all; 1 when a goal is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=1000, help="hooks that are timed")
    parser.add_argument("--most-seconds", type=float, default=3600.0, help="the calls end then, however many they were")
    options = parser.parse_args()
    if options.calls < LEAST_CALLS:
        parser.error(f"--calls {options.calls}: fewer than {LEAST_CALLS} are over before their memory can be compared")
    adopt_orphans()
    with stop_on_signals():
        try:
            found = _measure(options.calls, options.rounds, options.most_seconds)
        finally:
            end_descendants()
    walls, commits = found.hooks.walls, found.hooks.commits
    for share in (0.5, 0.95):
        print(
            f"p{100 * share:.0f}: hook {1000 * percentile(walls, share):.2f} ms, "
            f"bare commit {1000 * percentile(commits, share):.2f} ms"
        )
    for name, samples in found.memory.items():
        print(f"{name}: {samples[0].bytes / 2**20:.1f} MiB at first, {samples[-1].bytes / 2**20:.1f} MiB at the end")
    if found.broken:
        print(f"not reached: {', '.join(found.broken)}")
    print(found.last_line(), flush=True)
    return 1 if found.broken else 0


def _measure(calls: int, rounds: int, most_s: float) -> Measured:
    with ExitStack() as parts:
        folders = make_folders(Path(parts.enter_context(tempfile.TemporaryDirectory())))
        postgres = parts.enter_context(private_postgres())
        redis = parts.enter_context(private_redis())
        migrate(postgres.url)
        conn = parts.enter_context(psycopg.connect(postgres.url))
        timed = WARM_UP + 2 * rounds
        campaign_id = make_campaign(conn, timed + calls, CHANNELS, CALLS_PER_SECOND)
        limits = {"DIALER_MAX_CHANNELS": str(CHANNELS), "DIALER_MAX_CALLS_PER_SECOND": str(CALLS_PER_SECOND)}
        environment = private_environment(folders, postgres.url, redis.url, limits)
        os.environ.update({name: value for name, value in environment.items() if name.startswith("DIALER_")})
        hooks.start_scripts()
        times = hooks.measure_hooks(conn, campaign_id, rounds, WARM_UP)
        campaigns.move(conn, campaign_id, CampaignState.PAUSED)

        run = _Run(conn, calls)
        environment["DIALER_ESL_PORT"] = str(run.switch.port)
        clock = parts.enter_context(scheduler(folders, environment))
        campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
        scheduler_cpu_s = run.watch(clock, most_s)
    most = SCHEDULERS_POOL + LEADERS + int(os.environ.get("DIALER_DB_WORKERS", "6")) + OURS
    return Measured(times, scheduler_cpu_s, run.memory, run.concluded, calls, run.connections, most)


class _Run:
    """The campaign of many calls; hooks run on threads of their own, as in a switch."""

    def __init__(self, conn: psycopg.Connection[Any], calls: int) -> None:
        self._conn, self._calls = conn, calls
        self.concluded = self.connections = 0
        self.memory: dict[str, list[Sample]] = {"scheduler": [], "switch's scripts": []}
        self._placed: queue.SimpleQueue[Originated] = queue.SimpleQueue()
        self._before = self._count()
        self.switch = QuietSwitch(self._placed.put)
        for _ in range(HOOK_THREADS):
            threading.Thread(target=self._end_calls, daemon=True).start()

    def _end_calls(self) -> None:
        while True:
            call = self._placed.get()
            hooks.answer(call)
            hooks.hang_up(call)
            self.switch.tell_end(call)

    def _count(self) -> int:
        row = self._conn.execute("SELECT coalesce(sum(attempts), 0)::int FROM campaign_tallies").fetchone()
        return row[0] if row else 0

    def watch(self, clock: Child, most_s: float) -> float:
        """Wait until every call is concluded, sampling memory; return the scheduler's CPU seconds per attempt."""
        cpu, began_at = cpu_s(clock.pid), time.monotonic()
        changed_at = began_at
        while self.concluded < self._calls and time.monotonic() - changed_at < PATIENCE_S and clock.is_running():
            if time.monotonic() - began_at > most_s:
                break
            time.sleep(SAMPLE_S)
            concluded = self._count() - self._before
            if concluded > self.concluded:
                self.concluded, changed_at = concluded, time.monotonic()
            self.memory["scheduler"].append(Sample(self.concluded, _resident(clock.pid)))
            self.memory["switch's scripts"].append(Sample(self.concluded, _resident(os.getpid())))
            row = self._conn.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            ).fetchone()
            self.connections = max(self.connections, row[0] if row else 0)
        return (cpu_s(clock.pid) - cpu) / max(1, self.concluded)


def _resident(pid: int) -> int:
    """Return the bytes of memory a process occupies, 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the scripts' threads serve for ever
