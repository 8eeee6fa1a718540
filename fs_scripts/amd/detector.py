"""What every detector offers, whatever rule or model is behind it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

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


class Detector(Protocol):
    """A pure state machine: the same frames give the same verdict at the same frame, on any clock."""

    def feed(self, frame: Frame) -> Verdict | None:
        """Take the next 20 ms (int16, 160 samples, from the answer on, without gaps); None: not decided yet.

        After the first verdict it is not fed any more.
        """

    def give_up(self) -> Verdict:
        """Decide now: the longest wait is over."""

    def evidence(self) -> Mapping[str, Any]:
        """Return what led to the verdict, as JSON-ready values; kept with the attempt."""
