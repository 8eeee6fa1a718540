"""Draws how often each category was right, next to the baseline."""

from collections.abc import Sequence
from pathlib import Path

from bench.amd.figures import CALLED_MACHINE, Heard, share, wilson


def draw(heard: Sequence[Heard], path: Path) -> None:
    """Write the chart as PNG; without matplotlib, which only this needs, say so and go on."""
    try:
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        print("no chart: matplotlib is not installed (pip install '.[bench]')")
        return
    names = list(dict.fromkeys(one.item.category for one in heard))[::-1]
    figure, axes = pyplot.subplots(figsize=(8, 6.5), layout="constrained")
    for row, name in enumerate(names):
        group = [one for one in heard if one.item.category == name]
        right = sum(one.is_right for one in group)
        low, high = wilson(right, len(group))
        baseline = share((one.baseline in CALLED_MACHINE) != one.is_person for one in group)
        ours = right / len(group)
        axes.barh(row + 0.2, ours, 0.38, color="#1f6f8b" if group[0].is_person else "#c2571a")
        axes.plot([low, high], [row + 0.2] * 2, color="black", linewidth=1)
        axes.barh(row - 0.2, baseline, 0.34, color="#bbbbbb")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1)
    axes.set_xlabel("right, with the 95 % interval; grey: app_amd's rule; blue: people, orange: machines")
    axes.set_title(f"Who answered: {len(heard)} recordings of unseen voices and texts")
    figure.savefig(path, dpi=90)
    pyplot.close(figure)
    print(f"chart: {path}")
