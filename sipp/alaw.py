"""G.711 A-law, as the PSTN of most countries carries it."""

import numpy as np
from numpy.typing import NDArray

SEGMENT_ENDS = np.array([0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF])
"""Largest 13-bit magnitude of each of the eight segments (ITU-T G.711)."""

TOGGLE_NEGATIVE, TOGGLE_POSITIVE = 0x55, 0xD5


def encode(samples: NDArray[np.int16]) -> bytes:
    """Return one A-law byte a 16-bit sample."""
    linear = samples.astype(np.int32) >> 3
    positive = linear >= 0
    magnitude = np.minimum(np.where(positive, linear, -linear - 1), SEGMENT_ENDS[-1])
    segment = np.searchsorted(SEGMENT_ENDS, magnitude)
    mantissa = (magnitude >> np.maximum(segment, 1)) & 0x0F
    coded = (segment << 4 | mantissa) ^ np.where(positive, TOGGLE_POSITIVE, TOGGLE_NEGATIVE)
    return coded.astype(np.uint8).tobytes()
