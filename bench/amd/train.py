"""Learns the model: `python -m bench.amd.train`; it replaces the one in use only when it is better.

The network learns from the corpus's taught parts; what its odds are worth and the bars are chosen on the validation
part, where the models are compared. The test part is never read. With --labelled, calls that people
listened to are learnt from too; every fifth of them is kept for the comparison.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.amd import corpus, labelled, learning, traces
from bench.amd.corpus import Item
from bench.amd.figures import CALLED_MACHINE
from bench.amd.traces import Recording, Trace
from fs_scripts.amd import announcement, model
from fs_scripts.amd.bars import WAITS, Bars
from fs_scripts.amd.decision import speech_verdict
from fs_scripts.amd.detector import Verdict
from fs_scripts.amd.model import Calibration, Model
from fs_scripts.amd.network import Network

LOST_AT_MOST = 0.01
"""The share of people lost above which a choice of bars is punished."""
LATE_MS = 900
"""The median decision on a person after the utterance's end that is wanted."""
EARLY_MACHINE_MS = 2300
"""The median decision on a machine after the onset that is wanted: 2.5 s, and unknown machines take some longer."""

FORGETS_AT_MOST = 0.005
"""So much worth on made-up calls may be lost for what is won on real ones."""

CLEAR_OF_OTHERS = 2.0
"""The log-odds of an announcement are so far above the highest that anything else held for as long."""

ECHO_WEIGHT = 0.2
"""What the validation part with an echo counts for when bars are chosen: enough to choose between bars that are as good
without."""

CHOICES = {
    "silence_ms": (300, 380, 460, 540, 620, 700, 780),
    "doubt_ms": (50, 150, 300, 450, 600),
    "certain": (0.9, 0.94, 0.97, 0.985, 0.995),
    "certain_falls": (0.0, 0.02, 0.05, 0.1),
    "certain_least": (0.6, 0.7, 0.8, 0.88, 0.94),
    "earliest_ms": (600, 900, 1200, 1500, 1800, 2100),
    "even": (0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85),
}
"""The values among which each bar is chosen."""

Traces = Sequence[tuple[Item, Trace]]


def main() -> int:
    """Train, compare, and replace the model when that is right; 1 when it was not."""
    parser = argparse.ArgumentParser(prog="python -m bench.amd.train", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=30, help="how often the network hears the train part")
    parser.add_argument("--minutes", type=float, default=60, help="how long the network may learn at most")
    parser.add_argument("--go-on", action="store_true", help="go on from the network in use instead of from nothing")
    parser.add_argument("--start", type=Path, metavar="NPZ", help="start from these weights (bench.amd.pretrain)")
    parser.add_argument("--labelled", type=Path, metavar="ZIP", help="learn from this download of the panel too")
    options = parser.parse_args()
    try:
        real = labelled.recordings(options.labelled) if options.labelled else []
    except labelled.NotAnExport as why:
        parser.error(f"this is no download of the panel: {why}")
    before = model.load().network.weights if options.go_on else _weights(options.start) if options.start else None
    train = [one for part in corpus.TAUGHT for one in traces.recordings(part)]
    validation = traces.recordings("validation")
    kept = [one for one in real if labelled.is_kept(one.item)]
    train += labelled.TIMES * [one for one in real if not labelled.is_kept(one.item)]
    weights = learning.learn(train, options.epochs, options.seed, options.minutes * 60, before)
    candidate = learnt(Network(weights), validation, traces.recordings("validation", echo=True))
    return replace_if_better(candidate, validation, kept)


