"""A longer run: `python -m tests.limits [--rounds N] [--seed S]`, on the switch that SWITCH chooses."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import psycopg

from tests.limits.figures import figures
from tests.limits.run import CAMPAIGNS, GATEWAYS, OVERRIDES, Run, disturb
from tests.limits.stack import running_stack

CALLS_BETWEEN = 20


def main() -> int:
    """Disturb everything for some rounds; 0 when no limit was exceeded."""
    parser = argparse.ArgumentParser(prog="python -m tests.limits", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="how often each part is killed (default 4)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed disturbs in the same order")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with (
        tempfile.TemporaryDirectory(prefix="limits-") as folder,
        running_stack(Path(folder), list(GATEWAYS), OVERRIDES) as stack,
        psycopg.connect(stack.environment["DIALER_DATABASE_URL"], autocommit=True) as conn,
    ):
        Path(folder).chmod(0o755)
        run = Run(stack, conn)
        for number in range(1, options.rounds + 1):
            disturb(run, chance, CALLS_BETWEEN)
            print(f"round {number} of {options.rounds}", flush=True)
        run.end()
        found = run.verdict()
        print(figures(run))
        for excess in found:
            print(excess)
        print(
            f"limits: seed {options.seed}, {len(CAMPAIGNS)} campaigns, {len(GATEWAYS)} gateways,"
            f" {len(run.calls())} calls, {len(found)} above a limit"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
