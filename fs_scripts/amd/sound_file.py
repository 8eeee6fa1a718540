"""Reads sound files for the command line; the switch's scripts never import this, its libraries are not theirs."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from fs_scripts.amd.detector import Frame

RATE = 8000


class Unreadable(Exception):
    """The file is not there or is no sound; the operator gives another."""


def read(path: Path) -> Frame:
    """Return the file as mono int16 at 8 kHz. Raises Unreadable."""
    try:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    except (OSError, RuntimeError) as why:
        raise Unreadable(str(why)) from why
    if rate == RATE and samples.shape[1] == 1:
        return np.ascontiguousarray(samples[:, 0])
    mono = samples.mean(axis=1, dtype=np.float32)
    return np.asarray(np.clip(np.rint(soxr.resample(mono, rate, RATE)), -32768, 32767), np.int16)
