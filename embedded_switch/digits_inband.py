"""Digits from the dual tones themselves, found in 20 ms frames by eight Goertzel filters at once."""

import numpy as np

ROWS_HZ = (697, 770, 852, 941)
COLUMNS_HZ = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
WINDOW = 240  # samples: 30 ms, slid by one frame of 20 ms
FRAME_MS = 20
MIN_LEVEL = 100.0  # amplitude of the weaker tone on the 16-bit scale: about -47 dBFS
MIN_SHARE = 0.75  # of the window's energy must lie in the two tones; speech rarely reaches half
MAX_TWIST = 10.0  # the stronger tone has at most so many times the weaker one's energy (10 dB)
MIN_LEAD = 6.0  # and the two winners at least so many times the runner-up's of their group (8 dB)
MIN_HITS = 2  # windows in a row: 40 ms, the shortest press ITU-T Q.24 wants recognised
MIN_MISSES = 2  # windows without it end a press


_HANN = np.hanning(WINDOW)


def _filters() -> np.ndarray:
    time = np.arange(WINDOW) / 8000.0
    waves = np.array([np.exp(-2j * np.pi * hertz * time) for hertz in ROWS_HZ + COLUMNS_HZ])
    return waves * _HANN


_FILTERS = _filters()
_GAIN = _HANN.sum() / 2  # a tone of amplitude 1 answers with this
_HANN_ENERGY = (_HANN**2).sum() / 2


class InbandDetector:
    """Feed it every 20 ms frame; it tells of a press once the tone has ended, as FreeSWITCH does."""

    def __init__(self) -> None:
        self._window = np.zeros(WINDOW)
        self._key = ""
        self._hits = 0
        self._misses = 0

    def feed(self, pcm: bytes) -> tuple[str, int] | None:
        """Take 320 bytes of 16-bit audio; return (digit, milliseconds) when a press has just ended."""
        frame = np.frombuffer(pcm, dtype="<i2")
        self._window = np.concatenate((self._window[frame.size :], frame))
        key = _key_in(self._window)
        if key and key == self._key:
            self._hits += 1
            self._misses = 0
            return None
        if self._key and not key and self._misses + 1 < MIN_MISSES:
            self._misses += 1
            return None
        finished = (self._key, self._hits * FRAME_MS) if self._hits >= MIN_HITS else None
        self._key, self._hits, self._misses = key, int(bool(key)), 0
        return finished


def _key_in(window: np.ndarray) -> str:
    """Return the key whose two tones fill the window, or nothing."""
    if np.abs(window).max() < MIN_LEVEL:  # silence, most of the time: spare the filters
        return ""
    amplitudes = np.abs(_FILTERS @ window) / _GAIN
    row, column = int(amplitudes[:4].argmax()), int(amplitudes[4:].argmax())
    low, high = float(amplitudes[row]), float(amplitudes[4 + column])
    if min(low, high) < MIN_LEVEL:
        return ""
    energy = float(((window * _HANN) ** 2).sum())
    if (low**2 + high**2) * _HANN_ENERGY < MIN_SHARE * energy or max(low, high) ** 2 > MAX_TWIST * min(low, high) ** 2:
        return ""
    rivals = amplitudes.copy()
    rivals[[row, 4 + column]] = 0
    if low**2 < MIN_LEAD * rivals[:4].max() ** 2 or high**2 < MIN_LEAD * rivals[4:].max() ** 2:
        return ""
    return KEYS[row][column]
