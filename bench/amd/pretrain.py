"""Teaches the network with PyTorch: `python -m bench.amd.pretrain OUT.npz`; the model that is shipped began like this.

What `bench.amd.learning` does in numpy, and one thing more: on its way to words the network is taught the sounds of
every sentence that is known (connectionist temporal classification), so that it hears words and not voices. Needs
`pip install torch`, which the product does not; `python -m bench.amd.train --from OUT.npz` makes the model of it.
"""

import argparse
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bench.amd import learning, phones, traces
from bench.amd.backprop import FACTS, Batch
from bench.amd.learning import LEARNT_FRAMES, Heard
from bench.amd.traces import Recording
from fs_scripts.amd.colours import INPUTS
from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.network import DILATIONS, KERNEL, LAYER_FOR_SPEECH, STEP_DILATIONS, STEPS_PER_SECOND
from fs_scripts.amd.spectrum import FRAMES

CHANNELS, WIDE, KNOWN, HIDDEN = 80, 128, 40, 48
BATCH = 32
RATE = 2e-3
SMOOTH = 0.03
SOUNDS_WEIGHT = 0.25
RARE = 50
"""A sound heard less often is not taught."""
LATER = 5
"""A sound may be recognised so many frames after it was said."""
AVERAGE = 0.998
EVENLY_FOR = 0.15
"""For so much of the time the sounds are also taught where they are when evenly spread over their sentence: without a
first idea of where they are, nothing is learnt from their order for long."""
VOWELS, VOWEL_LENGTH = "aeiouyAEIOUV@03Q", 1.6
SENTENCE = re.compile(r"(-?\d+)-(-?\d+):(.*)")


class Layer(nn.Module):
    """A causal convolution, its scale learnt apart so that it can be folded into it."""

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, KERNEL, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(outputs, momentum=0.02)
        self.past = (KERNEL - 1) * dilation

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.norm(self.conv(functional.pad(signal, (self.past, 0)))))

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        gain = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        kernel = self.conv.weight * gain[:, None, None]
        bias = self.norm.bias - self.norm.running_mean * gain
        return kernel.permute(2, 1, 0).detach().numpy(), bias.detach().numpy()


