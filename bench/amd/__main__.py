"""The figures of the detector: `python -m bench.amd [--part test]`; makes the corpus first when there is none."""

import argparse
import math
import time
from collections.abc import Sequence

import soundfile

from bench.amd import app_amd, chart, corpus, figures, packages
from bench.amd.figures import Heard, quantile
from fs_scripts.amd.__main__ import decide
from fs_scripts.amd.detector import Verdict

TONES = frozenset({"beep", "sit", "fax"})
UNTIMED = frozenset({"silent", "digits"})
CHART = packages.HOME / "amd.png"


def main() -> None:
    """Hear every recording of a part once and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.amd", description=__doc__)
    parser.add_argument("--part", choices=list(corpus.PARTS), default="test")
    part = parser.parse_args().part
    if not corpus.MANIFEST.exists():
        corpus.make_all()
    heard: list[Heard] = []
    cpu_s = heard_s = 0.0
    for item in corpus.items(part):
        samples = soundfile.read(corpus.CORPUS / item.path, dtype="int16")[0]
        began = time.process_time()
        detector = decide(samples)
        cpu_s += time.process_time() - began
        heard_s += detector.heard_ms / 1000
        assert detector.verdict is not None
        baseline = app_amd.decide(samples)[0]
        heard.append(Heard(item, detector.verdict, detector.heard_ms, baseline))
    report(heard, cpu_s / heard_s)
    chart.draw(heard, CHART)
    print(figures.summary(heard))


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
