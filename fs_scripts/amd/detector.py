"""The words and measures that all detectors share."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

FRAME_MS = 20
FRAME_SAMPLES = 160
"""20 ms at 8 kHz."""

Frame = npt.NDArray[np.int16]


class Verdict(StrEnum):
    """Who answered. The column `attempts.amd_verdict` takes the same words."""

    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"
    UNSURE = "unsure"
    """Nothing speaks for either: treated as a person, who would otherwise be hung up on."""
