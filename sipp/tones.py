"""Sounds that are computed: tones of the network, keys in the audio, and the faint noise of a line."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 8000
"""Samples per second."""

Samples = NDArray[np.int16]

NOISE_RMS = 10.0
"""The line's noise, of 32768: about -70 dB below full scale, below every detector's idea of speech."""

LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1209, 1336, 1477, 1633)
KEYPAD = ("123A", "456B", "789C", "*0#D")
SIT_HZ = (985.2, 1428.5, 1776.7)
"""The three special information tones before "the number you have dialled is not in service"."""

RINGBACK_HZ = 425
FAX_ANSWER_HZ = 2100
BEEP_HZ = 1000


def tone(frequencies_hz: Sequence[float], ms: int, level: float = 0.25) -> Samples:
    """Return the sum of sines, each at `level` of full scale divided by their number, faded over 5 ms."""
    at = np.arange(RATE * ms // 1000) / RATE
    total = np.sum([np.sin(2 * np.pi * frequency * at) for frequency in frequencies_hz], axis=0)
    fade = np.minimum(1.0, np.minimum(np.arange(at.size), np.arange(at.size)[::-1]) / (RATE * 0.005))
    return (total * fade * level * 32767 / len(frequencies_hz)).astype(np.int16)


def noise(ms: int, seed: int = 1) -> Samples:
    """Return the noise of a quiet line, always the same for one seed."""
    chance = np.random.default_rng(seed)
    return np.clip(chance.normal(0, NOISE_RMS, RATE * ms // 1000), -60, 60).astype(np.int16)


def key(digit: str, ms: int = 200) -> Samples:
    """Return a key's two tones."""
    row = next(index for index, keys in enumerate(KEYPAD) if digit in keys)
    return tone((LOW_HZ[row], HIGH_HZ[KEYPAD[row].index(digit)]), ms, level=0.4)


def ringback(ms: int) -> Samples:
    """Return the ring-back of Russia and much of Europe: 1 s of 425 Hz, 4 s of nothing."""
    one = np.concatenate([tone((RINGBACK_HZ,), 1000, 0.1), noise(4000)])
    return np.resize(one, RATE * ms // 1000)


def special_information() -> Samples:
    """Return the three tones that precede an announcement of the network."""
    return np.concatenate([*(tone((frequency,), 330) for frequency in SIT_HZ), noise(300)])


def fax_answer() -> Samples:
    """Return what a called fax says first (CED): 3 s of 2100 Hz, 0.2 s after the answer."""
    return np.concatenate([noise(200), tone((FAX_ANSWER_HZ,), 3000)])


def beep() -> Samples:
    """Return the beep of an answering machine."""
    return tone((BEEP_HZ,), 400, 0.3)
