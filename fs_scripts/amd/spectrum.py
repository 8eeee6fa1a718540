"""Five frames at a time into what the detector needs of each: level, voicing, pitch, the strongest tones, change."""

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
MOST_FRAMES = 250
"""Of a recording, which is analysed in one go."""
_FRAME_STARTS = np.arange(MOST_FRAMES)[:, None] * FRAME_SAMPLES + np.arange(WINDOW)[None, :]
_AROUND = np.arange(-LOBE, LOBE + 1)[None, :]
_ROWS = np.arange(MOST_FRAMES)


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
        self._last_bands: npt.NDArray[np.float32] | None = None
        self.spectra = np.zeros((0, SIZE // 2 + 1), np.float32)
        """The power spectra of the frames analysed last."""
        self.levels_db = self.voicing = np.zeros(0, np.float32)

    def analyse(self, samples: npt.NDArray[np.int16]) -> list[Sound]:
        """Take one to MOST_FRAMES whole frames; return one Sound a frame."""
        count = len(samples) // FRAME_SAMPLES
        heard = np.concatenate([self._carried, samples.astype(np.float32)])
        self._carried = heard[-len(self._carried) :]
        spectrum = np.fft.rfft(heard[_FRAME_STARTS[:count]] * _HANN, SIZE)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * _POWER_PER_SAMPLE
        power[:, :FIRST_BIN] = 0
        power[:, LAST_BIN:] = 0
        total = power.sum(axis=1) + 1e-3
        bands = 10 * np.log10(np.add.reduceat(power, _EDGES, axis=1) + QUIETEST / 8)
        before = bands[:1] if self._last_bands is None else self._last_bands
        flux = np.abs(np.diff(bands, axis=0, prepend=before)).mean(axis=1)
        self._last_bands = bands[-1:]
        even = np.sqrt(power)  # not the power: coloured noise would look voiced by its strongest band
        around = np.fft.irfft(even, SIZE)[:, _LAGS] * _LAG_GAIN
        lag = around.argmax(axis=1)
        voicing = around[_ROWS[:count], lag] * (SIZE / 2) / (even.sum(axis=1) + 1e-3)
        bright = power[:, BRIGHT_BIN:].sum(axis=1) / total
        self.spectra, self.levels_db, self.voicing = power.copy(), 10 * np.log10(total + QUIETEST), voicing
        hz, share = _strongest(power, total)
        hz_2, share_2 = _strongest(power, total)
        columns = (self.levels_db, voicing, RATE / (lag + SHORTEST_LAG), hz, share, hz_2, share_2,
                   flux, bright)  # fmt: skip
        return [
            Sound._make((*row, tuple(of_bands)))
            for row, of_bands in zip(np.stack(columns, axis=1).tolist(), bands.tolist(), strict=True)
        ]


def _strongest(
    power: npt.NDArray[np.float32], total: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Return each frame's strongest tone and its share of the energy, and take it out of `power`."""
    peak = power.argmax(axis=1)
    lobes = (peak[:, None] + _AROUND).clip(0, LAST_BIN)
    rows = _ROWS[: len(peak), None]
    energy = power[rows, lobes]
    weights = np.log(energy[:, LOBE - 1 : LOBE + 2] + 1e-6)
    left, middle, right = weights.T
    bend = left - 2 * middle + right
    offset = np.where(bend < -1e-9, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0).clip(-0.5, 0.5)
    power[rows, lobes] = 0
    return (peak + offset) * HZ_PER_BIN, energy.sum(axis=1) / total
