"""Frames of many lines at once into what detectors need of each: level, voicing, pitch, the strongest tones, change."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.detector import FRAME_SAMPLES

RATE = 8000
FRAMES = 5
"""Frames analysed together: one call into numpy for 100 ms costs little more than for 20 ms."""
WINDOW = 256
SIZE = 512
HZ_PER_BIN = RATE / SIZE
FIRST_BIN, LAST_BIN = int(300 / HZ_PER_BIN), int(3400 / HZ_PER_BIN)
LOBE = 4
"""A tone's energy lies within so many bins of its peak."""
SHORTEST_LAG, LONGEST_LAG = RATE // 400, RATE // 60
BAND_EDGES_HZ = (300, 450, 620, 830, 1080, 1400, 1800, 2350, 3000)
BANDS = len(BAND_EDGES_HZ)
BRIGHT_BIN = int(2000 / HZ_PER_BIN)
QUIETEST = 4.0
"""Power that stands for silence (int16², RMS 2): below it lies only a codec's rounding."""

_HANN = np.hanning(WINDOW + 1)[:WINDOW].astype(np.float32)
_POWER_PER_SAMPLE = 2.0 / (SIZE * float(np.sum(_HANN**2)))
_LAGS = slice(SHORTEST_LAG, LONGEST_LAG)
_OWN = np.fft.irfft(np.abs(np.fft.rfft(_HANN, SIZE)) ** 2, SIZE)
_LAG_GAIN = (_OWN[0] / _OWN[_LAGS]).astype(np.float32)
_EDGES = np.array([int(hz / HZ_PER_BIN) for hz in BAND_EDGES_HZ])
_IN_WINDOW = np.arange(WINDOW)[None, :]
_AROUND = np.arange(-LOBE, LOBE + 1)[None, :]


class Sound(NamedTuple):
    """One frame. share: of the band's energy, in the strongest tone; share_2: in the second strongest."""

    level_db: float
    voicing: float
    pitch_hz: float
    hz: float
    share: float
    hz_2: float
    share_2: float
    flux_db: float
    bright: float
    bands_db: tuple[float, ...]


class Analyser:
    """Keeps the overlap between windows and the last spectrum."""

    def __init__(self) -> None:
        self._carried = np.zeros(WINDOW - FRAME_SAMPLES, np.float32)
        self.last_bands: npt.NDArray[np.float32] | None = None
        self.spectra = np.zeros((0, SIZE // 2 + 1), np.float32)
        """The power spectra of the frames analysed last."""
        self.levels_db = self.voicing = np.zeros(0, np.float32)

    def analyse(self, samples: npt.NDArray[np.int16]) -> list[Sound]:
        """Take whole frames; return one Sound a frame."""
        return analyse([self], [samples])[0]

    def windows(self, samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
        """Return one window a frame, as (frames, WINDOW), and keep what the next one begins with."""
        heard = np.concatenate([self._carried, samples.astype(np.float32)])
        self._carried = heard[-len(self._carried) :]
        return heard[np.arange(len(samples) // FRAME_SAMPLES)[:, None] * FRAME_SAMPLES + _IN_WINDOW]


def analyse(analysers: Sequence[Analyser], samples: Sequence[npt.NDArray[np.int16]]) -> list[list[Sound]]:
    """Take the next whole frames of each line; return one Sound a frame for each line."""
    windows = [one.windows(its) for one, its in zip(analysers, samples, strict=True)]
    ends = np.cumsum([len(its) for its in windows]).tolist()
    lines = [slice(begin, end) for begin, end in itertools.pairwise([0, *ends])]
    spectrum = np.fft.rfft(np.concatenate(windows) * _HANN, SIZE)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * _POWER_PER_SAMPLE
    power[:, :FIRST_BIN] = 0
    power[:, LAST_BIN:] = 0
    total = power.sum(axis=1) + 1e-3
    bands = 10 * np.log10(np.add.reduceat(power, _EDGES, axis=1) + QUIETEST / 8)
    before = np.roll(bands, 1, axis=0)
    for one, line in zip(analysers, lines, strict=True):
        before[line.start] = bands[line.start] if one.last_bands is None else one.last_bands
        one.last_bands = bands[line.stop - 1]
    flux = np.abs(bands - before).mean(axis=1)
    even = np.sqrt(power)  # not the power: coloured noise would look voiced by its strongest band
    around = np.fft.irfft(even, SIZE)[:, _LAGS] * _LAG_GAIN
    lag = around.argmax(axis=1)
    voicing = around[np.arange(len(lag)), lag] * (SIZE / 2) / (even.sum(axis=1) + 1e-3)
    bright = power[:, BRIGHT_BIN:].sum(axis=1) / total
    spectra, levels_db = power.copy(), 10 * np.log10(total + QUIETEST)
    for one, line in zip(analysers, lines, strict=True):
        one.spectra, one.levels_db, one.voicing = spectra[line], levels_db[line], voicing[line]
    hz, share = _strongest(power, total)
    hz_2, share_2 = _strongest(power, total)
    columns = (levels_db, voicing, RATE / (lag + SHORTEST_LAG), hz, share, hz_2, share_2, flux, bright)
    sounds = [
        Sound._make((*row, tuple(of_bands)))
        for row, of_bands in zip(np.stack(columns, axis=1).tolist(), bands.tolist(), strict=True)
    ]
    return [sounds[line] for line in lines]


def _strongest(
    power: npt.NDArray[np.float32], total: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Return each frame's strongest tone and its share of the energy, and take it out of `power`."""
    peak = power.argmax(axis=1)
    lobes = (peak[:, None] + _AROUND).clip(0, LAST_BIN)
    rows = np.arange(len(peak))[:, None]
    energy = power[rows, lobes]
    weights = np.log(energy[:, LOBE - 1 : LOBE + 2] + 1e-6)
    left, middle, right = weights.T
    bend = left - 2 * middle + right
    offset = np.where(bend < -1e-9, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0).clip(-0.5, 0.5)
    power[rows, lobes] = 0
    return (peak + offset) * HZ_PER_BIN, energy.sum(axis=1) / total
