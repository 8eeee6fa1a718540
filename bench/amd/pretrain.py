"""Teaches the network with PyTorch: `python -m bench.amd.pretrain OUT.npz`; the model that is shipped began like this.

What `bench.amd.learning` does in numpy, and more: the network is also taught which sound it hears in every frame of the
sentences that are known, which word has just ended, and what readers (`bench.amd.readers`) think and understand of the
words so far, so that it goes by words and not by voices. Needs `pip install torch`, which the product does not;
`python -m bench.amd.train --start OUT.npz --epochs 0` makes the model of it.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from bench.amd import corpus, learning, lessons, opinions, readers, traces
from bench.amd.backprop import FACTS, Batch
from bench.amd.learning import Heard
from bench.amd.lessons import UNKNOWN, Taught
from bench.amd.opinions import MEANING, Opinion
from bench.amd.traces import Recording
from fs_scripts.amd.colours import INPUTS
from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.network import DILATIONS, KERNEL, LAYER_FOR_SPEECH, STEP_DILATIONS, STEPS_PER_SECOND
from fs_scripts.amd.spectrum import FRAMES

CHANNELS, WIDE, KNOWN, HIDDEN = 112, 224, 56, 64
BATCH = 32
RATE = 2e-3
SMOOTH = 0.03
SOUNDS_WEIGHT, WORDS_WEIGHT, MEANING_WEIGHT = 0.3, 0.15, 2.3
UNJUDGED = learning.UNTAUGHT | {"silent"}
AVERAGE = 0.998
DROP = 0.1
"""Forgetting less, it learns its own recordings by heart within twenty rounds."""


class Layer(nn.Module):
    """A causal convolution as one product of its taps, which is three times as fast in half floats."""

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.taps = nn.Linear(KERNEL * inputs, outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs, momentum=0.02)
        self.dilation = dilation

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        frames = signal.shape[1]
        padded = functional.pad(signal, (0, 0, (KERNEL - 1) * self.dilation, 0))
        shifted = [padded[:, tap * self.dilation : tap * self.dilation + frames] for tap in range(KERNEL)]
        return functional.relu(_normed(self.norm, self.taps(torch.cat(shifted, 2))))

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        matrix, bias = _folded(self.taps, self.norm)
        return matrix.reshape(KERNEL, -1, matrix.shape[1]), bias


def _normed(norm: nn.BatchNorm1d, signal: torch.Tensor) -> torch.Tensor:
    return norm(signal.flatten(0, 1)).view_as(signal)


def _folded(linear: nn.Linear, norm: nn.BatchNorm1d) -> tuple[np.ndarray, np.ndarray]:
    """Return matrix and bias of a product whose scale was learnt apart."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return (linear.weight * gain[:, None]).T.detach().numpy(), (norm.bias - norm.running_mean * gain).detach().numpy()


class Outputs(NamedTuple):
    """The log-odds of speech and of sounds a frame, of words and facts a step; and the meaning of the words so far."""

    speech: torch.Tensor
    sounds: torch.Tensor
    words: torch.Tensor
    facts: torch.Tensor
    meaning: torch.Tensor


