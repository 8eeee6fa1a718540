"""Makes the corpus: `python -m bench.amd.corpus` writes var/bench/amd/corpus and its manifest, always the same."""

import argparse
import csv
import dataclasses
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from bench.amd import line, packages, scenes, texts
from bench.amd.voices import RATE, Audio

CORPUS = packages.HOME / "corpus"
CONTENTS = Path(__file__).with_name("corpus.json")
SEED = 20264
ITEM_MS = 6000
LEADING_MS, LATE_MS = (60, 1500), (1500, 2500)
"""Silence between the answer and the first sound, evenly spread: the same for people and machines."""
LATE = 0.05
"""So many begin late."""
PARTS = {"train": 20000, "drill": 40000, "drill_2": 40000, "drill_3": 40000, "validation": 840, "test": 840}
TAUGHT = ("train", *texts.DRILLS)
"""The parts that are learnt from; all but the first have more words by the same voices."""
MOST = {"drill": 10000, "drill_2": 6200, "drill_3": 3000}
"""Of the planned items, so many are made: what was made before is kept when it grows."""
TURNS = {"train": 2}
"""So often the same words of the same voice are heard, each time over another line."""
ECHOES = dict.fromkeys(TAUGHT, 0.12)
"""The share of recordings with an echo of our own greeting; the bench also hears the test part with nothing else."""
FRAME_MS = 20
SPEECH_UNDER_DB = 34.0
"""A frame of the clean sound is speech when it is at most so much below the loudest."""


@dataclass(frozen=True, slots=True)
class Item:
    """One recording from the answer on. Times in ms from its start; greeting_end is the first utterance's."""

    path: str
    part: str
    label: str  # human, machine or fax
    category: str
    language: str
    voice: str
    onset: int
    greeting_end: int
    snr_db: float
    noise: str
    speech: str = ""
    """Frames in which the callee speaks, as `first-last first-last`; empty where nobody does."""
    has_echo: int = 0
    said: str = ""
    """The sentences that are known, as `first ms-last ms:text`, separated by bars."""
    crc: int = 0
    line: int = 0
    """The checksum of the line its words were made of: what was made of the same line has the same; 0: of none."""

    def is_speech(self, frames: int) -> npt.NDArray[np.bool_]:
        """Return for each 20 ms whether the callee speaks."""
        found = np.zeros(frames, np.bool_)
        for stretch in self.speech.split():
            first, last = map(int, stretch.split("-"))
            found[first : last + 1] = True
        return found


NUMBERS: dict[str, Callable[[str], Any]] = {
    "onset": int, "greeting_end": int, "crc": int, "has_echo": int, "snr_db": float, "line": int,
}  # fmt: skip
"""The manifest's columns that are no text."""


def plan(part: str) -> Iterator[tuple[str, str]]:
    """Yield the category and language of every item of a part, in a fixed order."""
    weights = {category: _weight(part, scene) for category, scene in scenes.SCENES.items()}
    total, turns = sum(weights.values()), TURNS.get(part, 1)
    other = next((language for language, its in texts.OTHER.items() if its == part), "ru")
    for category, weight in weights.items():
        for number in range(round(PARTS[part] * weight / total / turns)):
            language = other if number % 20 == 19 else "ru" if number % 2 else "en"
            yield from [(category, language)] * turns


def _weight(part: str, scene: scenes.Scene) -> int:
    if part in texts.DRILLS:
        return scene.drilled
    return scene.taught if part == "train" and scene.taught is not None else scene.weight


def make(part: str, number: int, category: str, language: str, *, echo: bool | None = None) -> tuple[Item, Audio]:
    """Return one item and its audio. echo: of our own greeting; None: as often as this part wants."""
    turn = zlib.crc32(part.encode())
    scene = scenes.SCENES[category]
    heard = scene.make(np.random.default_rng([SEED, turn, number // TURNS.get(part, 1)]), part, language)
    chance = np.random.default_rng([SEED, turn, number, 1])
    leading = float(chance.uniform(*(LATE_MS if chance.random() < LATE else LEADING_MS)))
    samples = np.zeros(ITEM_MS * RATE // 1000, np.float32)
    start = int(leading * RATE / 1000)
    fitting = heard.samples[: len(samples) - start]
    samples[start : start + len(fitting)] = fitting
    clean = samples
    if chance.random() < line.ROOM:
        samples = line.roomy(chance, samples)
    is_noisy = chance.random() < scene.noisy
    snr_db = round(float(chance.uniform(3, 14) if is_noisy else chance.uniform(14, 50)), 1)
    kind = str(chance.choice(["white", "pink", "street", "hum", "babble"] if is_noisy else ["white", "pink", "hum"]))
    others = np.random.default_rng([SEED, turn, number, 2])
    has_echo = others.random() < ECHOES.get(part, 0) if echo is None else echo
    ours = scenes.greeting(part, int(others.integers(scenes.GREETINGS))) if has_echo else None
    audio = line.carried(chance, samples, snr_db, kind, scenes.babble(part), ours)
    speech = _stretches(clean, leading + heard.signal_ms) if category in scenes.SPEECH else ""
    said = "|".join(f"{leading + one.begin_ms:.0f}-{leading + one.end_ms:.0f}:{one.text}" for one in heard.said)
    item = Item(f"{part}-{number:05}-{category}.wav", part, scene.label, category, language, heard.voice,
                round(leading), round(leading + heard.first_ms), snr_db, kind, speech, int(has_echo), said,
                line=zlib.crc32(heard.line.encode()))  # fmt: skip
    return item, audio


def _stretches(samples: Audio, from_ms: float) -> str:
    size = FRAME_MS * RATE // 1000
    loud = np.sqrt((samples.reshape(-1, size) ** 2).mean(axis=1))
    is_loud = loud > np.quantile(loud, 0.98) * 10 ** (-SPEECH_UNDER_DB / 20)
    is_loud &= np.arange(len(loud)) * FRAME_MS >= from_ms - FRAME_MS
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_loud, [False]])))
    return " ".join(f"{first}-{after - 1}" for first, after in zip(edges[::2], edges[1::2], strict=True))


