"""What was learnt: the network, what its log-odds are worth, and the bars; one file next to this module."""

import dataclasses
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.bars import Bars
from fs_scripts.amd.network import Network

MODEL = Path(__file__).with_name("model.npz")
NETWORK, SCALE = "network_", "scale_"
LARGEST = 127
"""A weight is stored in a byte, as a part of the largest of its column."""

Array = npt.NDArray[np.float32]


class Calibration(NamedTuple):
    """How the network's log-odds make a probability."""

    slope: float
    start: float

    def probability(self, odds: float) -> float:
        """Return how likely a machine is, 0 to 1."""
        return 1 / (1 + math.exp(-min(max(self.slope * odds + self.start, -30.0), 30.0)))


class Model(NamedTuple):
    """All that a detector needs."""

    network: Network
    calibration: Calibration
    bars: Bars


@cache
def load(path: Path = MODEL) -> Model:
    """Return the model in a file; it is read once."""
    with np.load(path) as stored:
        calibration, bars = Calibration(*stored["calibration"].tolist()), Bars(*stored["bars"].tolist())
        return Model(Network(unpacked(stored)), calibration, bars)


def save(model: Model, path: Path) -> None:
    """Write the model's file."""
    bars = np.array(dataclasses.astuple(model.bars))
    np.savez_compressed(path, **packed(model.network.weights), calibration=np.array(model.calibration), bars=bars)


def packed(weights: Mapping[str, Array]) -> dict[str, Any]:
    """Return a network's weights as they are stored: matrices in bytes, with a scale for each of their columns."""
    stored: dict[str, Any] = {}
    for name, value in weights.items():
        if value.ndim == 1:
            stored[NETWORK + name] = value
            continue
        scale = np.abs(value).max(axis=tuple(range(value.ndim - 1))) / LARGEST
        scale = np.where(scale > 0, scale, 1).astype(np.float32)
        stored[NETWORK + name], stored[SCALE + name] = np.rint(value / scale).astype(np.int8), scale
    return stored


def unpacked(stored: Mapping[str, Any]) -> dict[str, Array]:
    """Return the weights that `packed` stored."""
    weights = {}
    for key in stored:
        if key.startswith(NETWORK):
            name = key.removeprefix(NETWORK)
            weights[name] = stored[key].astype(np.float32) * stored.get(SCALE + name, np.float32(1))
    return weights
