"""What the network is told of each frame: the spectrum against the loudest of late, and how voiced it is."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.spectrum import FIRST_BIN, HZ_PER_BIN, LAST_BIN, QUIETEST, SIZE

Array = npt.NDArray[np.float32]

BANDS = 20
INPUTS = BANDS + 2
FALL_DB = 0.02
"""How far the reference falls a frame, towards what is loud now: 1 dB a second."""
DB = 10.0
LOWEST, HIGHEST = -5.0, 1.5
"""In units of DB against the reference."""


def _bands() -> Array:
    """Return triangles, evenly spaced in mel, as (bins, BANDS)."""
    mel = np.linspace(2595 * np.log10(1 + 280 / 700), 2595 * np.log10(1 + 3450 / 700), BANDS + 2)
    hertz = 700 * (10 ** (mel / 2595) - 1)
    bins = np.arange(SIZE // 2 + 1) * HZ_PER_BIN
    made = np.zeros((len(bins), BANDS), np.float32)
    for band, (low, middle, high) in enumerate(zip(hertz, hertz[1:], hertz[2:], strict=False)):
        made[:, band] = np.clip(np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)), 0, 1)
    made[:FIRST_BIN] = made[LAST_BIN:] = 0
    return made / np.maximum(made.sum(axis=0), 1e-6)


_BANDS = _bands()


class Colours:
    """Keeps the reference level; one per call. No input depends on how loud the line is."""

    def __init__(self) -> None:
        self._even_db: float | None = None
        self._reference_db = 0.0

    def of(self, power: Array, level_db: Array, voicing: Array) -> Array:
        """Return (frames, INPUTS) for as many frames' power spectra."""
        return inputs(power, level_db, voicing, self.references_db(level_db))

    def references_db(self, level_db: Array) -> list[float]:
        """Return what each frame is held against: the loudest of late."""
        references = []
        for level in level_db.tolist():
            self._even_db = level if self._even_db is None else self._even_db + (level - self._even_db) * 0.4
            self._reference_db = max(self._reference_db - FALL_DB, self._even_db)
            references.append(self._reference_db)
        return references


def inputs(power: Array, level_db: Array, voicing: Array, references_db: Sequence[float]) -> Array:
    """Return (frames, INPUTS); the frames may be of many lines."""
    made = np.empty((len(power), INPUTS), np.float32)
    reference = np.array(references_db, np.float32)[:, None]
    # of the mean power of a band's bins; a band's share of the level is about 15 dB lower
    made[:, :BANDS] = (10 * np.log10(power @ _BANDS + QUIETEST / 200) + 15 - reference) / DB
    made[:, BANDS] = (level_db - reference[:, 0]) / DB
    made[:, BANDS + 1] = voicing * 2
    return np.clip(made, LOWEST, HIGHEST, out=made)