class Net(nn.Module):
    def __init__(self, sounds: int, words: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(Layer(CHANNELS if n else INPUTS, CHANNELS, d) for n, d in enumerate(DILATIONS))
        self.gather = nn.Linear(FRAMES * CHANNELS, WIDE, bias=False)
        self.gather_norm = nn.BatchNorm1d(WIDE, momentum=0.02)
        self.steps = nn.ModuleList(Layer(WIDE, WIDE, d) for d in STEP_DILATIONS)
        self.speech = nn.Linear(CHANNELS, 1)
        self.noticed, self.kept = nn.Linear(WIDE, KNOWN), nn.Linear(WIDE, KNOWN)
        self.hidden, self.out = nn.Linear(2 * KNOWN + WIDE, HIDDEN), nn.Linear(HIDDEN, FACTS)
        self.sounds, self.words, self.meaning = (
            nn.Linear(CHANNELS, sounds),
            nn.Linear(WIDE, words),
            nn.Linear(WIDE, MEANING),
        )

    def forward(self, inputs: torch.Tensor) -> Outputs:
        """Take (B, T, INPUTS)."""
        signal, spoken = inputs, inputs
        for number, conv in enumerate(self.convs):
            made = conv(signal)
            signal = made + signal if number else made
            spoken = signal if number + 1 == LAYER_FOR_SPEECH else spoken
        count, time_, _ = signal.shape
        gathered = signal.reshape(count, time_ // FRAMES, FRAMES * CHANNELS)
        gathered = functional.dropout(gathered, DROP, self.training)
        step = functional.relu(_normed(self.gather_norm, self.gather(gathered)))
        for layer in self.steps:
            step = step + functional.dropout(layer(step), DROP, self.training)
        noticed = functional.relu(self.noticed(step)).float().cumsum(1) / STEPS_PER_SECOND
        kept = functional.relu(self.kept(step)).float().cummax(1).values
        known = torch.cat([noticed, kept], 2)
        summary = functional.dropout(torch.cat([known / (1 + known), step.float()], 2), 2 * DROP, self.training)
        hidden = functional.relu(self.hidden(summary))
        odds = self.out(functional.dropout(hidden, DROP, self.training))
        return Outputs(self.speech(spoken)[..., 0], self.sounds(signal), self.words(step), odds, self.meaning(step))

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights as `fs_scripts.amd.network` has them."""
        found: dict[str, np.ndarray] = {}
        for name, layers in (("conv", self.convs), ("step", self.steps)):
            for number, layer in enumerate(layers):
                found[f"{name}{number}"], found[f"{name}{number}_bias"] = layer.folded()
        found["gather"], found["gather_bias"] = _folded(self.gather, self.gather_norm)
        for name in ("speech", "noticed", "kept", "hidden", "out"):
            linear = getattr(self, name)
            found[name], found[f"{name}_bias"] = linear.weight.T.detach().numpy(), linear.bias.detach().numpy()
        return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


class Lesson(NamedTuple):
    """What is taught of a recording beside its label."""

    recording: Recording
    taught: Taught
    opinion: Opinion | None = None


def losses(net: Net, made: Batch, heard: Sequence[Heard], some: Sequence[Lesson]) -> tuple[torch.Tensor, list[float]]:
    """Return the loss of a batch, and its parts."""
    with torch.autocast("cpu", torch.bfloat16, enabled=net.training):
        speech, sounds, words, odds, meaning = net(torch.from_numpy(made.inputs.transpose(1, 0, 2).copy()))
    speech_weight = torch.from_numpy(made.speech_weight.T.copy())
    spoken = torch.from_numpy(made.speech.T.copy())
    on_speech = functional.binary_cross_entropy_with_logits(speech.float(), spoken, reduction="none")
    on_speech = (on_speech * speech_weight).sum() / (speech_weight.sum() + 1e-6)
    wanted = [
        opinions.wanted(its.recording.item, one, its.taught.said, its.opinion)
        for one, its in zip(heard, some, strict=True)
    ]
    machine, meant, is_meant = (torch.from_numpy(np.stack(one)) for one in zip(*wanted, strict=True))
    facts = torch.from_numpy(made.facts)[:, None].repeat(1, odds.shape[1], 1)
    facts[..., 0] = machine
    facts = facts * (1 - 2 * SMOOTH) + SMOOTH
    weight = torch.from_numpy(made.facts_weight.transpose(1, 0, 2).copy())
    on_facts = functional.binary_cross_entropy_with_logits(odds.float(), facts, reduction="none")
    on_machine = (on_facts * weight).sum() / (weight[..., 0].sum() + 1e-6)
    on_sounds = _named(sounds, [one.of(its.taught.sounds) for one, its in zip(heard, some, strict=True)])
    on_words = _named(
        words, [one.of(its.taught.words)[FRAMES - 1 :: FRAMES] for one, its in zip(heard, some, strict=True)]
    )
    on_meaning = ((meaning.float() - meant).square().mean(2) * is_meant).sum() / (is_meant.sum() + 1e-6)
    parts = [float(one.detach()) for one in (on_speech, on_machine, on_sounds, on_words, on_meaning)]
    asides = SOUNDS_WEIGHT * on_sounds + WORDS_WEIGHT * on_words + MEANING_WEIGHT * on_meaning
    return on_speech + 2 * on_machine + asides, parts


def _named(odds: torch.Tensor, wanted: Sequence[npt.NDArray[np.int64]]) -> torch.Tensor:
    return functional.cross_entropy(
        odds.float().flatten(0, 1), torch.from_numpy(np.concatenate(wanted)), ignore_index=UNKNOWN
    )


def learn(train: Sequence[Recording], validation: Sequence[Recording], options: argparse.Namespace) -> None:
    """Teach the network, writing its weights and what it takes to go on after each epoch."""
    began = time.monotonic()
    torch.manual_seed(options.seed)
    chance = np.random.default_rng(options.seed)
    names = lessons.names(train)
    read = readers.opinions(readers.load(options.readers), [one.item for one in train]) if options.readers else {}
    lesson = [Lesson(one, lessons.taught(one, names), read.get(one.item.path)) for one in train]
    judges = [Lesson(one, lessons.taught(one, names)) for one in validation if one.item.category not in UNJUDGED]
    print(f"{len(train)} recordings, {len(names.sounds)} sounds, {len(names.words)} words", flush=True)
    net = Net(len(names.sounds), len(names.words))
    if options.before:
        kept, mine = torch.load(options.before)["net"], net.state_dict()
        net.load_state_dict({n: v for n, v in kept.items() if v.shape == mine[n].shape}, strict=False)
    average = torch.optim.swa_utils.AveragedModel(net, avg_fn=_averaged, use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.01)
    per_epoch = len(train) // BATCH
    for epoch in range(options.epochs):
        net.train()
        order, sums = chance.permutation(len(train)), np.zeros(5)
        for number in range(per_epoch):
            done = max((epoch + number / per_epoch) / options.epochs, (time.monotonic() - began) / options.minutes / 60)
            rate = options.rate * min(1.0, (epoch * per_epoch + number + 1) / 200)
            for group in optimizer.param_groups:
                group["lr"] = rate * max(0.5 + 0.5 * np.cos(np.pi * min(done, 1)), 0.01)
            which = order[number * BATCH : (number + 1) * BATCH]
            made, heard = learning.batch([train[n] for n in which], chance)
            loss, parts = losses(net, made, heard, [lesson[n] for n in which])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimizer.step()
            average.update_parameters(net)
            sums += parts
            if done >= 1:
                break
        best = average.module.eval()
        np.savez(options.out, **best.weights())
        torch.save({"net": net.state_dict()}, options.out.with_suffix(".pt"))
        print(f"epoch {epoch + 1}: speech, facts, sounds, words, meaning {np.round(sums / per_epoch, 3)}; validation "
              f"{judged(best, judges)}; {time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
        if done >= 1:
            break


def _averaged(mean: torch.Tensor, new: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """Return the mean of the last few hundred steps' weights, which holds better for new voices than the last's."""
    return torch.lerp(new, mean, min(AVERAGE, float((1 + count) / (10 + count)))) if mean.is_floating_point() else new


def judged(net: Net, judges: Sequence[Lesson]) -> str:
    """Return the losses on the validation part and the area under the curve 1, 1.5, 2 and 3 s after the onset."""
    odds, lost = [], []
    with torch.no_grad():
        for start in range(0, len(judges), 64):
            some = judges[start : start + 64]
            made, heard = learning.batch([one.recording for one in some], None)
            lost.append(losses(net, made, heard, some)[1])
            odds.append(net(torch.from_numpy(made.inputs.transpose(1, 0, 2).copy())).facts[..., 0].numpy())
    all_odds = np.concatenate(odds)
    label = np.array([one.recording.item.label != "human" for one in judges])
    areas = []
    for after_ms in (1000, 1500, 2000, 3000):
        at = np.array([(one.recording.item.onset + after_ms) // (FRAMES * FRAME_MS) for one in judges])
        there = at < all_odds.shape[1]
        score, its = all_odds[np.flatnonzero(there), at[there]], label[there]
        rank = score.argsort().argsort() + 1
        machines = its.sum()
        below = rank[its].sum() - machines * (machines + 1) / 2
        areas.append(round(float(below / machines / (len(its) - machines)), 3))
    return f"{np.round(np.nanmean(lost, axis=0), 3)} areas {areas}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.amd.pretrain", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--before", type=Path, help="go on from this .pt")
    parser.add_argument("--readers", type=Path, help="what bench.amd.readers wrote")
    options = parser.parse_args()
    torch.set_num_threads(1)  # batches are small: a second one mostly waits for the first
    train = [one for part in corpus.TAUGHT for one in traces.recordings(part)]
    learn(train, traces.recordings("validation"), options)


if __name__ == "__main__":
    main()
