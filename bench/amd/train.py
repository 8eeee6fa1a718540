"""Learns the model: `python -m bench.amd.train`; it replaces the one in use only when it is better.

It grows the forest on the corpus's train part, chooses the bars on the validation part and compares there. The
test part is never read.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence

import numpy as np

from bench.amd import boosting, corpus
from bench.amd.corpus import Item
from bench.amd.figures import CALLED_MACHINE
from bench.amd.traces import Trace, trace
from fs_scripts.amd import model
from fs_scripts.amd.bars import WAITS, Bars
from fs_scripts.amd.decision import speech_verdict
from fs_scripts.amd.detector import Verdict
from fs_scripts.amd.forest import Forest
from fs_scripts.amd.model import Model

LOST_AT_MOST = 0.01
"""The share of people lost above which a choice of bars is punished."""
LATE_MS = 900
"""The median decision on a person after the utterance's end that is wanted."""
EARLY_MACHINE_MS = 2500
"""The median decision on a machine after the onset that is wanted."""

Traces = Sequence[tuple[Item, Trace]]


def main() -> int:
    """Train, compare, and replace the model when that is right; 1 when it was not."""
    parser = argparse.ArgumentParser(prog="python -m bench.amd.train", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    train, validation = (
        [(item, trace(corpus.CORPUS / item.path)) for item in corpus.items(part)] for part in ("train", "validation")
    )
    forest = grow(train, seed)
    candidate = Model(forest, choose_bars(forest, validation))
    worth = worth_of(candidate, validation)
    print(f"candidate {worth:.4f} {candidate.bars}")
    if model.MODEL.exists():
        in_use = worth_of(model.load(), validation)
        print(f"in use    {in_use:.4f}")
        if worth <= in_use:
            print("the model in use is no worse: it stays")
            return 1
    model.save(candidate, model.MODEL)
    print(f"replaced {model.MODEL.name}")
    return 0


def grow(train: Traces, seed: int = 1) -> Forest:
    """Return the forest: every recording weighs the same, people and machines too."""
    speech = [(item, heard) for item, heard in train if len(heard.rows)]
    rows = np.concatenate([heard.rows for _, heard in speech])
    labels = np.concatenate([np.full(len(heard.rows), item.label != "human", float) for item, heard in speech])
    weight = np.concatenate([np.full(len(heard.rows), 30 / len(heard.rows)) for _, heard in speech])
    weight[labels == 0] *= weight[labels == 1].sum() / weight[labels == 0].sum()
    return boosting.grow(rows, labels, weight, seed=seed)


def replay(scores: Sequence[float], heard: Trace, bars: Bars) -> tuple[Verdict, int]:
    """Return what the detector would say about a trace and when, without the audio."""
    for score, at, since, trailing in zip(
        scores, heard.at_ms.tolist(), heard.since_ms.tolist(), heard.trailing_ms.tolist(), strict=True
    ):
        if verdict := speech_verdict(bars, score, since, trailing):
            return verdict, at
        if at >= WAITS.longest_ms:
            return (Verdict.MACHINE if score >= bars.even else Verdict.HUMAN), at
    if heard.signal and heard.signal_ms <= WAITS.longest_ms:
        return heard.signal, heard.signal_ms
    return Verdict.UNSURE, WAITS.nothing_ms


def choose_bars(forest: Forest, validation: Traces) -> Bars:
    """Return the bars that are worth most on these recordings."""
    scored = scores_of(forest, validation)
    bars = [
        Bars(*choice)
        for choice in itertools.product(
            (500, 600, 700, 780),
            (150, 350),
            (0.95, 0.99),
            (0.03, 0.08),
            (0.75, 0.85, 0.92),
            (900, 1800),
            (0.5, 0.65, 0.8),
        )
    ]
    return max(bars, key=lambda choice: _worth(scored, validation, choice))


def worth_of(learnt: Model, validation: Traces) -> float:
    """Return what a model is worth: balanced accuracy, less what people lost and lateness cost."""
    return _worth(scores_of(learnt.forest, validation), validation, learnt.bars)


def scores_of(forest: Forest, heard: Traces) -> list[list[float]]:
    """Return every trace's probabilities."""
    return [[forest.probability(row) for row in one.rows] for _, one in heard]


def _worth(scored: Sequence[Sequence[float]], validation: Traces, bars: Bars) -> float:
    lost, found, late, early = [], [], [], []
    for scores, (item, heard) in zip(scored, validation, strict=True):
        verdict, at = replay(scores, heard, bars)
        is_called = verdict in CALLED_MACHINE
        if item.label == "human":
            lost.append(is_called)
            if verdict is Verdict.HUMAN and item.category not in {"digits", "silent"}:
                late.append(at - item.greeting_end)
        else:
            found.append(is_called)
            if is_called and not heard.signal:
                early.append(at - item.onset)
    lost_share = float(np.mean(lost))
    worth = (1 - lost_share + float(np.mean(found))) / 2 - 2 * max(0.0, lost_share - LOST_AT_MOST)
    lateness = max(0.0, float(np.median(late)) - LATE_MS) + max(0.0, float(np.median(early)) - EARLY_MACHINE_MS)
    lateness += max(0.0, float(np.quantile(late, 0.95)) - 1500)
    return worth - lateness / 20_000


if __name__ == "__main__":
    sys.exit(main())
