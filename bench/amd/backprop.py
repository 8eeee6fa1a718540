"""Trains the network of `fs_scripts.amd.network` by hand-written back-propagation: numpy alone is enough for its size.

Arrays are (time, recordings, channels): a shift in time is then a plain slice, and a layer is three products.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fs_scripts.amd.network import DILATIONS, KERNEL, LAYER_FOR_SPEECH, PER_SECOND
from fs_scripts.amd.spectrum import FRAMES

Array = npt.NDArray[np.float32]
Weights = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Batch:
    """inputs (T, B, inputs). speech and its weight (T, B); is_machine (B,) and its weight (T / FRAMES, B)."""

    inputs: Array
    speech: Array
    speech_weight: Array
    is_machine: Array
    machine_weight: Array


def start(inputs: int, chance: np.random.Generator, channels: int = 32, known: int = 24, hidden: int = 32) -> Weights:
    """Return fresh weights."""

    def matrix(rows: int, columns: int, gain: float = 2.0) -> Array:
        return chance.normal(0, np.sqrt(gain / rows), (rows, columns)).astype(np.float32)

    weights: Weights = {}
    for number in range(len(DILATIONS)):
        width = inputs if number == 0 else channels
        weights[f"conv{number}"] = np.stack([matrix(width, channels, 1.0 / KERNEL) for _ in range(KERNEL)])
        weights[f"conv{number}_bias"] = np.zeros(channels, np.float32)
    for name, rows, columns in (
        ("speech", channels, 1), ("noticed", channels, known), ("kept", channels, known),
        ("hidden", 2 * known + channels, hidden), ("out", hidden, 1),
    ):  # fmt: skip
        weights[name] = matrix(rows, columns, 0.5)
        weights[f"{name}_bias"] = np.zeros(columns, np.float32)
    return weights


@dataclass(frozen=True, slots=True)
class _Passed:
    """What a pass through the network leaves for the way back."""

    signals: list[Array]
    masks: list[npt.NDArray[np.bool_]]
    speech_odds: Array
    noticed: Array
    kept: Array
    steps: npt.NDArray[np.int64]
    when: npt.NDArray[np.int64]
    known: Array
    summary: Array
    before: Array
    hidden: Array
    odds: Array


def heard(w: Mapping[str, Array], inputs: Array) -> tuple[Array, Array]:
    """Return the log-odds of speech (T, B) and of a machine (T / FRAMES, B)."""
    passed = _forward(w, inputs, 1.0)
    return passed.speech_odds, passed.odds


def _forward(w: Mapping[str, Array], inputs: Array, drop: Array | float) -> _Passed:
    signals, masks = [inputs], []
    time = len(inputs)
    for number, dilation in enumerate(DILATIONS):
        signal = signals[-1]
        padded = np.concatenate([np.zeros(((KERNEL - 1) * dilation, *signal.shape[1:]), np.float32), signal])
        made = _times(padded[:time], w[f"conv{number}"][0]) + w[f"conv{number}_bias"]
        for tap in range(1, KERNEL):
            made += _times(padded[tap * dilation : tap * dilation + time], w[f"conv{number}"][tap])
        masks.append(made > 0)
        made *= masks[-1]
        signals.append(made + signal if number else made)
    spoken = signals[LAYER_FOR_SPEECH]
    speech_odds = (spoken @ w["speech"] + w["speech_bias"])[..., 0]
    last = signals[-1]
    noticed = np.maximum(_times(last, w["noticed"]) + w["noticed_bias"], 0)
    kept = np.maximum(_times(last, w["kept"]) + w["kept_bias"], 0)
    steps = np.arange(FRAMES - 1, time, FRAMES)
    sums = noticed.cumsum(axis=0)[steps] / PER_SECOND
    highest = np.maximum.accumulate(kept, axis=0)
    since = np.where(kept >= highest, np.arange(time)[:, None, None], 0)
    when = np.maximum.accumulate(since, axis=0)[steps]
    known = np.concatenate([sums, highest[steps]], axis=2)
    summary = np.asarray(np.concatenate([known / (1 + known), last[steps]], axis=2) * drop, last.dtype)
    before: Array = summary @ w["hidden"] + w["hidden_bias"]
    hidden = np.maximum(before, 0)
    odds = (hidden @ w["out"] + w["out_bias"])[..., 0]
    return _Passed(signals, masks, speech_odds, noticed, kept, steps, when, known, summary, before, hidden, odds)


def losses(w: Mapping[str, Array], batch: Batch, drop: Array | float = 1.0) -> tuple[float, float, Weights]:
    """Return the loss on speech and on machines, and the gradients of their sum.

    drop: what the summary is multiplied with, to forget parts of it while learning.
    """
    gradient: Weights = {}
    passed = _forward(w, batch.inputs, drop)
    time, count, _ = batch.inputs.shape
    signals, masks, noticed, kept = passed.signals, passed.masks, passed.noticed, passed.kept
    last, spoken, odds = signals[-1], signals[LAYER_FOR_SPEECH], passed.odds
    speech_loss, speech_error = _logistic(passed.speech_odds, batch.speech, batch.speech_weight)
    machine_loss, error = _logistic(odds, np.broadcast_to(batch.is_machine, odds.shape), batch.machine_weight)

    error = error[..., None]
    _matrix(gradient, "out", passed.hidden, error)
    back = (error @ w["out"].T) * (passed.before > 0)
    _matrix(gradient, "hidden", passed.summary, back)
    back = (back @ w["hidden"].T) * drop
    width = passed.known.shape[2]
    on_known = back[..., :width] / (1 + passed.known) ** 2
    on_last = np.zeros_like(last)
    on_last[passed.steps] += back[..., width:]
    half = width // 2
    on_noticed = np.zeros_like(noticed)
    on_noticed[passed.steps] = on_known[..., :half] / PER_SECOND
    on_noticed = on_noticed[::-1].cumsum(axis=0)[::-1] * (noticed > 0)
    on_kept = np.zeros_like(kept)
    recordings, channels = np.meshgrid(np.arange(count), np.arange(kept.shape[2]), indexing="ij")
    np.add.at(on_kept, (passed.when, recordings[None], channels[None]), on_known[..., half:])
    on_kept *= kept > 0
    for name, value in (("noticed", on_noticed), ("kept", on_kept)):
        _matrix(gradient, name, last, value)
        on_last += _times(value, w[name].T)

    spoken_error = speech_error[..., None]
    _matrix(gradient, "speech", spoken, spoken_error)
    back = on_last
    for number in reversed(range(len(DILATIONS))):
        if number + 1 == LAYER_FOR_SPEECH:
            back = back + spoken_error @ w["speech"].T
        dilation, signal = DILATIONS[number], signals[number]
        padded = np.concatenate([np.zeros(((KERNEL - 1) * dilation, *signal.shape[1:]), np.float32), signal])
        through = back * masks[number]
        kernel = np.empty_like(w[f"conv{number}"])
        on_padded = np.zeros_like(padded)
        flat = through.reshape(-1, through.shape[2])
        for tap in range(KERNEL):
            seen = slice(tap * dilation, tap * dilation + time)
            kernel[tap] = padded[seen].reshape(-1, signal.shape[2]).T @ flat
            if number:
                on_padded[seen] += _times(through, w[f"conv{number}"][tap].T)
        gradient[f"conv{number}"], gradient[f"conv{number}_bias"] = kernel, flat.sum(axis=0)
        if number:
            back = on_padded[(KERNEL - 1) * dilation :] + back
    return speech_loss, machine_loss, gradient


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
