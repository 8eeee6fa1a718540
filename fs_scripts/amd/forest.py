"""A small gradient-boosted forest: full binary trees of one depth, all evaluated at once in numpy."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


class Forest:
    """Trees as arrays of (trees, nodes): feature and threshold of each inner node, value of each leaf."""

    def __init__(
        self,
        feature: npt.NDArray[np.int16],
        threshold: npt.NDArray[np.float32],
        leaf: npt.NDArray[np.float32],
        start: float,
    ) -> None:
        self.feature, self.threshold, self.leaf, self.start = feature, threshold, leaf, start
        self.depth = int(math.log2(leaf.shape[1]))
        self._features, self._thresholds, self._leaves = feature.ravel(), threshold.ravel(), leaf.ravel()
        self._first_node = np.arange(len(leaf)) * feature.shape[1]
        self._first_leaf = np.arange(len(leaf)) * leaf.shape[1]

    def odds(self, values: Sequence[float]) -> float:
        """Return the log-odds of a machine."""
        row = np.asarray(values, np.float32)
        node = np.zeros(len(self.leaf), np.intp)
        for _ in range(self.depth):
            at = self._first_node + node
            node = 2 * node + 1 + (row[self._features[at]] > self._thresholds[at])
        node -= self.leaf.shape[1] - 1
        return self.start + float(self._leaves[self._first_leaf + node].sum())
