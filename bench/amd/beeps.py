"""The beep detector's figures: beeps on made-up lines, and minutes of speech, music and keys without any."""

from collections.abc import Iterator

import numpy as np

from bench.amd import corpus, line, packages, scenes, tones, voices
from bench.amd.figures import quantile, wilson
from bench.amd.voices import RATE, Audio
from fs_scripts.amd.beep import Beep, BeepDetector
from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES
from fs_scripts.amd.spectrum import Analyser

SEED = 20264
BEEPS = 200
OTHERS = 20
OTHER_S = 30.0
SNR_DB = (6.0, 40.0)
REPORTED_MS = 150
"""A beep reported later after its end is missed."""


def heard(audio: Audio) -> list[tuple[Beep, int]]:
    """Return each beep and when it was reported, in ms."""
    samples, detector = corpus.pcm(audio), BeepDetector()
    sounds = Analyser().analyse(samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES])
    return [(beep, number * FRAME_MS) for number, sound in enumerate(sounds, 1) if (beep := detector.hear(sound))]


def report(part: str) -> list[str]:
    """Return the lines of the report."""
    hits, late = 0, list[int]()
    for number in range(BEEPS):
        audio, end_ms = _beep(part, number)
        ours = [at for beep, at in heard(audio) if abs(beep.end_ms - end_ms) <= 60 and at - end_ms <= REPORTED_MS]
        hits += bool(ours)
        late += [round(ours[0] - end_ms)] if ours else []
    low, high = wilson(hits, BEEPS)
    reported = f"median {quantile(late, 0.5):.0f} ms, latest {max(late)} ms"
    lines = [f"  heard {hits} of {BEEPS} [{low:.1%}, {high:.1%}], reported after their end: {reported}"]
    for name, several in _others(part).items():
        false, length_s = 0, 0.0
        for audio in several:
            false += len(heard(audio))
            length_s += len(audio) / RATE
        lines.append(f"  false alarms in {length_s / 60:.1f} minutes of {name}: {false * 60 / length_s:.2f} a minute")
    return lines


def _line(chance: np.random.Generator, part: str, samples: Audio) -> Audio:
    kind = str(chance.choice(["white", "pink", "street", "hum"]))
    return line.carried(chance, samples, float(chance.uniform(*SNR_DB)), kind, scenes.babble(part))


def _beep(part: str, number: int) -> tuple[Audio, float]:
    """Return speech, a pause, a beep and silence on a line, and when the beep ends."""
    chance = np.random.default_rng([SEED, number])
    speech = scenes.babble(part)
    start = int(chance.integers(len(speech) - 2 * RATE))
    hertz = float(chance.choice([440, 1000, 1400, 2000, *chance.uniform(440, 2000, 4)]))
    beep = tones.tone(hertz, chance.uniform(150, 1200)) * chance.uniform(0.08, 0.3)
    before = np.concatenate([speech[start : start + 2 * RATE], tones.silence(chance.uniform(100, 900))])
    return (
        _line(chance, part, np.concatenate([before, beep, tones.silence(1200)])),
        (len(before) + len(beep)) * 1000 / RATE,
    )


def _others(part: str) -> dict[str, Iterator[Audio]]:
    def lines(kind: int) -> Iterator[Audio]:
        for number in range(OTHERS):
            chance = np.random.default_rng([SEED + 1 + kind, number])
            yield _line(chance, part, _other(chance, part, kind))

    return {name: lines(kind) for kind, name in enumerate(("speech", "music", "made-up tunes", "keys and ring-back"))}


def _other(chance: np.random.Generator, part: str, kind: int) -> Audio:
    size = int(OTHER_S * RATE)
    if kind == 0:
        return np.resize(np.roll(scenes.babble(part), int(chance.integers(10**6))), size)
    if kind == 1:
        files = sorted((packages.ROOT / "usr/share/asterisk/moh").glob("*.wav"))
        tune = voices.load(files[chance.integers(len(files))])
        return np.resize(np.roll(tune, -int(chance.integers(len(tune)))), size)
    if kind == 2:
        return tones.music(chance, OTHER_S * 1000)
    parts = [(tones.digits(chance) if chance.random() < 0.6 else tones.ring_back(chance)) * 0.2 for _ in range(30)]
    spaced = [piece for one in parts for piece in (one, tones.silence(chance.uniform(100, 1500)))]
    return np.resize(np.concatenate(spaced), size)
