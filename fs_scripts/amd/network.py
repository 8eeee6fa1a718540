"""A causal network that listens along: whether somebody speaks now, and whether what was said is a machine's.

Five layers hear sounds, frame by frame, and look back 1.3 s. Every 100 ms what they heard becomes one step; five more
layers hear phrases in the steps and look back another 3 s. What those notice is summed up and its strongest kept since
the answer, so that a phrase like "leave a message" goes on counting after it was said. In numpy, a step of all calls at
a time: a hundred calls cost a few times what one does.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.colours import Colours
from fs_scripts.amd.spectrum import FRAMES

Array = npt.NDArray[np.float32]

DILATIONS = (1, 2, 4, 8, 16)
"""Of the layers that hear sounds, in frames."""
STEP_DILATIONS = (1, 2, 4, 8)
"""Of the layers that hear phrases, in steps."""
KERNEL = 3
STEPS_PER_SECOND = 10.0
LAYER_FOR_SPEECH = 5
"""Whether somebody speaks is read after so many layers."""


class Network:
    """The weights, each with a bias. conv{n}, step{n}: (KERNEL, in, out); gather takes FRAMES frames to one step;
    speech, noticed, kept, hidden and out are matrices.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self.weights = {name: np.asarray(value, np.float32) for name, value in weights.items()}
        self.inputs = int(self.weights["conv0"].shape[1])
        self.channels = int(self.weights["conv0"].shape[2])
        self.wide = int(self.weights["gather"].shape[1])
        # one product a layer instead of one a tap
        self.flat = {name: one.reshape(-1, one.shape[-1]) for name, one in self.weights.items() if one.ndim == 3}


class Listening:
    """What one call has told the network so far."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.colours = Colours()
        widths = [network.inputs] + [network.channels] * (len(DILATIONS) - 1)
        self.past = [
            np.zeros(((KERNEL - 1) * dilation, width), np.float32)
            for dilation, width in zip(DILATIONS, widths, strict=True)
        ]
        """What each layer heard last; of the layers for phrases, `steps_past`."""
        self.steps_past = [np.zeros(((KERNEL - 1) * dilation, network.wide), np.float32) for dilation in STEP_DILATIONS]
        self.noticed = np.zeros(network.weights["noticed"].shape[1], np.float32)
        self.kept = np.zeros(network.weights["kept"].shape[1], np.float32)
        self.machine = 0.0
        """The log-odds of a machine."""
        self.unreachable = -100.0
        """The log-odds that what was heard announces that the callee can't be reached."""


def hear(some: Sequence[Listening], inputs: Array) -> list[list[float]]:
    """Take FRAMES frames of inputs of each call, (calls, FRAMES, INPUTS), and note in each what they tell.

    Return how likely each frame is speech. All calls listen with the same network.
    """
    network = some[0].network
    w, signal = network.weights, inputs
    speech: list[list[float]] = []
    for number, dilation in enumerate(DILATIONS):
        seen = np.concatenate([np.stack([one.past[number] for one in some]), signal], axis=1)
        for one, its in zip(some, seen[:, FRAMES:], strict=True):
            one.past[number] = its
        taps = np.concatenate(
            [seen[:, :FRAMES], seen[:, dilation : dilation + FRAMES], seen[:, 2 * dilation :]], axis=2
        )
        made = taps.reshape(-1, taps.shape[2]) @ network.flat[f"conv{number}"]
        made += w[f"conv{number}_bias"]
        np.maximum(made, 0, out=made)
        made = made.reshape(len(some), FRAMES, -1)
        signal = made + signal if number else made
        if number + 1 == LAYER_FOR_SPEECH:
            speech = (1 / (1 + np.exp(-(signal @ w["speech"] + w["speech_bias"])[..., 0]))).tolist()
    _understand(some, signal)
    return speech


def _understand(some: Sequence[Listening], heard: Array) -> None:
    network = some[0].network
    w = network.weights
    step = np.maximum(heard.reshape(len(some), -1) @ w["gather"] + w["gather_bias"], 0)
    for number, dilation in enumerate(STEP_DILATIONS):
        past = np.stack([one.steps_past[number] for one in some])
        made = np.concatenate([past[:, 0], past[:, dilation], step], axis=1) @ network.flat[f"step{number}"]
        for one, its in zip(some, np.concatenate([past[:, 1:], step[:, None]], axis=1), strict=True):
            one.steps_past[number] = its
        made += w[f"step{number}_bias"]
        step = step + np.maximum(made, 0)
    noticed = np.maximum(step @ w["noticed"] + w["noticed_bias"], 0) / STEPS_PER_SECOND
    noticed += np.stack([one.noticed for one in some])
    kept = np.maximum(np.stack([one.kept for one in some]), step @ w["kept"] + w["kept_bias"])
    known = np.concatenate([noticed, kept], axis=1)
    hidden = np.maximum(np.concatenate([known / (1 + known), step], axis=1) @ w["hidden"] + w["hidden_bias"], 0)
    odds = (hidden @ w["out"] + w["out_bias"]).tolist()
    for one, its_noticed, its_kept, its_odds in zip(some, noticed, kept, odds, strict=True):
        one.noticed, one.kept = its_noticed, its_kept
        one.machine, one.unreachable = its_odds