class Net(nn.Module):
    def __init__(self, sounds: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(Layer(CHANNELS if n else INPUTS, CHANNELS, d) for n, d in enumerate(DILATIONS))
        self.gather = nn.Linear(FRAMES * CHANNELS, WIDE, bias=False)
        self.gather_norm = nn.BatchNorm1d(WIDE, momentum=0.02)
        self.steps = nn.ModuleList(Layer(WIDE, WIDE, d) for d in STEP_DILATIONS)
        self.speech = nn.Linear(CHANNELS, 1)
        self.noticed, self.kept = nn.Linear(WIDE, KNOWN), nn.Linear(WIDE, KNOWN)
        self.hidden, self.out = nn.Linear(2 * KNOWN + WIDE, HIDDEN), nn.Linear(HIDDEN, FACTS)
        self.sounds = nn.Linear(CHANNELS, sounds + 1)

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Take (B, INPUTS, T); return the log-odds of speech (B, T), sounds (B, T, sounds), facts (B, steps, 2)."""
        signal, spoken = inputs, inputs
        for number, conv in enumerate(self.convs):
            made = conv(signal)
            signal = made + signal if number else made
            spoken = signal if number + 1 == LAYER_FOR_SPEECH else spoken
        speech = self.speech(spoken.transpose(1, 2))[..., 0]
        frames = signal.transpose(1, 2)
        sounds = self.sounds(frames)
        count, time_, _ = frames.shape
        gathered = frames.reshape(count, time_ // FRAMES, FRAMES * CHANNELS)
        gathered = functional.dropout(gathered, 0.1, self.training)
        step = functional.relu(self.gather_norm(self.gather(gathered).transpose(1, 2)))
        for layer in self.steps:
            step = step + functional.dropout1d(layer(step), 0.1, self.training)
        last = step.transpose(1, 2)
        noticed = functional.relu(self.noticed(last)).cumsum(1) / STEPS_PER_SECOND
        kept = functional.relu(self.kept(last)).cummax(1).values
        known = torch.cat([noticed, kept], 2)
        summary = functional.dropout(torch.cat([known / (1 + known), last], 2), 0.2, self.training)
        hidden = functional.relu(self.hidden(summary))
        return speech, sounds, self.out(functional.dropout(hidden, 0.1, self.training))

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights as `fs_scripts.amd.network` has them."""
        found: dict[str, np.ndarray] = {}
        for name, layers in (("conv", self.convs), ("step", self.steps)):
            for number, layer in enumerate(layers):
                found[f"{name}{number}"], found[f"{name}{number}_bias"] = layer.folded()
        norm = self.gather_norm
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        found["gather"] = (self.gather.weight * gain[:, None]).T.detach().numpy()
        found["gather_bias"] = (norm.bias - norm.running_mean * gain).detach().numpy()
        for name in ("speech", "noticed", "kept", "hidden", "out"):
            linear = getattr(self, name)
            found[name], found[f"{name}_bias"] = linear.weight.T.detach().numpy(), linear.bias.detach().numpy()
        return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


Sentence = tuple[float, float, list[int], list[float]]
"""Begin, end, sounds, and where each sound ends when they are evenly spread, 0 to 1."""


def alphabet(recordings: Sequence[Recording]) -> tuple[dict[str, int], dict[tuple[str, str], list[str]]]:
    """Return the number of every sound, from 1 on, and the sounds of every sentence."""
    spoken = {
        (found[3], one.item.language)
        for one in recordings
        for found in map(SENTENCE.fullmatch, one.item.said.split("|"))
        if found
    }
    said = {which: phones.of(*which) for which in spoken}
    counts = Counter(sound for sounds in said.values() for sound in sounds)
    names = sorted(sound for sound, count in counts.items() if count >= RARE)
    return {name: number for number, name in enumerate(names, 1)}, said


def sentences(recording: Recording, numbers: dict[str, int], said: dict[tuple[str, str], list[str]]) -> list[Sentence]:
    """Return begin and end of each known sentence, in frames, and its sounds."""
    made = []
    for found in map(SENTENCE.fullmatch, recording.item.said.split("|")):
        if found:
            names = [one for one in said[found[3], recording.item.language] if one in numbers]
            lengths = np.cumsum([VOWEL_LENGTH if one[0] in VOWELS else 1.0 for one in names])
            ends = (lengths / lengths[-1]).tolist() if names else []
            made.append((int(found[1]) / FRAME_MS, int(found[2]) / FRAME_MS, [numbers[one] for one in names], ends))
    return made


def sounds_loss(
    odds: torch.Tensor, heard: Sequence[Heard], said: Sequence[list[Sentence]], *, evenly: bool = False
) -> torch.Tensor:
    """Return how badly the sentences were heard; of one that is cut off, the part that is there counts."""
    pieces, targets, places = [], [], []
    for number, (one, its) in enumerate(zip(heard, said, strict=True)):
        for begin, end, sounds, ends in its:
            first, last = one.place(begin), one.place(end)
            there = min(1.0, (LEARNT_FRAMES - LATER - first) / (last - first))
            kept = sounds[: round(len(sounds) * there)]
            frames = slice(max(int(first), 0), min(int(first + (last - first) * there) + LATER, LEARNT_FRAMES))
            if there > 0.25 and kept and frames.stop - frames.start > 2 * len(kept) + 2:
                pieces.append(odds[number, frames].log_softmax(1))
                targets.append(torch.tensor(kept))
                at = (np.arange(frames.start, frames.stop) - LATER / 2 - first) / (last - first)
                places.append(torch.tensor(sounds)[np.minimum(np.searchsorted(ends, at), len(sounds) - 1)])
    if not pieces:
        return torch.zeros(())
    lengths, counts = torch.tensor([len(one) for one in pieces]), torch.tensor([len(one) for one in targets])
    padded = nn.utils.rnn.pad_sequence(pieces)
    loss = functional.ctc_loss(padded, torch.cat(targets), lengths, counts, zero_infinity=True)
    return loss + functional.nll_loss(torch.cat(pieces), torch.cat(places)) if evenly else loss


def losses(
    net: Net, made: Batch, heard: Sequence[Heard], said: Sequence[list[Sentence]], *, evenly: bool = False
) -> tuple[torch.Tensor, list[float]]:
    """Return the loss of a batch, and its parts."""
    with torch.autocast("cpu", torch.bfloat16, enabled=net.training):
        speech, sounds, odds = net(torch.from_numpy(made.inputs.transpose(1, 2, 0).copy()))
    speech, sounds, odds = speech.float(), sounds.float(), odds.float()
    speech_weight = torch.from_numpy(made.speech_weight.T.copy())
    spoken = torch.from_numpy(made.speech.T.copy())
    on_speech = functional.binary_cross_entropy_with_logits(speech, spoken, reduction="none")
    on_speech = (on_speech * speech_weight).sum() / (speech_weight.sum() + 1e-6)
    facts = torch.from_numpy(made.facts)[:, None].expand_as(odds)
    wanted = facts * (1 - 2 * SMOOTH) + SMOOTH
    weight = torch.from_numpy(made.facts_weight.transpose(1, 0, 2).copy())
    on_facts = functional.binary_cross_entropy_with_logits(odds, wanted, reduction="none")
    on_machine = (on_facts * weight).sum() / (weight[..., 0].sum() + 1e-6)
    on_sounds = sounds_loss(sounds, heard, said, evenly=evenly)
    parts = [float(one.detach()) for one in (on_speech, on_machine, on_sounds)]
    return on_speech + 2 * on_machine + SOUNDS_WEIGHT * on_sounds, parts


def learn(train: Sequence[Recording], validation: Sequence[Recording], options: argparse.Namespace) -> None:
    """Teach the network, writing its weights and what it takes to go on after each epoch."""
    torch.manual_seed(options.seed)
    chance = np.random.default_rng(options.seed)
    numbers, said = alphabet(train)
    known = [sentences(one, numbers, said) for one in train]
    print(f"{len(train)} recordings, {len(said)} sentences, {len(numbers)} sounds", flush=True)
    net = Net(len(numbers))
    if options.before:
        kept, mine = torch.load(options.before)["net"], net.state_dict()
        net.load_state_dict({n: v for n, v in kept.items() if v.shape == mine[n].shape}, strict=False)
    average = torch.optim.swa_utils.AveragedModel(net, avg_fn=_averaged, use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.01)
    began, per_epoch = time.monotonic(), len(train) // BATCH
    for epoch in range(options.epochs):
        net.train()
        order, sums = chance.permutation(len(train)), np.zeros(3)
        for number in range(per_epoch):
            done = max((epoch + number / per_epoch) / options.epochs, (time.monotonic() - began) / options.minutes / 60)
            rate = options.rate * min(1.0, (epoch * per_epoch + number + 1) / 200)
            for group in optimizer.param_groups:
                group["lr"] = rate * max(0.5 + 0.5 * np.cos(np.pi * min(done, 1)), 0.01)
            which = order[number * BATCH : (number + 1) * BATCH]
            made, heard = learning.batch([train[n] for n in which], chance)
            loss, parts = losses(net, made, heard, [known[n] for n in which], evenly=done < EVENLY_FOR)
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
        print(f"epoch {epoch + 1}: speech, facts, sounds {np.round(sums / per_epoch, 3)}; validation "
              f"{judged(best, validation)}; {time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
        if done >= 1:
            break


def _averaged(mean: torch.Tensor, new: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """Return the mean of the last few hundred steps' weights, which holds better for new voices than the last's."""
    return torch.lerp(new, mean, min(AVERAGE, float((1 + count) / (10 + count)))) if mean.is_floating_point() else new


def judged(net: Net, validation: Sequence[Recording]) -> str:
    """Return loss on the validation part and the area under the curve 1, 1.5, 2 and 3 s after the onset."""
    taught = [one for one in validation if one.item.category not in learning.UNTAUGHT | {"silent"}]
    odds, lost = [], []
    with torch.no_grad():
        for start in range(0, len(taught), 64):
            made, heard = learning.batch(taught[start : start + 64], None)
            lost.append(losses(net, made, heard, [[]] * len(heard))[1])
            odds.append(net(torch.from_numpy(made.inputs.transpose(1, 2, 0).copy()))[2][..., 0].numpy())
    all_odds = np.concatenate(odds)
    label = np.array([one.item.label != "human" for one in taught])
    areas = []
    for after_ms in (1000, 1500, 2000, 3000):
        at = np.array([(one.item.onset + after_ms) // (FRAMES * FRAME_MS) for one in taught])
        there = at < all_odds.shape[1]
        score, its = all_odds[np.flatnonzero(there), at[there]], label[there]
        rank = score.argsort().argsort() + 1
        machines = its.sum()
        below = rank[its].sum() - machines * (machines + 1) / 2
        areas.append(round(float(below / machines / (len(its) - machines)), 3))
    return f"{np.round(np.mean(lost, axis=0)[:2], 3)} areas {areas}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.amd.pretrain", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--before", type=Path, help="go on from this .pt")
    options = parser.parse_args()
    train, validation = traces.recordings("train"), traces.recordings("validation")
    learn(train, validation, options)


if __name__ == "__main__":
    main()
