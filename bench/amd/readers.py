"""Readers: what words tell, whoever says them. `python -m bench.amd.readers OUT.pt` teaches them; needs PyTorch.

Each is a small network that reads lines, word by word, and after each says how likely a machine goes on like that. It
reads all taught lines but a share of its own, in many versions. So of every recording there is one reader that can't
know its line by heart: what that makes of its words so far is what `bench.amd.pretrain` teaches the network to make of
their sound. A label alone would have it know from "hello" on who speaks, which can only be learnt by heart.
"""

import argparse
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from bench.amd import corpus, lessons, scenes, texts
from bench.amd.corpus import Item
from bench.amd.opinions import MEANING, UNREAD, Opinion

READERS = 3
KINDS = texts.PERSON + texts.MACHINE
PIECES = 1 << 15
"""Words are known by their pieces of 3 to 5 letters; so many are told apart."""
MOST_PIECES, MOST_WORDS = 24, 26
SIZE, MEMORY = 64, 160
RATE, BATCH, STEPS = 2e-3, 128, 1600
KINDS_WEIGHT = 0.3
BEFORE = 0.55
"""How likely a machine is before a word was said."""


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pieces = nn.EmbeddingBag(PIECES, SIZE, mode="mean")
        nn.init.normal_(self.pieces.weight, 0, 0.3)
        self.memory = nn.GRU(SIZE, MEMORY, batch_first=True)
        self.meaning, self.out = nn.Linear(2 * MEMORY, MEANING), nn.Linear(MEANING, 1 + len(KINDS))

    def forward(self, lines: Sequence[Sequence[str]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return after each word the log-odds of a machine and of each of KINDS, and the meaning."""
        known = {word: number for number, word in enumerate(dict.fromkeys(word for line in lines for word in line))}
        pieces = [_pieces(word) for word in known]
        begins = np.cumsum([0, *map(len, pieces[:-1])])
        words = self.pieces(torch.from_numpy(np.concatenate(pieces)), torch.from_numpy(begins))
        longest = max(map(len, lines))
        at = [[known[word] for word in line] + [0] * (longest - len(line)) for line in lines]
        signal = functional.dropout(words[torch.tensor(at)], 0.2, self.training)
        if self.training:  # a word that was not caught
            signal = signal * (torch.rand(signal.shape[:2])[..., None] > 0.08)
        now = self.memory(signal)[0]
        both = torch.cat([now, now.cummax(1).values], 2)
        meaning = functional.relu(self.meaning(functional.dropout(both, 0.4, self.training)))
        return self.out(functional.dropout(meaning, 0.2, self.training)), meaning


@cache
def _pieces(word: str) -> npt.NDArray[np.int64]:
    marked = f"<{word}>"
    parts = [marked, *(marked[at : at + size] for size in (3, 4, 5) for at in range(len(marked) - size + 1))]
    return np.array([zlib.crc32(part.encode()) % PIECES for part in parts[:MOST_PIECES]])


def _share(line: int) -> int:
    return line % READERS


def teach(number: int, steps: int = STEPS) -> Reader:
    """Return a reader that has read all taught lines but its own share; its weights are a mean of the last steps'."""
    torch.manual_seed(number)
    chance = np.random.default_rng(number)
    lines = {(language, kind): _lines(number, language, kind) for language in ("ru", "en") for kind in KINDS}
    weights = np.array([(kind not in UNREAD) * _weight(kind) for kind in KINDS])
    reader = Reader().train()
    mean = torch.optim.swa_utils.AveragedModel(reader, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    optimizer = torch.optim.AdamW(reader.parameters(), RATE, weight_decay=1e-3)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50, max(0.03, 2 * (1 - step / steps)))
        kinds = chance.choice(len(KINDS), BATCH, p=weights / weights.sum())
        read = [_version(chance, "ru" if chance.random() < 0.5 else "en", KINDS[kind], lines) for kind in kinds]
        odds, _ = reader(read)
        there = torch.tensor([[number < len(line) for number in range(odds.shape[1])] for line in read])
        kind = torch.from_numpy(kinds)[:, None].expand(odds.shape[:2])[there]
        is_machine = (kind >= len(texts.PERSON)).float()
        loss = functional.binary_cross_entropy_with_logits(odds[..., 0][there], is_machine)
        loss = loss + KINDS_WEIGHT * functional.cross_entropy(odds[..., 1:][there], kind)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        mean.update_parameters(reader)
        if step % 200 == 199:
            print(f"reader {number}, step {step + 1}: {float(loss.detach()):.3f}", flush=True)
    return mean.module.eval()


def _weight(kind: str) -> int:
    scene = scenes.SCENES[kind]
    return (scene.taught or scene.weight) + scene.drilled


def _lines(number: int, language: str, kind: str) -> list[str]:
    every = [line for part in corpus.TAUGHT for line in texts.of(part, language, kind)]
    return [line for line in dict.fromkeys(every) if _share(zlib.crc32(line.encode())) != number]


def _version(
    chance: np.random.Generator, language: str, kind: str, lines: Mapping[tuple[str, str], Sequence[str]]
) -> list[str]:
    its = lines[language, kind]
    read = texts.words(texts.filled(chance, "train", language, its[chance.integers(len(its))]))
    return read[:MOST_WORDS] or [texts.BORDER]


def opinions(readers: Sequence[Reader], items: Sequence[Item]) -> Mapping[str, Opinion]:
    """Return, by path, the opinion on each recording whose line and words are known, of who has not read the line."""
    found: dict[str, Opinion] = {}
    known = [(item, words) for item in items if item.line and (words := lessons.words_of(item)[:MOST_WORDS])]
    for number, reader in enumerate(readers):
        its = sorted((one for one in known if _share(one[0].line) == number), key=lambda one: len(one[1]))
        for start in range(0, len(its), 256):
            some = its[start : start + 256]
            read = [words for _, words in some]
            with torch.no_grad():
                machine = torch.sigmoid(reader(read)[0][..., 0]).numpy()
                meaning = readers[0](read)[1].numpy()  # of the same for all: each has a language of its own
            for (item, words), its_machine, its_meaning in zip(some, machine, meaning, strict=True):
                found[item.path] = Opinion(
                    np.concatenate([[BEFORE], its_machine[: len(words)]]).astype(np.float32),
                    np.concatenate([np.zeros((1, MEANING)), its_meaning[: len(words)]]).astype(np.float32),
                )
    return found


def load(path: Path) -> list[Reader]:
    """Return the readers in a file."""
    readers = [Reader().eval() for _ in range(READERS)]
    for reader, weights in zip(readers, torch.load(path), strict=True):
        reader.load_state_dict(weights)
    return readers


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.amd.readers", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    torch.save([teach(number, options.steps).state_dict() for number in range(READERS)], options.out)


if __name__ == "__main__":
    main()
