"""What the network is taught of each recording's words: the sound of every frame, the word that has just ended, and how
many were said by then.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench.amd import phones, texts
from bench.amd.corpus import Item
from bench.amd.traces import FRAME_COUNT, Recording
from fs_scripts.amd.colours import BANDS
from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.spectrum import FRAMES

RARE = 40
"""A sound or word in fewer recordings is not taught."""
STEM = 5
"""Words are alike that begin with the same letters."""
LATER = 4
"""A sound or word is to be recognised so many frames after it was said."""
AFTERWARDS = 25
"""A sentence's last word is the word that ended for so many frames."""
UNKNOWN = -1
SENTENCE = re.compile(r"(-?\d+)-(-?\d+):(.*)")


class Taught(NamedTuple):
    """The sound of each frame, and the word that ended before it, by number; and how many of `words_of` were said by
    then. All LATER than they were said.
    """

    sounds: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]
    said: npt.NDArray[np.int64]


class Names(NamedTuple):
    """The numbers of sounds and words; "" is 0, of words also any that is rare."""

    sounds: Mapping[str, int]
    words: Mapping[str, int]


def names(train: Sequence[Recording]) -> Names:
    """Return the sounds and words that are heard often enough."""
    said = [[sentence for *_, sentence in _sentences(one)] for one in train]
    return Names(
        _numbered(set().union(*(sentence.sounds for sentence in its)) for its in said),
        _numbered({_stem(word) for sentence in its for word in sentence.words} for its in said),
    )


def _numbered(found: Iterable[set[str]]) -> Mapping[str, int]:
    counts = Counter(chain.from_iterable(found))
    often = sorted(name for name, count in counts.items() if name and count >= RARE)
    return {"": 0} | {name: number for number, name in enumerate(often, 1)}


def _stem(word: str) -> str:
    return word.lower()[:STEM] if word.isalpha() else ""


def _sentences(recording: Recording) -> Iterator[tuple[int, int, phones.Spoken]]:
    """Yield first frame, frame after the last, and espeak-ng's version of each sentence that is known."""
    for first, after, text in _texts(recording.item):
        yield first, after, phones.spoken(text, recording.item.language)


def _texts(item: Item) -> Iterator[tuple[int, int, str]]:
    for found in map(SENTENCE.fullmatch, item.said.split("|")):
        if found:
            yield round(int(found[1]) / FRAME_MS), round(int(found[2]) / FRAME_MS), found[3]


def words_of(item: Item) -> list[str]:
    """Return the words that are said in a recording, a border between sentences."""
    return texts.words("|".join(text for *_, text in _texts(item)))


def taught(recording: Recording, known: Names) -> Taught:
    """Return what is heard when in a recording, UNKNOWN where nobody knows."""
    sounds, words = np.full(FRAME_COUNT, UNKNOWN), np.full(FRAME_COUNT, UNKNOWN)
    said, before = np.zeros(FRAME_COUNT, np.int64), 0
    for first, after, sentence in _sentences(recording):
        # of one that is cut off, as much counts as there is
        there = min(after, FRAME_COUNT)
        beginning = sentence.until(round(len(sentence.sounds) * (there - first) / (after - first)))
        its = len(texts.words(sentence.text))
        before += bool(before and its)
        if there - first > FRAMES and len(beginning.sounds) > FRAMES:
            places = phones.beside(recording.inputs[first:there, :BANDS].astype(np.float32), beginning)
            sounds[first:there] = [known.sounds.get(sentence.sounds[at], UNKNOWN) for at in places]
            stems = [known.words.get(_stem(word), 0) for word in sentence.words]
            words[first:there] = [stems[at - 1] if at else UNKNOWN for at in (sentence.at_word[at] for at in places)]
            words[there : there + AFTERWARDS] = stems[-1] if stems else UNKNOWN
            said[first:there] = [before + sentence.at_word[at] * its // max(len(stems), 1) for at in places]
        before += its
        said[after:] = before
    return Taught(*map(_later, (sounds, words, said), (UNKNOWN, UNKNOWN, 0)))


def _later(made: npt.NDArray[np.int64], until_then: int) -> npt.NDArray[np.int64]:
    return np.concatenate([np.full(LATER, until_then), made[:-LATER]])
