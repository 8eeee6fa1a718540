"""Teaches the network on the train part, each time with other pitches, handsets and speeds than before."""

import re
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench.amd import backprop, mixing
from bench.amd.backprop import Array, Batch, Weights
from bench.amd.corpus import Item
from bench.amd.traces import FRAME_COUNT, Recording
from fs_scripts.amd.colours import BANDS, HIGHEST, INPUTS, LOWEST
from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.spectrum import FRAMES

BATCH = 32
RATE = 3e-3
UNTAUGHT = frozenset({"beep", "sit", "busy", "fax", "digits"})
"""Tones decide by themselves."""
KNOWING_MS = 1500
"""Before so much was said nobody could tell: it weighs less."""
AFTERWARDS_MS = 1200
"""So long after a person's utterance a decision has long been made: what follows weighs little."""
DROP = 0.15
LEARNT_FRAMES = 200
"""Of a recording's frames so many are learnt from: no call is listened to for longer than 4 s."""
MISSED, LONG_MS, MISSED_MS = 0.25, 2000, 1200
"""So often a long greeting is heard from up to so much later on."""
UNREACHABLE_WEIGHT = 1.0
UNREACHABLE = re.compile(
    r"недоступ|не доступ|вне (зоны|сети|действия)|выключен|не обслужив|не ?существ|неправильно|неверн|заблокирован"
    r"|закрыт|невозможн|отключ|не зарегистрирован|не подключ|не может быть|не можете звонить|не принимаются"
    r"|unavailable|not available|not reachable|cannot be reached|switched off|turned off|powered off|wrong number"
    r"|out of (coverage|service|range|reach)|outside the|not in (service|use)|not a working|restricted|disconnected"
    r"|(cannot|could not|can't|cannot) (be completed|complete)|not go through|not exist|valid|not recognized"
)
WAITS = re.compile(
    r"остав|запис|говорите|сигнал|гудк|почт|ждит|ожида|дожид|подожд|не кладите|линии|соединя"
    r"|leave|record|tone|beep|mail|hold|wait|stay|remain|hang on|on another|enjoy|connect you"
)
"""Announcements after which somebody may still answer, or record."""


def is_unreachable(item: Item) -> bool | None:
    """Say whether it announces that the callee can't be reached; None: it may be taken so, or not."""
    if item.category != "carrier":
        return None if item.category == "sit" else False
    said = item.said.lower()
    return None if WAITS.search(said) or not UNREACHABLE.search(said) else True


class Heard(NamedTuple):
    """A recording's inputs and speech as they are learnt: from frame `cut` on, `stretch` times as long."""

    inputs: Array
    speech: Array
    cut: int = 0
    stretch: float = 1.0

    def place(self, frame: float) -> float:
        """Return where a frame of the recording is now."""
        return (frame - self.cut) * self.stretch

    def of(self, frames: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return what is known of the recording's frames for those that are learnt."""
        return frames[_source(self.cut, self.stretch)]


def _source(cut: int, stretch: float) -> npt.NDArray[np.int64]:
    return np.minimum(cut + (np.arange(LEARNT_FRAMES) / stretch).astype(int), FRAME_COUNT - 1)


def batch(some: Sequence[Recording], chance: np.random.Generator | None) -> tuple[Batch, list[Heard]]:
    """Return the recordings as a batch; with `chance` they sound a little different each time."""
    known = [_plain(one) if chance is None else _different(chance, one, some) for one in some]
    speech_weight, weight = [], []
    for recording, heard in zip(some, known, strict=True):
        item = recording.item
        begins, ends = heard.place(item.onset / FRAME_MS), heard.place(item.greeting_end / FRAME_MS)
        steps = np.arange(FRAMES - 1, LEARNT_FRAMES, FRAMES)
        matters = (steps > begins + 5) * np.clip((steps - begins) / (KNOWING_MS // FRAME_MS), 0.3, 1).astype(np.float32)
        if item.label == "human":
            matters[steps > ends + AFTERWARDS_MS // FRAME_MS] = 0.2
        matters[steps >= heard.place(FRAME_COUNT)] = 0
        is_taught = item.category not in UNTAUGHT
        speech_weight.append(np.full(LEARNT_FRAMES, float(is_taught), np.float32))
        matters *= is_taught * 20 / max(matters.sum(), 8)
        weight.append(matters[:, None] * (1.0, UNREACHABLE_WEIGHT * (is_unreachable(item) is not None)))
    facts = [(item.label != "human", bool(is_unreachable(item))) for item in (one.item for one in some)]
    made = Batch(
        np.stack([heard.inputs for heard in known], axis=1),
        np.stack([heard.speech for heard in known], axis=1),
        np.stack(speech_weight, axis=1),
        np.array(facts, np.float32),
        np.stack(weight, axis=1).astype(np.float32),
    )
    return made, known


def _plain(recording: Recording) -> Heard:
    speech = recording.item.is_speech(FRAME_COUNT)[:LEARNT_FRAMES].astype(np.float32)
    return Heard(recording.inputs[:LEARNT_FRAMES].astype(np.float32), speech)


def _beginning(chance: np.random.Generator, item: Item) -> int:
    """Return the frame to begin at: at times what was said first is missing, so that a phrase counts wherever it is."""
    onset = item.onset // FRAME_MS
    if item.greeting_end - item.onset > LONG_MS and chance.random() < MISSED:
        return int(onset + chance.integers(MISSED_MS // FRAME_MS))
    return int(chance.integers(max(onset - 3, 0) + 1)) if chance.random() < 0.5 else 0


def _different(chance: np.random.Generator, recording: Recording, others: Sequence[Recording]) -> Heard:
    """Return the same words from a longer or shorter throat, another handset and room, earlier or later, slower."""
    stretch = float(chance.uniform(0.86, 1.18))
    cut = _beginning(chance, recording.item)
    at = _source(cut, stretch)
    heard = mixing.beside(chance, mixing.loud(recording).at(at), mixing.speech_db(recording), others)
    made = heard.inputs()
    speech = recording.item.is_speech(FRAME_COUNT)[at].astype(np.float32)
    place = np.clip(np.arange(BANDS) * chance.uniform(0.88, 1.12) + chance.uniform(-0.7, 0.7), 0, BANDS - 1)
    low = np.minimum(place.astype(int), BANDS - 2)
    part = (place - low).astype(np.float32)
    bands = made[:, low] * (1 - part) + made[:, low + 1] * part
    bands += np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, 5), chance.normal(0, 0.3, 5)).astype(np.float32)
    made = np.concatenate([bands, made[:, BANDS:]], axis=1)
    made += chance.normal(0, 0.08, made.shape).astype(np.float32)
    made[:, BANDS + 1] *= chance.uniform(0.8, 1.15)
    if chance.random() < 0.4:
        hole = chance.integers(BANDS - 4)
        made[:, hole : hole + chance.integers(1, 5)] = -2
    if chance.random() < 0.4:
        lost = chance.integers(LEARNT_FRAMES - 8)
        made[lost : lost + chance.integers(2, 8)] = made[lost - 1] if lost else LOWEST
    return Heard(np.clip(made, LOWEST, HIGHEST), speech, cut, stretch)


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
            lost, missed, gradient = backprop.losses(weights, batch(some, chance)[0], drop.astype(np.float32))
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
