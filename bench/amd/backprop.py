"""Trains the network of `fs_scripts.amd.network` by hand-written back-propagation: numpy alone is enough for its size.

Arrays are (time, recordings, channels): a shift in time is then a plain slice, and a layer is three products.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.network import DILATIONS, KERNEL, LAYER_FOR_SPEECH, STEP_DILATIONS, STEPS_PER_SECOND
from fs_scripts.amd.spectrum import FRAMES

FACTS = 2
Array = npt.NDArray[np.float32]
Weights = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Batch:
    """inputs (T, B, inputs). speech and its weight (T, B); facts (B, 2) and their weight (T / FRAMES, B, 2).

    The facts: whether it is a machine, and whether it announces that the callee can't be reached.
    """

    inputs: Array
    speech: Array
    speech_weight: Array
    facts: Array
    facts_weight: Array


def start(
    inputs: int, chance: np.random.Generator, channels: int = 80, wide: int = 128, known: int = 40, hidden: int = 48
) -> Weights:
    """Return fresh weights."""

    def matrix(rows: int, columns: int, gain: float = 2.0) -> Array:
        return chance.normal(0, np.sqrt(gain / rows), (rows, columns)).astype(np.float32)

    weights: Weights = {}
    for name, dilations, width in (("conv", DILATIONS, channels), ("step", STEP_DILATIONS, wide)):
        for number in range(len(dilations)):
            rows = inputs if name == "conv" and number == 0 else width
            weights[f"{name}{number}"] = np.stack([matrix(rows, width, 1.0 / KERNEL) for _ in range(KERNEL)])
            weights[f"{name}{number}_bias"] = np.zeros(width, np.float32)
    for name, rows, columns in (
        ("speech", channels, 1), ("gather", FRAMES * channels, wide), ("noticed", wide, known), ("kept", wide, known),
        ("hidden", 2 * known + wide, hidden), ("out", hidden, FACTS),
    ):  # fmt: skip
        weights[name] = matrix(rows, columns, 0.5)
        weights[f"{name}_bias"] = np.zeros(columns, np.float32)
    return weights


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one layer leaves for the way back."""

    name: str
    dilation: int
    padded: Array
    mask: npt.NDArray[np.bool_]
    is_added: bool
    """Its input is added to its output."""


@dataclass(frozen=True, slots=True)
class _Passed:
    """What a pass through the network leaves for the way back."""

    layers: list[_Layer]
    spoken: Array
    speech_odds: Array
    gathered: Array
    step: Array
    steps: list[_Layer]
    last: Array
    noticed: Array
    kept: Array
    when: npt.NDArray[np.int64]
    known: Array
    summary: Array
    before: Array
    hidden: Array
    odds: Array


def heard(w: Mapping[str, Array], inputs: Array) -> tuple[Array, Array]:
    """Return the log-odds of speech (T, B) and of the facts (T / FRAMES, B, FACTS)."""
    passed = _forward(w, inputs, 1.0)
    return passed.speech_odds, passed.odds


def _layer(w: Mapping[str, Array], name: str, signal: Array, dilation: int) -> tuple[Array, _Layer]:
    time, kernel = len(signal), w[name]
    padded = np.concatenate([np.zeros(((KERNEL - 1) * dilation, *signal.shape[1:]), signal.dtype), signal])
    made = _times(padded[:time], kernel[0]) + w[f"{name}_bias"]
    for tap in range(1, KERNEL):
        made += _times(padded[tap * dilation : tap * dilation + time], kernel[tap])
    mask, is_added = made > 0, kernel.shape[1] == kernel.shape[2] and name != "conv0"
    made *= mask
    return (made + signal if is_added else made), _Layer(name, dilation, padded, mask, is_added)


