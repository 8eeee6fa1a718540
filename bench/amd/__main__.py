"""The figures of the detector: `python -m bench.amd [--part test]`; makes that part of the corpus first."""

import argparse
import dataclasses
import math
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
import soundfile

from bench.amd import app_amd, beeps, chart, corpus, figures, packages, scenes, tones
from bench.amd.corpus import Item
from bench.amd.figures import Heard, quantile
from bench.amd.learning import UNTAUGHT, is_unreachable
from fs_scripts.amd import model
from fs_scripts.amd.__main__ import decide
from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES, Frame, Verdict
from fs_scripts.amd.early_media import EarlyMedia, EarlyVerdict

TONES = frozenset({"beep", "sit", "fax"})
UNTIMED = frozenset({"silent", "digits"})
CHART = packages.HOME / "amd.png"


class Run(NamedTuple):
    """What came of one item."""

    plain: Heard
    echoed: Heard
    is_steady: bool
    """The verdict and its time are the same when nothing is heard from 20 ms after it on."""
    cpu_s: float
    early: EarlyVerdict | None
    """What the same sounds would be taken for if they came before the answer, after a ring."""


def main() -> None:
    """Hear every recording of a part, with and without an echo, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.amd", description=__doc__)
    parser.add_argument("--part", choices=list(corpus.PARTS), default="test")
    parser.add_argument("--jobs", type=int, default=1, help="processes that work at once")
    options = parser.parse_args()
    items = corpus.items(options.part)
    scenes.babble(options.part)  # made once, before others need it too
    with ProcessPoolExecutor(options.jobs) as pool:
        runs = list(pool.map(hear, items, chunksize=8))
    heard, echoed = [run.plain for run in runs], [run.echoed for run in runs]
    report(heard, sum(run.cpu_s for run in runs) / sum(one.decision_ms / 1000 for one in heard))
    unsteady = sum(not run.is_steady for run in runs)
    print(f"verdict or time changed when the recording was cut 20 ms after it: {unsteady} of {len(runs)}")
    print(f"with our own greeting's echo at -20 dB: {figures.summary(echoed)}".replace("bench-amd: ", ""))
    early("announcements that nobody can be reached", [one for one in runs if is_unreachable(one.plain.item)])
    early("anything else", [one for one in runs if is_unreachable(one.plain.item) is False])
    print("the beep, on made-up lines", *beeps.report(options.part), sep="\n")
    print(f"model {model.MODEL.stat().st_size / 1024:.0f} KiB")
    chart.draw(heard, CHART)
    print(figures.summary(heard))


def early(name: str, runs: Sequence[Run]) -> None:
    """Print how many of these would end a call as unreachable before it is answered; tones are another matter."""
    voices = [run for run in runs if run.plain.item.category not in UNTAUGHT]
    ended = sum(run.early is EarlyVerdict.UNREACHABLE for run in voices)
    low, high = figures.wilson(ended, len(voices)) if voices else (0.0, 1.0)
    print(f"before the answer, {name}: {ended} of {len(voices)} end the call [{low:.1%}, {high:.1%}]")


def hear(item: Item) -> Run:
    """Hear an item, its beginning again, and once more with an echo of what we would say ourselves meanwhile."""
    samples = soundfile.read(corpus.CORPUS / item.path, dtype="int16")[0]
    began = time.process_time()
    plain = _heard(item, samples)
    cpu_s = time.process_time() - began
    cut = _heard(item, samples[: (plain.decision_ms + FRAME_MS) * FRAME_SAMPLES // FRAME_MS])
    echoed = corpus.echoed(item)
    return Run(
        dataclasses.replace(plain, baseline=app_amd.decide(samples)[0]),
        dataclasses.replace(_heard(item, echoed), baseline=app_amd.decide(echoed)[0]),
        (cut.verdict, cut.decision_ms) == (plain.verdict, plain.decision_ms),
        cpu_s,
        _before_the_answer(samples),
    )


def _before_the_answer(samples: Frame) -> EarlyVerdict | None:
    ring = corpus.pcm(np.concatenate([tones.tone(425, 1000) * 0.1, tones.silence(2000)]))
    heard, detector = np.concatenate([ring, samples]), EarlyMedia()
    for start in range(0, len(heard) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        if verdict := detector.feed(heard[start : start + FRAME_SAMPLES]):
            return verdict
    return None


def _heard(item: Item, samples: Frame) -> Heard:
    detector = decide(samples)
    assert detector.verdict is not None
    return Heard(item, detector.verdict, detector.heard_ms, Verdict.UNSURE)


def report(heard: Sequence[Heard], cpu_share: float) -> None:
    """Print everything but the last line."""
    print(f"{len(heard)} recordings; a recording is right when a person is talked to, and a machine or fax is not")
    print("by category", *figures.table(heard, lambda item: item.category), sep="\n")
    print("by language", *figures.table(heard, lambda item: item.language), sep="\n")
    print(
        "by noise", *figures.table(heard, lambda item: "below 14 dB" if item.snr_db < 14 else "above 14 dB"), sep="\n"
    )
    people = [one for one in heard if one.is_person]
    machines = [one for one in heard if not one.is_person]
    lost = sum(not one.is_right for one in people)
    low, high = figures.wilson(lost, len(people))
    print(f"accuracy {figures.share(one.is_right for one in heard):.3f}")
    print(f"humans lost {lost} of {len(people)} [{low:.1%}, {high:.1%}]")
    found = sum(one.is_right for one in machines)
    low, high = figures.wilson(found, len(machines))
    print(f"machines recognised {found} of {len(machines)} [{low:.1%}, {high:.1%}]")
    times("person, after the utterance's end", [
        one.decision_ms - one.item.greeting_end
        for one in people if one.verdict is Verdict.HUMAN and one.item.category not in UNTIMED
    ])  # fmt: skip
    for name, wanted in (("machine, after its onset", False), ("tone, after its onset", True)):
        times(name, [
            one.decision_ms - one.item.onset for one in machines
            if one.is_right and (one.item.category in TONES) is wanted
        ])  # fmt: skip
    print(f"CPU {cpu_share * 1000:.2f} ms per second of audio, {cpu_share * 20_000:.0f} µs a frame")


def times(name: str, ms: Sequence[int]) -> None:
    """Print a line of decision times."""
    median, late = quantile(ms, 0.5), quantile(ms, 0.95)
    if not math.isnan(median):
        print(f"decision on a {name}: median {median / 1000:.2f} s, p95 {late / 1000:.2f} s")


if __name__ == "__main__":
    main()
