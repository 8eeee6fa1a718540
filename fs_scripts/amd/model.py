"""What was learnt: the forest and the bars that go with it, one file next to this module."""

import dataclasses
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fs_scripts.amd.bars import Bars
from fs_scripts.amd.forest import Forest

MODEL = Path(__file__).with_name("model.npz")


class Model(NamedTuple):
    """A forest and its bars."""

    forest: Forest
    bars: Bars


@cache
def load(path: Path = MODEL) -> Model:
    """Return the model in a file; it is read once."""
    with np.load(path) as stored:
        forest = Forest(stored["feature"], stored["threshold"], stored["leaf"], float(stored["start"]))
        return Model(forest, Bars(*stored["bars"].tolist()))


def save(model: Model, path: Path) -> None:
    """Write the model's file."""
    forest, bars = model
    np.savez_compressed(
        path,
        feature=forest.feature,
        threshold=forest.threshold,
        leaf=forest.leaf,
        start=np.float32(forest.start),
        bars=np.array(dataclasses.astuple(bars)),
    )
