"""Simulates three pacings side by side: python -m bench.pacing [--chart pacing.png].

Twenty operators, three hours; the share of calls that ask for an operator falls from 30 % to 15 % after the first and
rises to 40 % after the second. Predictive has to keep its cap of abandoned callees and to keep operators busier than
progressive does; fixed shows what happens when nobody looks.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.pacing.chart import draw
from bench.pacing.simulator import Run, Scene, simulate
from dialer.adaptive_pacing import PacingMode, PacingRules

OPERATORS = 20
CAP = 0.03
LINES = 400
FIXED_LINES = 30
"""What an admin would set for the first hour: twenty who talk, and ten to keep them busy."""
HOUR_S = 3600
HIT_RATES = ((0, 0.30), (HOUR_S, 0.15), (2 * HOUR_S, 0.40))


def scene(mode: PacingMode, seed: int = 7, seconds: int = 3 * HOUR_S) -> Scene:
    """Return the scene; fixed has the channels it was given once."""
    return Scene(seconds, HIT_RATES, FIXED_LINES if mode is PacingMode.FIXED else LINES, seed)


def broken(runs: Mapping[PacingMode, Run]) -> list[str]:
    """Name what predictive failed to do."""
    predictive, progressive = runs[PacingMode.PREDICTIVE], runs[PacingMode.PROGRESSIVE]
    checks = (
        ("abandoned", predictive.abandoned <= CAP),
        ("occupancy", predictive.occupancy > progressive.occupancy),
        ("kill switch", not predictive.state.is_tripped),
    )
    return [name for name, is_kept in checks if not is_kept]


def last_line(runs: Mapping[PacingMode, Run]) -> str:
    """Spell the line that says it all."""
    parts = [
        f"{mode} {100 * run.occupancy:.0f} % busy, {100 * run.abandoned:.1f} % abandoned" for mode, run in runs.items()
    ]
    return "pacing: " + "; ".join(parts)


def main() -> int:
    """Simulate, print, draw; 1 when predictive did not do what it is for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--chart", type=Path, help="write the curves to this PNG")
    options = parser.parse_args()
    order = (PacingMode.PREDICTIVE, PacingMode.PROGRESSIVE, PacingMode.FIXED)
    runs = {mode: simulate(PacingRules(mode, OPERATORS, 1.0, CAP), scene(mode, options.seed)) for mode in order}
    if options.chart:
        draw(runs, HIT_RATES, options.chart)
    if found := broken(runs):
        print(f"not kept: {', '.join(found)}")
    print(last_line(runs))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
