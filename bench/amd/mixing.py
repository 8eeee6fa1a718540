"""Other sounds beside a recording while it is learnt: an echo of what we say, somebody else in the room, noise.

They are mixed as loud as they were, and only then held against the loudest of late, as on the line: before the callee
speaks, the faintest echo of ours is the loudest there is.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench.amd.traces import Recording
from fs_scripts.amd.colours import BANDS, DB, HIGHEST, INPUTS, LOWEST, Colours
from fs_scripts.amd.detector import FRAME_MS

ECHOED, ECHO_DB = 0.4, (-26.0, -15.0)
"""So often our own greeting comes back, so much weaker than the callee speaks, …"""
ECHO_BEGINS_MS = (0, 260)
"""… from so long after the answer."""
CLEAN_DB = 22.0
"""A recording with less noise than that may be what we say."""
BESIDE, BESIDE_DB = 0.15, (-25.0, -8.0)
"""So often somebody else speaks too, or some."""
NOISY, NOISE_DB = 0.25, (-38.0, -8.0)
"""So often there is a steady noise."""
NOISE_VOICING = (0.38, 0.14)
"""How voiced noise looks, mean and deviation, in units of the inputs."""
BAND_UNDER_LEVEL_DB = 8.0
"""So far a band of even noise lies below its level."""

Array = npt.NDArray[np.float32]


class Loud(NamedTuple):
    """Frames as loud as they were: the bands, (T, BANDS), and the level in dB; and how voiced they are."""

    bands_db: Array
    level_db: Array
    voicing: Array

    def at(self, frames: npt.NDArray[np.int64] | slice) -> "Loud":
        """Return these frames of it."""
        return Loud(self.bands_db[frames], self.level_db[frames], self.voicing[frames])

    def louder(self, by_db: float | Array) -> "Loud":
        """Return the same, each band so much louder."""
        return Loud(self.bands_db + by_db, self.level_db + np.mean(by_db, dtype=np.float32), self.voicing)

    def inputs(self) -> Array:
        """Return what the network is told of it: (T, INPUTS)."""
        reference = np.array(Colours().references_db(self.level_db), np.float32)
        made = np.empty((len(self.level_db), INPUTS), np.float32)
        made[:, :BANDS] = (self.bands_db - reference[:, None]) / DB
        made[:, BANDS] = (self.level_db - reference) / DB
        made[:, BANDS + 1] = self.voicing
        return np.clip(made, LOWEST, HIGHEST, out=made)


def loud(recording: Recording) -> Loud:
    """Return a recording's frames as loud as they were."""
    level = recording.sounds[:, 0].astype(np.float32)
    inputs = recording.inputs.astype(np.float32)
    reference = np.array(Colours().references_db(level), np.float32)
    return Loud(inputs[:, :BANDS] * DB + reference[:, None], level, inputs[:, BANDS + 1])


def mixed(one: Loud, other: Loud) -> Loud:
    """Return both at once."""
    level = _sum_db(one.level_db, other.level_db)
    share = 10 ** ((one.level_db - level) / 10)
    return Loud(_sum_db(one.bands_db, other.bands_db), level, one.voicing * share + other.voicing * (1 - share))


def _sum_db(one: Array, other: Array) -> Array:
    louder, quieter = np.maximum(one, other), np.minimum(one, other)
    return (louder + 10 * np.log10(1 + 10 ** ((quieter - louder) / 10))).astype(np.float32)


def speech_db(recording: Recording) -> float:
    """Return how loud the callee speaks; of what is no speech, how loud it is where it is loud."""
    level = recording.sounds[:, 0]
    is_speech = recording.item.is_speech(len(level))
    its = level[is_speech] if is_speech.any() else level[level >= np.quantile(level, 0.9)]
    return float(10 * np.log10(np.mean(10 ** (its / 10))))


def beside(chance: np.random.Generator, heard: Loud, callee_db: float, others: Sequence[Recording]) -> Loud:
    """Return what is heard with what else may be there, against how loud the callee speaks."""
    frames = len(heard.level_db)
    if chance.random() < ECHOED:
        heard = mixed(heard, echo(chance, callee_db + chance.uniform(*ECHO_DB), others, frames))
    if chance.random() < BESIDE:
        for _ in range(chance.integers(1, 4)):
            other = others[chance.integers(len(others))]
            there = loud(other).louder(callee_db + chance.uniform(*BESIDE_DB) - speech_db(other))
            heard = mixed(heard, there.at(np.roll(np.arange(len(other.sounds)), chance.integers(frames))[:frames]))
    if chance.random() < NOISY:
        heard = mixed(heard, _noise(chance, callee_db + chance.uniform(*NOISE_DB), frames))
    return heard


def echo(chance: np.random.Generator, level_db: float, others: Sequence[Recording], frames: int) -> Loud:
    """Return so many frames of one of the others, as if we said it: soon after the answer, then on and on."""
    ours = [one for one in others if one.item.speech and one.item.snr_db > CLEAN_DB and one.item.label == "machine"]
    begins = int(chance.integers(*ECHO_BEGINS_MS)) // FRAME_MS
    said: list[Loud] = []
    while sum(len(one.level_db) for one in said) < frames and ours:
        one = ours[chance.integers(len(ours))]
        first = one.item.onset // FRAME_MS
        said.append(loud(one).louder(level_db - speech_db(one)).at(slice(first, None)))
    made = Loud(
        *(np.full(shape, -100.0, np.float32) for shape in ((frames, BANDS), (frames,))), np.zeros(frames, np.float32)
    )
    if said:
        for whole, parts in zip(made, zip(*said, strict=True), strict=True):
            whole[begins:] = np.concatenate(parts)[: frames - begins]
    tint = np.interp(np.arange(BANDS), [0, 7, 13, BANDS - 1], chance.normal(0, 2, 4)).astype(np.float32)
    return Loud(made.bands_db + tint, made.level_db, made.voicing)


def _noise(chance: np.random.Generator, level_db: float, frames: int) -> Loud:
    colour = np.interp(np.arange(BANDS), [0, 7, 13, BANDS - 1], chance.normal(0, 6, 4))
    colour -= 10 * np.log10(np.mean(10 ** (colour / 10)))
    bands = level_db - BAND_UNDER_LEVEL_DB + colour + chance.normal(0, 2.5, (frames, BANDS))
    level = level_db + chance.normal(0, 0.7, frames)
    voicing = chance.normal(*NOISE_VOICING, frames)
    return Loud(bands.astype(np.float32), level.astype(np.float32), voicing.astype(np.float32))
