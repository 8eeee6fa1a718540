"""Draws a run: conclusions per second, and how late the packets of held calls came."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from bench.dial.figures import Measured


def draw(measured: Measured, concluded_at: Sequence[datetime], path: Path) -> None:
    """Write the graph as PNG; without matplotlib, which only charts need, say so and go on."""
    try:
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        print("no chart: matplotlib is not installed (pip install '.[bench]')")
        return
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    began = min(concluded_at).timestamp()
    seconds = np.floor(np.array([at.timestamp() for at in concluded_at]) - began).astype(int)
    left.bar(range(seconds.max() + 1), np.bincount(seconds), color="#1f6f8b")
    left.axhline(measured.calls_per_second, color="black", linewidth=1)
    left.set_xlabel("second of the campaign")
    left.set_ylabel("calls concluded")
    left.set_title(f"{measured.calls_per_second:.0f} calls/s, CPU {measured.cpu_ratio:.2f} × bare ({measured.switch})")
    late = 1000 * measured.held.late_s
    if len(late):
        share = 1 - np.arange(len(late)) / len(late)
        right.step(late, share, color="#c2571a")
    right.set_yscale("log")
    right.axvline(40, color="black", linewidth=1, linestyle="--")
    right.set_xlabel("later than, ms")
    right.set_ylabel("share of packets")
    right.set_title(f"{measured.held.up} calls held, {measured.held.punctuality.expected} packets")
    figure.savefig(path, dpi=90)
    pyplot.close(figure)
    print(f"chart: {path}")
