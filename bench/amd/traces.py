"""What the detector knows of every recording: the sounds, kept on disk, and from them what it takes to replay it."""

import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from bench.amd import backprop, corpus, packages
from bench.amd.corpus import Item
from fs_scripts.amd import colours, detector, spectrum
from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES, Verdict
from fs_scripts.amd.signals import Signals
from fs_scripts.amd.spectrum import FRAMES, Analyser, Sound
from fs_scripts.amd.timeline import Timeline

LONGEST_MS = 4800
FRAME_COUNT = LONGEST_MS // FRAME_MS
PLAIN = len(Sound._fields) - 1
"""A sound's numbers before its bands."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recording:
    """One item's first LONGEST_MS: sounds as (frames, numbers and bands), the network's inputs, and who speaks when."""

    item: Item
    sounds: Array
    inputs: Array

    def each(self) -> list[Sound]:
        """Return the sounds as the detector gets them."""
        return [Sound._make((*row[:PLAIN], tuple(row[PLAIN:]))) for row in self.sounds.tolist()]


@dataclass(frozen=True, slots=True)
class Trace:
    """One recording. odds: the network's at `at_ms`; the signal's verdict, if one, and when."""

    at_ms: npt.NDArray[np.int64]
    since_ms: npt.NDArray[np.int64]
    trailing_ms: npt.NDArray[np.int64]
    odds: Array
    last_ring_ms: int
    signal: Verdict | None
    signal_ms: int
    unreachable: Array
    """The log-odds of an announcement that the callee can't be reached, every 100 ms."""


def _code() -> int:
    """Return a number that changes when sounds would."""
    return zlib.crc32(b"".join(Path(str(module.__file__)).read_bytes() for module in (spectrum, colours, detector)))


def recordings(part: str, jobs: int = 2, *, echo: bool = False) -> list[Recording]:
    """Return a part's recordings, all with an echo of our own greeting or as they are; they are analysed once."""
    folder = packages.HOME / "sounds" / f"{_code():08x}"
    folder.mkdir(parents=True, exist_ok=True)
    items = corpus.items(part)
    with ProcessPoolExecutor(jobs) as pool:
        paths = pool.map(partial(_analyse, folder, echo=echo), items, chunksize=16)
        return [_recording(item, path) for item, path in zip(items, paths, strict=True)]


def _analyse(folder: Path, item: Item, *, echo: bool = False) -> Path:
    path = folder / f"{item.path.removesuffix('.wav')}-{item.crc:08x}{'-echo' * echo}.npz"
    if not path.exists():
        plain = corpus.CORPUS / item.path
        sounds, inputs = analysed(corpus.echoed(item) if echo else soundfile.read(plain, dtype="int16")[0])
        np.savez(path, sounds=sounds.astype(np.float32), inputs=inputs.astype(np.float16))
    return path


def _recording(item: Item, path: Path) -> Recording:
    with np.load(path) as stored:
        return Recording(item, stored["sounds"], stored["inputs"])


def analysed(samples: npt.NDArray[np.int16]) -> tuple[Array, Array]:
    """Return a recording's sounds and the network's inputs, FRAME_COUNT of each."""
    samples = samples[: FRAME_COUNT * FRAME_SAMPLES]
    samples = np.pad(samples, (0, FRAME_COUNT * FRAME_SAMPLES - len(samples)))
    analyser = Analyser()
    heard = analyser.analyse(samples)
    sounds = np.array([[*sound[:PLAIN], *sound.bands_db] for sound in heard], np.float32)
    return sounds, colours.Colours().of(analyser.spectra, analyser.levels_db, analyser.voicing)


def traces(weights: Mapping[str, Array], heard: Sequence[Recording]) -> list[Trace]:
    """Return what the detector would know about each recording, with this network."""
    made = []
    for start in range(0, len(heard), 64):
        some = heard[start : start + 64]
        speech, odds = backprop.heard(weights, np.stack([one.inputs for one in some], axis=1))
        probability = 1 / (1 + np.exp(-speech))
        made += [trace(one, probability[:, number].tolist(), odds[:, number]) for number, one in enumerate(some)]
    return made


def trace(recording: Recording, speech: Sequence[float], odds: Array) -> Trace:
    """Follow a recording to its end or to a tone that decides."""
    signals, timeline = Signals(), Timeline()
    times: list[tuple[int, int, int]] = []
    heard_odds: list[float] = []
    verdict, heard = None, 0
    sounds = recording.each()
    for start in range(0, len(sounds), FRAMES):
        heard += FRAMES * FRAME_MS
        for number in range(start, start + FRAMES):
            verdict = verdict or signals.hear(sounds[number])
            timeline.hear(sounds[number], speech[number], is_signal=signals.is_ring_back(sounds[number]))
        if verdict:
            break
        if timeline.onset is not None:
            times.append((heard, timeline.since_onset_ms(), timeline.trailing_ms()))
            heard_odds.append(float(odds[start // FRAMES, 0]))
    at, since, trailing = np.array(times, np.int64).reshape(-1, 3).T
    return Trace(
        at, since, trailing, np.array(heard_odds, np.float32), signals.last_ring_ms, verdict,
        heard if verdict else 0, odds[:, 1],
    )  # fmt: skip