def _forward(w: Mapping[str, Array], inputs: Array, drop: Array | float) -> _Passed:
    signal, layers, spoken = inputs, [], inputs
    for number, dilation in enumerate(DILATIONS):
        signal, layer = _layer(w, f"conv{number}", signal, dilation)
        layers.append(layer)
        spoken = signal if number + 1 == LAYER_FOR_SPEECH else spoken
    speech_odds = (spoken @ w["speech"] + w["speech_bias"])[..., 0]
    time, count, width = signal.shape
    gathered = signal.reshape(time // FRAMES, FRAMES, count, width).transpose(0, 2, 1, 3)
    gathered = gathered.reshape(time // FRAMES, count, FRAMES * width)
    step = np.maximum(_times(gathered, w["gather"]) + w["gather_bias"], 0)
    last, steps = step, []
    for number, dilation in enumerate(STEP_DILATIONS):
        last, layer = _layer(w, f"step{number}", last, dilation)
        steps.append(layer)
    noticed = np.maximum(_times(last, w["noticed"]) + w["noticed_bias"], 0)
    kept = np.maximum(_times(last, w["kept"]) + w["kept_bias"], 0)
    highest = np.maximum.accumulate(kept, axis=0)
    since = np.where(kept >= highest, np.arange(len(kept))[:, None, None], 0)
    when = np.maximum.accumulate(since, axis=0)
    known = np.concatenate([noticed.cumsum(axis=0) / STEPS_PER_SECOND, highest], axis=2)
    summary = np.asarray(np.concatenate([known / (1 + known), last], axis=2) * drop, last.dtype)
    before: Array = summary @ w["hidden"] + w["hidden_bias"]
    hidden = np.maximum(before, 0)
    odds = hidden @ w["out"] + w["out_bias"]
    return _Passed(layers, spoken, speech_odds, gathered, step, steps, last, noticed, kept, when, known, summary,
                   before, hidden, odds)  # fmt: skip


def losses(w: Mapping[str, Array], batch: Batch, drop: Array | float = 1.0) -> tuple[float, float, Weights]:
    """Return the loss on speech and on the facts, and the gradients of their sum.

    drop: what the summary is multiplied with, to forget parts of it while learning.
    """
    gradient: Weights = {}
    passed = _forward(w, batch.inputs, drop)
    speech_loss, speech_error = _logistic(passed.speech_odds, batch.speech, batch.speech_weight)
    wanted = np.broadcast_to(batch.facts, passed.odds.shape)
    facts_loss, error = _logistic(passed.odds, wanted, batch.facts_weight)
    back = _through_summary(w, passed, error, drop, gradient)
    for layer in reversed(passed.steps):
        back = _through_layer(w, layer, back, gradient)
    back = back * (passed.step > 0)
    _matrix(gradient, "gather", passed.gathered, back)
    back = _times(back, w["gather"].T)
    steps, count, _ = back.shape
    back = back.reshape(steps, count, FRAMES, -1).transpose(0, 2, 1, 3).reshape(steps * FRAMES, count, -1)
    spoken_error = speech_error[..., None]
    _matrix(gradient, "speech", passed.spoken, spoken_error)
    for number, layer in reversed(list(enumerate(passed.layers))):
        if number + 1 == LAYER_FOR_SPEECH:
            back = back + spoken_error @ w["speech"].T
        back = _through_layer(w, layer, back, gradient)
    return speech_loss, facts_loss, gradient


def _through_summary(
    w: Mapping[str, Array], passed: _Passed, error: Array, drop: Array | float, gradient: Weights
) -> Array:
    """Return the slope on what the last layer heard, from that on the log-odds."""
    _matrix(gradient, "out", passed.hidden, error)
    back = (error @ w["out"].T) * (passed.before > 0)
    _matrix(gradient, "hidden", passed.summary, back)
    back = (back @ w["hidden"].T) * drop
    width = passed.known.shape[2]
    on_known = back[..., :width] / (1 + passed.known) ** 2
    on_last = back[..., width:]
    half = width // 2
    on_noticed = on_known[..., :half] / STEPS_PER_SECOND
    on_noticed = on_noticed[::-1].cumsum(axis=0)[::-1] * (passed.noticed > 0)
    on_kept = np.zeros_like(passed.kept)
    recordings, channels = np.meshgrid(*map(np.arange, passed.kept.shape[1:]), indexing="ij")
    np.add.at(on_kept, (passed.when, recordings[None], channels[None]), on_known[..., half:])
    on_kept *= passed.kept > 0
    for name, value in (("noticed", on_noticed), ("kept", on_kept)):
        _matrix(gradient, name, passed.last, value)
        on_last = on_last + _times(value, w[name].T)
    return on_last


def _through_layer(w: Mapping[str, Array], layer: _Layer, back: Array, gradient: Weights) -> Array:
    """Return the slope on a layer's input, from that on its output."""
    through, kernel = back * layer.mask, w[layer.name]
    time, slope, on_padded = len(back), np.empty_like(kernel), np.zeros_like(layer.padded)
    flat = through.reshape(-1, through.shape[2])
    for tap in range(KERNEL):
        seen = slice(tap * layer.dilation, tap * layer.dilation + time)
        slope[tap] = layer.padded[seen].reshape(-1, kernel.shape[1]).T @ flat
        if layer.is_added:
            on_padded[seen] += _times(through, kernel[tap].T)
    gradient[layer.name], gradient[f"{layer.name}_bias"] = slope, flat.sum(axis=0)
    return on_padded[(KERNEL - 1) * layer.dilation :] + back if layer.is_added else back


def _times(signal: Array, matrix: Array) -> Array:
    """Return the product over the last axis, as one product of two matrices."""
    return (signal.reshape(-1, signal.shape[-1]) @ matrix).reshape(*signal.shape[:-1], matrix.shape[-1])


def _matrix(gradient: Weights, name: str, inputs: Array, error: Array) -> None:
    flat = error.reshape(-1, error.shape[-1])
    gradient[name] = inputs.reshape(-1, inputs.shape[-1]).T @ flat
    gradient[f"{name}_bias"] = flat.sum(axis=0)


def _logistic(odds: Array, wanted: Array, weight: Array) -> tuple[float, Array]:
    total = float(weight.sum()) + 1e-6
    probability = 1 / (1 + np.exp(-odds))
    loss = np.logaddexp(0, odds) - wanted * odds
    return float((loss * weight).sum()) / total, ((probability - wanted) * weight / total).astype(np.float32)


class Adam:
    """Steps down the gradient, each weight at its own pace."""

    def __init__(self, weights: Weights, decay: float = 1e-4) -> None:
        self._first = {name: np.zeros_like(value) for name, value in weights.items()}
        self._second = {name: np.zeros_like(value) for name, value in weights.items()}
        self._steps = 0
        self._decay = decay

    def step(self, weights: Weights, gradient: Weights, rate: float) -> None:
        """Change the weights in place."""
        self._steps += 1
        norm = np.sqrt(sum(float((value**2).sum()) for value in gradient.values()))
        shrink = min(1.0, 1.0 / (norm + 1e-9))
        for name, value in weights.items():
            slope = gradient[name] * shrink
            self._first[name] += 0.1 * (slope - self._first[name])
            self._second[name] += 0.001 * (slope**2 - self._second[name])
            first = self._first[name] / (1 - 0.9**self._steps)
            second = self._second[name] / (1 - 0.999**self._steps)
            value -= rate * (first / (np.sqrt(second) + 1e-8) + self._decay * value)
