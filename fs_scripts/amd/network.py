"""A small causal network that listens along: whether somebody speaks now, and whether what was said is a machine's.

Five layers look back 1.3 s; what they notice is summed up and its strongest kept since the answer, so that a phrase
like "leave a message" goes on counting after it was said. 100 ms at a time, in numpy.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.spectrum import FRAMES

Array = npt.NDArray[np.float32]

DILATIONS = (1, 2, 4, 8, 16)
KERNEL = 3
PER_SECOND = 50.0
LAYER_FOR_SPEECH = 3
"""Whether somebody speaks is read after so many layers."""


class Network:
    """The weights. conv{n}: (KERNEL, in, out); speech, noticed, kept, hidden and out are matrices, each with a bias."""

    def __init__(self, weights: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self.weights = {name: np.asarray(value, np.float32) for name, value in weights.items()}
        self.inputs = int(self.weights["conv0"].shape[1])
        self.channels = int(self.weights["conv0"].shape[2])


class Listening:
    """What one call has told the network so far."""

    def __init__(self, network: Network) -> None:
        self._w = network.weights
        widths = [network.inputs] + [network.channels] * (len(DILATIONS) - 1)
        self._past = [
            np.zeros(((KERNEL - 1) * dilation, width), np.float32)
            for dilation, width in zip(DILATIONS, widths, strict=True)
        ]
        self._noticed = np.zeros(self._w["noticed"].shape[1], np.float32)
        self._kept = np.zeros(self._w["kept"].shape[1], np.float32)

    def hear(self, colours: Array) -> tuple[list[float], float]:
        """Take FRAMES frames of inputs; return how likely each is speech, and the log-odds of a machine."""
        w, signal = self._w, colours
        speech: list[float] = []
        for number, dilation in enumerate(DILATIONS):
            seen = np.concatenate([self._past[number], signal])
            self._past[number] = seen[FRAMES:]
            kernel = w[f"conv{number}"]
            made = seen[:FRAMES] @ kernel[0] + w[f"conv{number}_bias"]
            made += seen[dilation : dilation + FRAMES] @ kernel[1]
            made += seen[2 * dilation :] @ kernel[2]
            np.maximum(made, 0, out=made)
            signal = made + signal if number else made
            if number + 1 == LAYER_FOR_SPEECH:
                odds = signal @ w["speech"] + w["speech_bias"]
                speech = (1 / (1 + np.exp(-odds[:, 0]))).tolist()
        noticed = np.maximum(signal @ w["noticed"] + w["noticed_bias"], 0)
        kept = np.maximum(signal @ w["kept"] + w["kept_bias"], 0)
        self._noticed = self._noticed + noticed.sum(axis=0) / PER_SECOND
        self._kept = np.maximum(self._kept, kept.max(axis=0))
        known = np.concatenate([self._noticed, self._kept])
        summary = np.concatenate([known / (1 + known), signal[-1]])
        hidden = np.maximum(summary @ w["hidden"] + w["hidden_bias"], 0)
        return speech, float((hidden @ w["out"] + w["out_bias"])[0])
