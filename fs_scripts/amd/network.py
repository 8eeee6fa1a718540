"""A causal network that listens along: whether somebody speaks now, and whether what was said is a machine's.

Five layers hear sounds, frame by frame, and look back 1.3 s. Every 100 ms what they heard becomes one step; five more
layers hear phrases in the steps and look back another 3 s. What those notice is summed up and its strongest kept since
the answer, so that a phrase like "leave a message" goes on counting after it was said. In numpy, a step at a time.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.spectrum import FRAMES

Array = npt.NDArray[np.float32]

DILATIONS = (1, 2, 4, 8, 16)
"""Of the layers that hear sounds, in frames."""
STEP_DILATIONS = (1, 2, 4, 8)
"""Of the layers that hear phrases, in steps."""
KERNEL = 3
STEPS_PER_SECOND = 10.0
LAYER_FOR_SPEECH = 3
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
        self._w, self._flat = network.weights, network.flat
        widths = [network.inputs] + [network.channels] * (len(DILATIONS) - 1)
        self._past = [
            np.zeros(((KERNEL - 1) * dilation, width), np.float32)
            for dilation, width in zip(DILATIONS, widths, strict=True)
        ]
        self._steps_past = [
            np.zeros(((KERNEL - 1) * dilation, network.wide), np.float32) for dilation in STEP_DILATIONS
        ]
        self._noticed = np.zeros(self._w["noticed"].shape[1], np.float32)
        self._kept = np.zeros(self._w["kept"].shape[1], np.float32)
        self.unreachable = -100.0
        """The log-odds that what was heard announces that the callee can't be reached."""

    def hear(self, colours: Array) -> tuple[list[float], float]:
        """Take FRAMES frames of inputs; return how likely each is speech, and the log-odds of a machine."""
        w, signal = self._w, colours
        speech: list[float] = []
        for number, dilation in enumerate(DILATIONS):
            seen = np.concatenate([self._past[number], signal])
            self._past[number] = seen[FRAMES:]
            taps = np.concatenate([seen[:FRAMES], seen[dilation : dilation + FRAMES], seen[2 * dilation :]], axis=1)
            made = taps @ self._flat[f"conv{number}"]
            made += w[f"conv{number}_bias"]
            np.maximum(made, 0, out=made)
            signal = made + signal if number else made
            if number + 1 == LAYER_FOR_SPEECH:
                odds = signal @ w["speech"] + w["speech_bias"]
                speech = (1 / (1 + np.exp(-odds[:, 0]))).tolist()
        return speech, self._understand(signal)

    def _understand(self, heard: Array) -> float:
        w = self._w
        step = np.maximum(heard.reshape(-1) @ w["gather"] + w["gather_bias"], 0)
        for number, dilation in enumerate(STEP_DILATIONS):
            past = self._steps_past[number]
            made = np.concatenate([past[0], past[dilation], step]) @ self._flat[f"step{number}"]
            past[:-1] = past[1:]
            past[-1] = step
            made += w[f"step{number}_bias"]
            step = step + np.maximum(made, 0)
        self._noticed += np.maximum(step @ w["noticed"] + w["noticed_bias"], 0) / STEPS_PER_SECOND
        np.maximum(self._kept, step @ w["kept"] + w["kept_bias"], out=self._kept)
        known = np.concatenate([self._noticed, self._kept])
        hidden = np.maximum(np.concatenate([known / (1 + known), step]) @ w["hidden"] + w["hidden_bias"], 0)
        machine, self.unreachable = (hidden @ w["out"] + w["out_bias"]).tolist()
        return float(machine)
