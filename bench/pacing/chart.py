"""Draws a simulation: operators busy, callees waiting, share abandoned, each over time under each pacing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.pacing.simulator import Minute, Run
from dialer.adaptive_pacing import PacingMode

COLOURS = {PacingMode.PREDICTIVE: "#1f6f8b", PacingMode.PROGRESSIVE: "#c2571a", PacingMode.FIXED: "#999999"}
OVER_MIN = 15
"""Abandoned callees are few: their share is of the last so many minutes."""


def draw(runs: Mapping[PacingMode, Run], hit_rates: Sequence[tuple[int, float]], path: Path) -> None:
    """Write the curves as PNG; without matplotlib, which only charts need, say so and go on."""
    try:
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        print("no chart: matplotlib is not installed (pip install '.[bench]')")
        return
    figure, (busy, waiting, abandoned) = pyplot.subplots(3, 1, figsize=(9, 8), sharex=True, layout="constrained")
    for mode, run in runs.items():
        look = {"color": COLOURS[mode], "label": mode.value, "linewidth": 1.2}
        busy.plot([one.busy for one in run.minutes], **look)
        waiting.plot([one.waiting for one in run.minutes], **look)
        abandoned.plot([100 * recent_share(run.minutes, minute) for minute in range(len(run.minutes))], **look)
    operators = next(iter(runs.values())).rules.operators
    busy.axhline(operators, color="black", linewidth=0.5)
    busy.set_ylabel(f"of {operators} operators busy")
    waiting.set_ylabel("callees waiting")
    waiting.set_yscale("symlog", linthresh=0.1)
    abandoned.set_ylabel(f"abandoned, % of {OVER_MIN} min")
    abandoned.axhline(100 * next(iter(runs.values())).rules.abandon_cap, color="black", linewidth=0.8, linestyle="--")
    abandoned.set_yscale("symlog", linthresh=3)
    abandoned.set_xlabel("minute")
    for since, rate in hit_rates:
        busy.annotate(f"{100 * rate:.0f} % ask", (since / 60 + 1, 1), fontsize=8)
        for axes in (busy, waiting, abandoned):
            axes.axvline(since / 60, color="black", linewidth=0.5, linestyle=":")
    busy.legend(loc="lower right")
    busy.set_title("Calls in proportion to the people who take them (simulated)")
    figure.savefig(path, dpi=90)
    pyplot.close(figure)
    print(f"chart: {path}")


def recent_share(minutes: Sequence[Minute], last: int) -> float:
    """Return the share abandoned in the minutes up to `last`; 0 while nobody asked."""
    recent = minutes[max(0, last + 1 - OVER_MIN) : last + 1]
    asked = sum(one.transferred for one in recent)
    return sum(one.abandoned for one in recent) / asked if asked else 0.0
