"""The tap: reads a recording while the switch still writes it."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dialer.dial_string import TAP_SUFFIX
from fs_scripts.amd.detector import FRAME_SAMPLES, Frame

FRAME_BYTES = FRAME_SAMPLES * 2
MOST_BYTES = 500 * FRAME_BYTES
"""Ten seconds are taken at a time."""


class Tap:
    """Follows one growing `.r8` file: 16-bit little-endian samples at 8 kHz without a header.

    The switch writes the first bytes about half a second after it was told to record (nothing is lost, they
    come at once) and is then 20–40 ms behind the line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = str(path)
        self._offset = 0

    def frames(self) -> Iterator[Frame]:
        """Yield every whole 20 ms frame that was written since the last call; none while there is no file."""
        try:
            file = os.open(self._name, os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            data = os.pread(file, MOST_BYTES, self._offset)
        finally:
            os.close(file)
        for start in range(0, len(data) - FRAME_BYTES + 1, FRAME_BYTES):
            self._offset += FRAME_BYTES
            yield np.frombuffer(data, dtype="<i2", count=FRAME_SAMPLES, offset=start)

    def remove(self) -> None:
        """Delete the file; nothing happens when there is none."""
        self.path.unlink(missing_ok=True)


def path_for(tap_dir: Path, attempt_id: str) -> Path:
    """Return where an attempt's tap is written."""
    return tap_dir / f"{attempt_id}.r8"


def early_path_for(tap_dir: Path, attempt_id: str) -> Path:
    """Return where the switch writes what comes before the answer (dialer.dial_string)."""
    return tap_dir / f"{attempt_id}{TAP_SUFFIX}"


def sweep(tap_dir: Path) -> int:
    """Make the folder, for this user only, and delete what a switch that died left there; return how many files."""
    tap_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    left = list(tap_dir.glob("*.r8"))
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