def manifest(part: str) -> Path:
    """Return the list of a part's items; it is written last."""
    return CORPUS / f"{part}.csv"


def items(part: str) -> list[Item]:
    """Return the items of a part, made first when there are none."""
    if not manifest(part).exists():
        make_part(part)
    with manifest(part).open(encoding="utf-8", newline="") as file:
        return [_item(row) for row in csv.DictReader(file)]


def _item(row: Mapping[str, str]) -> Item:
    values: dict[str, Any] = {name: NUMBERS[name](value) if name in NUMBERS else value for name, value in row.items()}
    return Item(**values)


def make_part(part: str, jobs: int = 1) -> None:
    """Make a part; seeds are fixed, and an item does not depend on the others."""
    packages.fetch()
    CORPUS.mkdir(parents=True, exist_ok=True)
    planned = [(part, number, *what) for number, what in enumerate(plan(part))]
    wanted = sorted(planned, key=_shuffled)[: MOST.get(part)]
    made: list[Item] = []
    with ProcessPoolExecutor(jobs) as pool:
        for item in pool.map(_write, wanted, chunksize=8):
            made.append(item)
            if len(made) % 200 == 0:
                print(f"{part}: {len(made)} of {len(wanted)}", flush=True)
                if part in TAUGHT:  # so that it can already be learnt from
                    _list(part, made)
    _list(part, made)
    known = json.loads(CONTENTS.read_text(encoding="utf-8")) if CONTENTS.exists() else {}
    found = {**known, part: contents(made)}
    if part in known and known[part]["sum"] != found[part]["sum"]:
        print(f"{part}: not the audio that {CONTENTS.name} lists; other versions of the packages?", flush=True)
    ordered = {name: found[name] for name in PARTS if name in found}
    CONTENTS.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _list(part: str, made: list[Item]) -> None:
    made.sort(key=lambda item: item.path)
    with manifest(part).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(Item)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(dataclasses.asdict(item) for item in made)


def _shuffled(wanted: tuple[str, int, str, str]) -> int:
    """Return a key that mixes the categories, so that a part that is still being made can already be listened to."""
    return zlib.crc32(f"{wanted[1] // TURNS.get(wanted[0], 1)}".encode())


def _write(wanted: tuple[str, int, str, str]) -> Item:
    item, audio = make(*wanted)
    samples = pcm(audio)
    soundfile.write(CORPUS / item.path, samples, RATE, subtype="PCM_16")
    return dataclasses.replace(item, crc=zlib.crc32(samples.tobytes()))


def echoed(item: Item) -> npt.NDArray[np.int16]:
    """Return the samples of an item with an echo of what we would say ourselves meanwhile."""
    number = int(item.path.split("-")[1])
    return pcm(make(item.part, number, item.category, item.language, echo=True)[1])


def pcm(audio: Audio) -> npt.NDArray[np.int16]:
    """Return the audio as a file holds it."""
    return (audio * 32767).astype("<i2")


def contents(made: Sequence[Item]) -> dict[str, Any]:
    """Return what a part holds, small enough for the repository; equal sums mean equal audio."""
    return {
        "items": len(made),
        "sum": zlib.crc32("".join(f"{item.path}{item.crc}" for item in made).encode()),
        "categories": dict(Counter(item.category for item in made)),
        "languages": dict(Counter(item.language for item in made)),
        "voices": sorted({item.voice for item in made}),
    }


def main() -> None:
    """Make the parts asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.amd.corpus", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1, help="processes that work at once")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help="train, validation, test")
    options = parser.parse_args()
    for part in options.parts or PARTS:
        make_part(part, options.jobs)


if __name__ == "__main__":
    main()
