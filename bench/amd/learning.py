"""Teaches the network on the train part, each time with other pitches, handsets and speeds than before."""

import time
from collections.abc import Iterator, Sequence

import numpy as np

from bench.amd import backprop
from bench.amd.backprop import Array, Batch, Weights
from bench.amd.traces import FRAME_COUNT, Recording
from fs_scripts.amd.colours import BANDS, INPUTS
from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.spectrum import FRAMES

BATCH = 32
RATE = 3e-3
UNTAUGHT = frozenset({"beep", "sit", "busy", "fax", "digits"})
"""Tones decide by themselves."""
AFTERWARDS_MS = 1200
"""So long after a person's utterance a decision has long been made: what follows weighs little."""
DROP = 0.15


def batch(some: Sequence[Recording], chance: np.random.Generator | None) -> Batch:
    """Return the recordings as a batch; with `chance` they sound a little different each time."""
    inputs, speech, weight, machine_weight = [], [], [], []
    for recording in some:
        item = recording.item
        heard, spoken = recording.inputs, item.is_speech(FRAME_COUNT).astype(np.float32)
        begins, ends = item.onset // FRAME_MS, item.greeting_end // FRAME_MS
        if chance is not None:
            heard, spoken, stretch = _different(chance, heard, spoken)
            begins, ends = int(begins * stretch), int(ends * stretch)
        steps = np.arange(FRAMES - 1, FRAME_COUNT, FRAMES)
        matters = (steps > begins + 5).astype(np.float32)
        if item.label == "human":
            matters[steps > ends + AFTERWARDS_MS // FRAME_MS] = 0.2
        inputs.append(heard)
        speech.append(spoken)
        weight.append(np.full(FRAME_COUNT, float(item.category not in UNTAUGHT), np.float32))
        machine_weight.append(matters * (item.category not in UNTAUGHT) * 20 / max(matters.sum(), 8))
    is_machine = np.array([recording.item.label != "human" for recording in some], np.float32)
    return Batch(np.stack(inputs, axis=1), np.stack(speech, axis=1), np.stack(weight, axis=1), is_machine,
                 np.stack(machine_weight, axis=1).astype(np.float32))  # fmt: skip


def _different(chance: np.random.Generator, heard: Array, spoken: Array) -> tuple[Array, Array, float]:
    """Return inputs and speech of the same words from a longer or shorter throat, another handset, faster or slower."""
    stretch = float(chance.uniform(0.88, 1.14))
    at = np.minimum((np.arange(FRAME_COUNT) / stretch).astype(int), FRAME_COUNT - 1)
    made, spoken = heard[at], spoken[at]
    place = np.clip(np.arange(BANDS) * chance.uniform(0.9, 1.1) + chance.uniform(-0.6, 0.6), 0, BANDS - 1)
    low = np.minimum(place.astype(int), BANDS - 2)
    part = (place - low).astype(np.float32)
    bands = made[:, low] * (1 - part) + made[:, low + 1] * part
    bend = np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, 5), chance.normal(0, 0.25, 5)).astype(np.float32)
    made = np.concatenate([np.clip(bands + bend, -5, 1.5), made[:, BANDS:]], axis=1)
    made += chance.normal(0, 0.08, made.shape).astype(np.float32)
    if chance.random() < 0.3:
        hole = chance.integers(BANDS - 4)
        made[:, hole : hole + chance.integers(1, 5)] = -2
    return made, spoken, stretch


def learn(
    train: Sequence[Recording], epochs: int, seed: int = 1, most_s: float = 3600, before: Weights | None = None
) -> Weights:
    """Return the weights after so many epochs, or what fits into `most_s` seconds. before: to go on from."""
    chance = np.random.default_rng(seed)
    weights = {name: value.copy() for name, value in before.items()} if before else backprop.start(INPUTS, chance)
    adam = backprop.Adam(weights)
    began = time.monotonic()
    all_steps, step = epochs * (len(train) // BATCH), 0
    for epoch in range(epochs):
        speech_loss = machine_loss = 0.0
        for some in _shuffled(chance, train):
            done = max(step / all_steps, (time.monotonic() - began) / most_s)
            if done >= 1:
                return weights
            rate = RATE * min(1.0, (step + 1) / 50) * float(0.5 + 0.5 * np.cos(np.pi * done))
            drop = (chance.random(2 * weights["noticed"].shape[1] + weights["noticed"].shape[0]) > DROP) / (1 - DROP)
            lost, missed, gradient = backprop.losses(weights, batch(some, chance), drop.astype(np.float32))
            adam.step(weights, gradient, rate)
            speech_loss, machine_loss, step = speech_loss + lost, machine_loss + missed, step + 1
        count = len(train) // BATCH
        print(f"epoch {epoch + 1}: speech {speech_loss / count:.3f}, machine {machine_loss / count:.3f}, "
              f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
    return weights


def _shuffled(chance: np.random.Generator, train: Sequence[Recording]) -> Iterator[list[Recording]]:
    order = chance.permutation(len(train))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        yield [train[number] for number in order[start : start + BATCH]]
