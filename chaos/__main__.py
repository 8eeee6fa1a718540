"""Dial a campaign while everything is killed, stopped and frozen, and verify it: `python -m chaos [--seed 7]`."""

import argparse
import random
import signal
import sys
import time
from pathlib import Path

from chaos.plan import Scale, make_plan
from chaos.run import Run, run_chaos
from demo.__main__ import own_folder
from devstack.environment import ROOT
from devstack.errors import StackError
from devstack.supervise import adopt_orphans, die_with_make, end_descendants, stop_on_signals
from devstack.switch import chosen_switch

FOLDER = ROOT / "var" / "chaos"
FULL = Scale()
JUDGED_WITHIN_S = 240
"""What starting, judging and stopping may take besides the campaign."""


def main() -> int:
    """Run it; 0 when every promise was kept, 1 with the findings otherwise."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="makes the same plan again (default: a new one)")
    parser.add_argument("--contacts", type=int, default=FULL.contacts)
    parser.add_argument("--kills", type=int, default=FULL.kills_each, help="of each part (default 5)")
    parser.add_argument("--least-up", type=int, default=FULL.least_up, help="calls up at each fault (default 20)")
    parser.add_argument("--rate", type=float, default=18.0, help="calls per second (default 18)")
    parser.add_argument("--stop", type=float, default=FULL.stop_s, help="how long PostgreSQL is stopped, s")
    parser.add_argument("--freeze", type=float, default=FULL.freeze_s, help="how long a store is frozen, s")
    parser.add_argument("--stall", type=float, default=FULL.stall_s, help="how long a scheduler is frozen, s")
    parser.add_argument("--fill", type=float, default=FULL.fill_s, help="how long the spool is full, s")
    parser.add_argument("--stops-within", type=float, default=FULL.stops_within_s, help="dialing, on an outage, s")
    parser.add_argument("--limit", type=float, default=900.0, help="judge it after so many seconds, as it is then")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1, 10_000) if options.seed is None else options.seed
    scale = Scale(
        options.contacts,
        options.kills,
        options.least_up,
        options.stop,
        options.freeze,
        options.stall,
        options.fill,
        options.stops_within,
    )
    adopt_orphans()
    die_with_make()
    try:
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(int(options.limit + JUDGED_WITHIN_S))
        with stop_on_signals(), own_folder(FOLDER) as folder:
            return _chaos(Run(seed, scale, options.rate, options.limit), folder)
    except StackError as failure:
        print(f"chaos: seed {seed}: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nchaos: seed {seed}: interrupted, everything is stopped", file=sys.stderr)
        return 130
    finally:
        end_descendants()


def _too_long(*_: object) -> None:
    raise StackError("the run hangs and is given up")


def _chaos(run: Run, folder: Path) -> int:
    began = time.monotonic()
    switch = chosen_switch()
    plan = make_plan(run.seed, run.scale)
    print(
        f"Seed {run.seed}: `make chaos SEED={run.seed}` makes this plan again ({switch.kind} switch, logs in {folder})"
    )
    for fault in plan:
        print(f"  {fault.number:>2}. after {fault.after_calls} calls and {fault.delay_s:.3f} s: {fault}", flush=True)
    findings = run_chaos(run, plan, folder, switch)
    for finding in findings.faults:
        print(f"chaos: {finding}", file=sys.stderr)
    sys.stderr.flush()
    print(
        f"{findings.contacts} contacts, {findings.calls} calls, {findings.leads} leads, {findings.lost} lost with "
        f"their switch ({findings.lost_unseen} on their way to the carrier), {time.monotonic() - began:.0f} s"
    )
    print(findings.crash_summary(run.seed), flush=True)
    return 0 if findings.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
