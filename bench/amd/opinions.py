"""What a reader (`bench.amd.readers`) made of a recording's words, and what of that the network is taught, when."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench.amd.corpus import Item
from bench.amd.learning import LEARNT_FRAMES, Heard
from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.spectrum import FRAMES

MEANING = 64
UNREAD = frozenset({"trick"})
"""Begins as a person does: its label teaches nothing before it goes on, and readers don't read it."""
LABEL = 0.4
"""What the label counts for, against the reader's opinion."""
SILENT_MS = 250
"""So long after a person's utterance its end tells more than its words."""

Array = npt.NDArray[np.float32]


class Opinion(NamedTuple):
    """After none of a recording's words, after the first, …: how likely a machine is, and what they mean."""

    machine: Array
    meaning: Array


def wanted(
    item: Item, heard: Heard, said: npt.NDArray[np.int64], opinion: Opinion | None
) -> tuple[Array, Array, Array]:
    """Return what the network is to think each step: how likely a machine is, what the words mean, and where they mean
    anything. said: how many words by each frame of the recording.
    """
    steps = np.arange(FRAMES - 1, LEARNT_FRAMES, FRAMES)
    label = float(item.label != "human")
    if opinion is None:
        nothing = np.zeros((len(steps), MEANING), np.float32)
        return np.full(len(steps), label, np.float32), nothing, np.zeros(len(steps), np.float32)
    at = np.minimum(heard.of(said)[steps], len(opinion.machine) - 1)
    weight = 0.0 if item.category in UNREAD else LABEL
    machine = weight * label + (1 - weight) * opinion.machine[at]
    if item.label == "human":
        machine[steps > heard.place((item.greeting_end + SILENT_MS) / FRAME_MS)] = 0
    return machine, opinion.meaning[at], (at > 0).astype(np.float32)
