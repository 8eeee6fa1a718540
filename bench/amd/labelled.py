"""Calls that people listened to, as the panel exports them: recordings to learn from, and some to compare on."""

import csv
import io
import wave
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.amd.corpus import Item
from bench.amd.traces import Recording, analysed
from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES

TABLE = "labels.csv"
LABELS = frozenset({"human", "machine", "fax"})
KEPT_ONE_IN = 5
"""Every fifth call, by its id, is never learnt from: models are compared on it."""
TIMES = 3
"""A real call counts as much as so many made-up ones."""
RATE = 8000
UNDER_LOUDEST_DB = 25.0
OVER_NOISE_DB = 6.0
UTTERANCE_GAP = 20
"""Frames of silence that end a person's first utterance."""

Samples = npt.NDArray[np.int16]


class NotAnExport(Exception):
    """The file is no download of the panel's page "Who answered": download it again."""


def recordings(path: Path) -> list[Recording]:
    """Return every labelled call whose audio is in the file. Raises NotAnExport."""
    return [Recording(item, *analysed(samples)) for item, samples in read(path)]


def is_kept(item: Item) -> bool:
    """Say whether this call is kept for comparing; the same call always is, in every export."""
    return zlib.crc32(item.path.encode()) % KEPT_ONE_IN == 0


def read(path: Path) -> Iterator[tuple[Item, Samples]]:
    """Yield every labelled call with its audio, 8 kHz; those without audio are left out. Raises NotAnExport."""
    try:
        with zipfile.ZipFile(path) as archive:
            for row in csv.DictReader(io.StringIO(archive.read(TABLE).decode())):
                if row["file"] and row["label"] in LABELS:
                    samples = _samples(archive.read(row["file"]))
                    yield item_of(row["attempt_id"], row["label"], samples), samples
    except (OSError, KeyError, zipfile.BadZipFile, wave.Error, EOFError, UnicodeDecodeError) as why:
        raise NotAnExport(f"{path}: {why}") from why


def _samples(wav: bytes) -> Samples:
    with wave.open(io.BytesIO(wav)) as file:
        if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (RATE, 2, 1):
            raise wave.Error("not 8 kHz, 16-bit, mono")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def item_of(attempt_id: str, label: str, samples: Samples) -> Item:
    """Return a call as the corpus would describe it: who speaks when is found by loudness, nobody wrote it down."""
    stretches = _stretches(samples)
    onset, end = stretches[0] if stretches else (0, 0)
    for first, last in stretches[1:]:
        if first - end > UTTERANCE_GAP:
            break
        end = last
    return Item(
        path=attempt_id,
        part="labelled",
        label=label,
        category="fax" if label == "fax" else "labelled" if stretches else "silent",
        language="",
        voice="",
        onset=onset * FRAME_MS,
        greeting_end=(end + 1) * FRAME_MS,
        snr_db=0.0,
        noise="",
        speech=" ".join(f"{first}-{last}" for first, last in stretches),
    )


def _stretches(samples: Samples) -> list[tuple[int, int]]:
    """Return first and last frame of each stretch of sound that is no noise of the line."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES).astype(np.float64)
    if not len(frames):
        return []
    levels = 10 * np.log10((frames**2).mean(axis=1) + 1)
    least = max(np.quantile(levels, 0.98) - UNDER_LOUDEST_DB, np.quantile(levels, 0.05) + OVER_NOISE_DB)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], levels > least, [False]])))
    return [(int(first), int(after) - 1) for first, after in zip(edges[::2], edges[1::2], strict=True)]