def _weights(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    with np.load(path) as stored:
        return dict(stored)


def learnt(network: Network, validation: Sequence[Recording], echoed: Sequence[Recording]) -> Model:
    """Return the model around a network, with what suits the validation part."""
    known = heard_by(network, validation)
    calibration = calibrated(known)
    bars = choose_bars(calibration, known, heard_by(network, echoed))
    bars = dataclasses.replace(bars, unreachable=choose_unreachable(known))
    return Model(network, calibration, bars)


def replace_if_better(candidate: Model, validation: Sequence[Recording], kept: Sequence[Recording] = ()) -> int:
    """Replace the model in use if the candidate is worth more on the validation part; 1 when it is not.

    kept: real calls that nobody learnt from. With them it must be worth more on both together, and on the made-up ones
    alone no less than FORGETS_AT_MOST below: a few calls of one campaign must not unlearn the rest.
    """
    every = [*validation, *kept]
    worth, alone = _worths(candidate, every, validation)
    print(f"candidate {worth:.4f}, {alone:.4f} without {len(kept)} real calls")
    print(f"          {candidate.calibration} {candidate.bars}")
    if model.MODEL.exists():
        in_use, in_use_alone = _worths(model.load(), every, validation)
        print(f"in use    {in_use:.4f}, {in_use_alone:.4f}")
        if worth <= in_use or alone < in_use_alone - FORGETS_AT_MOST:
            print("the model in use is no worse: it stays")
            return 1
    model.save(candidate, model.MODEL)
    print(f"replaced {model.MODEL.name}")
    return 0


def _worths(learnt: Model, every: Sequence[Recording], validation: Sequence[Recording]) -> tuple[float, float]:
    """Return what a model is worth on all, and on those that are made up, which come first."""
    heard = heard_by(learnt.network, every)
    return worth_of(learnt, heard), worth_of(learnt, heard[: len(validation)])


def heard_by(network: Network, recordings: Sequence[Recording]) -> Traces:
    """Return what the detector would know about each recording with this network, as it is stored."""
    found = traces.traces(model.unpacked(model.packed(network.weights)), recordings)
    return [(one.item, heard) for one, heard in zip(recordings, found, strict=True)]


def calibrated(known: Traces) -> Calibration:
    """Return what the network's log-odds are worth, by Newton's method: every recording weighs the same, people and
    machines too.
    """
    speech = [(item, heard) for item, heard in known if len(heard.odds)]
    labels = np.concatenate([np.full(len(heard.odds), item.label != "human", float) for item, heard in speech])
    weight = np.concatenate([np.full(len(heard.odds), 1 / len(heard.odds)) for _, heard in speech])
    weight[labels == 0] *= weight[labels == 1].sum() / weight[labels == 0].sum()
    odds = np.concatenate([heard.odds for _, heard in speech])
    facts = np.stack([odds, np.ones(len(odds))], axis=1)
    chosen = np.array([0.5, 0.0])
    for _ in range(20):
        probability = 1 / (1 + np.exp(-(facts @ chosen)))
        slope = facts.T @ (weight * (labels - probability)) - 0.5 * chosen
        curvature = (facts * (weight * probability * (1 - probability))[:, None]).T @ facts + 0.5 * np.eye(2)
        chosen = chosen + np.linalg.solve(curvature, slope)
    return Calibration(*chosen.tolist())


def replay(scores: Sequence[float], heard: Trace, bars: Bars) -> tuple[Verdict, int]:
    """Return what the detector would say about a trace and when, without the audio."""
    nothing_ms = heard.last_ring_ms + WAITS.nothing_ms
    if len(heard.at_ms) and heard.at_ms[0] > nothing_ms:
        return Verdict.UNSURE, nothing_ms
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


def choose_bars(calibration: Calibration, validation: Traces, echoed: Traces = ()) -> Bars:
    """Return the bars that are worth most on these recordings; those with an echo count for less."""
    parts = [
        (scores_of(calibration, its), its, weight) for its, weight in ((validation, 1), (echoed, ECHO_WEIGHT)) if its
    ]

    def worth(bars: Bars) -> float:
        return sum(weight * _worth(scored, its, bars) for scored, its, weight in parts)

    chosen = Bars()
    for _ in range(2):  # one after the other, twice: a bar depends on the others, but not much
        for name, values in CHOICES.items():
            tried = [dataclasses.replace(chosen, **{name: value}) for value in values]
            chosen = max([chosen, *tried], key=worth)
    return chosen


def choose_unreachable(validation: Traces) -> float:
    """Return the bar for announcements before the answer: nothing else has come near it for as long as it takes."""
    others = [
        float(np.lib.stride_tricks.sliding_window_view(heard.unreachable, announcement.STEPS).min(axis=1).max())
        for item, heard in validation
        if learning.is_unreachable(item) is False and len(heard.unreachable) >= announcement.STEPS
    ]
    return max([*others, 0.0]) + CLEAR_OF_OTHERS


def worth_of(learnt: Model, validation: Traces) -> float:
    """Return what a model is worth: balanced accuracy, less what people lost and lateness cost."""
    return _worth(scores_of(learnt.calibration, validation), validation, learnt.bars)


def scores_of(calibration: Calibration, heard: Traces) -> list[list[float]]:
    """Return every trace's probabilities."""
    return [[calibration.probability(odds) for odds in one.odds.tolist()] for _, one in heard]


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
    worth = (1 - lost_share + float(np.mean(found))) / 2 - max(0.0, lost_share - LOST_AT_MOST)
    lateness = max(0.0, float(np.median(late or [0])) - LATE_MS) + max(
        0.0, float(np.median(early or [0])) - EARLY_MACHINE_MS
    )
    lateness += max(0.0, float(np.quantile(late or [0], 0.95)) - 1500)
    return worth - lateness / 20_000


if __name__ == "__main__":
    sys.exit(main())
