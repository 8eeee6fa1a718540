"""A campaign's thresholds, applied to the bars that were learnt."""

import dataclasses

from dialer.amd import Thresholds
from fs_scripts.amd import model
from fs_scripts.amd.bars import WAITS, Waits
from fs_scripts.amd.model import Model

PERCENT = 100


def applied(wanted: Thresholds, learnt: Model | None = None, waits: Waits = WAITS) -> tuple[Model, Waits]:
    """Return the model and the waits with what the campaign wants in place of what was learnt."""
    learnt = learnt or model.load()
    bars = learnt.bars
    if wanted.certainty is not None:
        # The bar falls as a greeting goes on, by as much as was learnt, around the one that is wanted at its end.
        least = wanted.certainty / PERCENT
        bars = dataclasses.replace(
            bars,
            certain_least=least,
            certain=min(least + bars.certain - bars.certain_least, 1.0),
            even=max(bars.even, least) if least > bars.certain_least else min(bars.even, least),
        )
    if wanted.silence_ms is not None:
        bars = dataclasses.replace(bars, silence_ms=float(wanted.silence_ms))
    if wanted.nothing_ms is not None:
        waits = dataclasses.replace(waits, nothing_ms=wanted.nothing_ms)
    if wanted.longest_ms is not None:
        waits = dataclasses.replace(waits, longest_ms=wanted.longest_ms)
    return learnt._replace(bars=bars), waits
