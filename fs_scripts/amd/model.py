"""What was learnt: network, forest, how both are weighed, and the bars; one file next to this module."""

import dataclasses
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fs_scripts.amd.bars import Bars
from fs_scripts.amd.forest import Forest
from fs_scripts.amd.network import Network

MODEL = Path(__file__).with_name("model.npz")
NETWORK = "network_"


class Blend(NamedTuple):
    """How the log-odds of forest and network make one probability."""

    forest: float
    network: float
    start: float

    def probability(self, forest: float, network: float) -> float:
        """Return how likely a machine is, 0 to 1."""
        odds = self.forest * forest + self.network * network + self.start
        return 1 / (1 + math.exp(-min(max(odds, -30.0), 30.0)))


class Model(NamedTuple):
    """All that a detector needs."""

    network: Network
    forest: Forest
    blend: Blend
    bars: Bars


@cache
def load(path: Path = MODEL) -> Model:
    """Return the model in a file; it is read once."""
    with np.load(path) as stored:
        network = Network({name.removeprefix(NETWORK): stored[name] for name in stored if name.startswith(NETWORK)})
        forest = Forest(stored["feature"], stored["threshold"], stored["leaf"], float(stored["start"]))
        return Model(network, forest, Blend(*stored["blend"].tolist()), Bars(*stored["bars"].tolist()))


def save(model: Model, path: Path) -> None:
    """Write the model's file."""
    forest = model.forest
    arrays: dict[str, Any] = {NETWORK + name: value.astype(np.float16) for name, value in model.network.weights.items()}
    arrays |= {"feature": forest.feature, "threshold": forest.threshold, "leaf": forest.leaf}
    arrays |= {"start": np.float32(forest.start), "blend": np.array(model.blend)}
    np.savez_compressed(path, **arrays, bars=np.array(dataclasses.astuple(model.bars)))
