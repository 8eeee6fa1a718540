"""Makes the corpus: `python -m bench.amd.corpus` writes var/bench/amd/corpus and its manifest, always the same."""

import argparse
import csv
import dataclasses
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bench.amd import line, packages, scenes
from bench.amd.voices import RATE, Audio

CORPUS = packages.HOME / "corpus"
MANIFEST = CORPUS / "manifest.csv"
CONTENTS = Path(__file__).with_name("corpus.json")
SEED = 20261
ITEM_MS = 8000
LEADING_MS = (60, 1500)
"""Silence between the answer and the first sound, evenly spread: the same for people and machines."""
PARTS = {"train": 1400, "validation": 450, "test": 450}


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
    crc: int = 0


NUMBERS: dict[str, Callable[[str], Any]] = {"onset": int, "greeting_end": int, "crc": int, "snr_db": float}
"""The manifest's columns that are no text."""


def plan(part: str) -> Iterator[tuple[str, str]]:
    """Yield the category and language of every item of a part, in a fixed order."""
    weights = {category: scene.weight for category, scene in scenes.SCENES.items()}
    total = sum(weights.values())
    for category, weight in weights.items():
        for number in range(round(PARTS[part] * weight / total)):
            other = {"train": "es", "validation": "fr", "test": "de"}[part]
            yield category, (other if number % 20 == 19 else "ru" if number % 2 else "en")


def make(part: str, number: int, category: str, language: str) -> tuple[Item, Audio]:
    """Return one item and its audio."""
    chance = np.random.default_rng([SEED, zlib.crc32(part.encode()), number])
    scene = scenes.SCENES[category]
    heard = scene.make(chance, part, language)
    leading = float(chance.uniform(*LEADING_MS))
    samples = np.zeros(ITEM_MS * RATE // 1000, np.float32)
    start = int(leading * RATE / 1000)
    fitting = heard.samples[: len(samples) - start]
    samples[start : start + len(fitting)] = fitting
    is_noisy = chance.random() < scene.noisy
    snr_db = round(float(chance.uniform(3, 14) if is_noisy else chance.uniform(14, 50)), 1)
    kind = str(chance.choice(["white", "pink", "street", "hum", "babble"] if is_noisy else ["white", "pink", "hum"]))
    audio = line.carried(chance, samples, snr_db, kind, scenes.babble(part))
    end = round(leading + heard.first_ms)
    item = Item(f"{part}-{number:04}-{category}.wav", part, scene.label, category, language, heard.voice,
                round(leading), end, snr_db, kind)  # fmt: skip
    return item, audio


def items(part: str | None = None) -> list[Item]:
    """Return the manifest, of one part or of all."""
    with MANIFEST.open(encoding="utf-8", newline="") as file:
        rows = [_item(row) for row in csv.DictReader(file)]
    return [row for row in rows if part in (None, row.part)]


def _item(row: Mapping[str, str]) -> Item:
    values: dict[str, Any] = {name: NUMBERS[name](value) if name in NUMBERS else value for name, value in row.items()}
    return Item(**values)


def make_all() -> None:
    """Make every part; the order and seeds are fixed, and an item does not depend on the others."""
    packages.fetch()
    CORPUS.mkdir(parents=True, exist_ok=True)
    made = []
    for part in PARTS:
        for number, (category, language) in enumerate(plan(part)):
            item, audio = make(part, number, category, language)
            pcm = (audio * 32767).astype("<i2")
            soundfile.write(CORPUS / item.path, pcm, RATE, subtype="PCM_16")
            made.append(dataclasses.replace(item, crc=zlib.crc32(pcm.tobytes())))
        print(f"{part}: {sum(item.part == part for item in made)} items", flush=True)
    with MANIFEST.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(Item)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(dataclasses.asdict(item) for item in made)
    CONTENTS.write_text(json.dumps(contents(made), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def contents(made: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """Return what each part holds, small enough for the repository; equal sums mean equal audio."""
    found = {}
    for part in PARTS:
        mine = [item for item in made if item.part == part]
        found[part] = {
            "items": len(mine),
            "sum": zlib.crc32("".join(f"{item.path}{item.crc}" for item in mine).encode()),
            "categories": dict(Counter(item.category for item in mine)),
            "languages": dict(Counter(item.language for item in mine)),
            "voices": sorted({item.voice for item in mine}),
        }
    return found


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m bench.amd.corpus", description=__doc__).parse_args()
    make_all()
