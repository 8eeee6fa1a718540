"""Grows the forest: gradient boosting on histograms in numpy, logistic loss, full trees of one depth."""

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.forest import Forest

BINS = 64


def grow(
    rows: npt.NDArray[np.float32],
    is_machine: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    *,
    trees: int = 200,
    depth: int = 4,
    rate: float = 0.06,
    least_weight: float = 20.0,
    penalty: float = 5.0,
    share: float = 0.6,
    seed: int = 1,
) -> Forest:
    """Return the forest that tells the rows apart.

    Each tree sees `share` of the features; a leaf holds at least `least_weight` of the rows' weight.
    """
    chance = np.random.default_rng(seed)
    edges = [np.unique(np.quantile(column, np.linspace(0, 1, BINS)[1:-1])) for column in rows.T]
    binned = np.stack([np.searchsorted(edge, column, side="left") for edge, column in zip(edges, rows.T, strict=True)])
    count = rows.shape[1]
    start = float(np.log(np.sum(weight * is_machine) / np.sum(weight * (1 - is_machine))))
    total = np.full(len(rows), start)
    feature = np.zeros((trees, 2**depth - 1), np.int16)
    threshold = np.full((trees, 2**depth - 1), np.inf, np.float32)
    leaf = np.zeros((trees, 2**depth), np.float32)
    for tree in range(trees):
        probability = 1 / (1 + np.exp(-total))
        gradient = weight * (is_machine - probability)
        curvature = weight * probability * (1 - probability)
        tried = chance.permutation(count)[: max(1, int(count * share))]
        node = np.zeros(len(rows), np.int64)
        for level in range(depth):
            width, first = 2**level, 2**level - 1
            best, where = _best_splits(
                binned, tried, node - first, width, gradient, curvature, weight, penalty, least_weight
            )
            for offset in np.flatnonzero(best > 1e-6):
                column, cut = where[offset]
                if cut < len(edges[column]):
                    feature[tree, first + offset] = column
                    threshold[tree, first + offset] = edges[column][cut]
            at = feature[tree, node]
            node = 2 * node + 1 + (rows[np.arange(len(rows)), at] > threshold[tree, node])
        node -= 2**depth - 1
        sums = np.bincount(node, gradient, 2**depth), np.bincount(node, curvature, 2**depth)
        leaf[tree] = rate * sums[0] / (sums[1] + penalty)
        total += leaf[tree][node]
    return Forest(feature, threshold, leaf, start)


def _best_splits(
    binned: npt.NDArray[np.int64], tried: npt.NDArray[np.int64], node: npt.NDArray[np.int64], width: int,
    gradient: npt.NDArray[np.float64], curvature: npt.NDArray[np.float64], weight: npt.NDArray[np.float64],
    penalty: float, least_weight: float,
) -> tuple[npt.NDArray[np.float64], list[tuple[int, int]]]:  # fmt: skip
    """Return each node's best gain and its (feature, bin)."""
    best = np.zeros(width)
    where = [(0, BINS)] * width
    for column in tried:
        cell = node * BINS + binned[column]
        g, h, w = (
            np.bincount(cell, values, width * BINS).reshape(width, BINS).cumsum(axis=1)
            for values in (gradient, curvature, weight)
        )
        all_g, all_h, all_w = g[:, -1:], h[:, -1:], w[:, -1:]
        gain = g**2 / (h + penalty) + (all_g - g) ** 2 / (all_h - h + penalty) - all_g**2 / (all_h + penalty)
        gain[(w < least_weight) | (all_w - w < least_weight)] = 0
        cut = gain.argmax(axis=1)
        found = gain[np.arange(width), cut]
        for offset in np.flatnonzero(found > best):
            best[offset] = found[offset]
            where[offset] = (int(column), int(cut[offset]))
    return best, where
