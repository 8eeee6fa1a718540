"""The sounds and words of a sentence and when each is heard: what the network is taught on its way to meaning.

espeak-ng says the sentence and tells when it says what. A recording of the same words by any voice is laid beside that,
faster here and slower there, so that both sound alike.
"""

import ctypes
import re
from functools import cache
from itertools import count as count_from
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soxr

from bench.amd import packages
from bench.amd.voices import RATE
from fs_scripts.amd.colours import BANDS, Colours
from fs_scripts.amd.detector import FRAME_MS, FRAME_SAMPLES
from fs_scripts.amd.spectrum import FRAMES, Analyser

SILENT = re.compile(r"[',;:=%|\-!?\s()]")
"""Stress, length and softness are no sounds of their own."""
PAUSE = "_"
RETRIEVAL, TELL_SOUNDS, TEXT, UTF8, WORD, SOUND = 2, 1, 0, 1, 1, 7
"""espeak-ng's numbers for what is asked of it."""
VOICES = {"ru": b"ru", "en": b"en-us", "es": b"es", "fr": b"fr", "de": b"de"}
LIBRARIES = ("libpcaudio.so.0", "libsonic.so.0", "libespeak-ng.so.1")
QUIET = -3.0
"""What is quieter than this against the loud frames of its band, in units of the inputs, is silence."""
UNEVEN = 0.05
"""What it costs to dwell a frame on one side only, in the same unit and a band."""

Array = npt.NDArray[np.float32]


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("position", ctypes.c_int), ("length", ctypes.c_int),
        ("ms", ctypes.c_int), ("sample", ctypes.c_int), ("user", ctypes.c_void_p), ("name", ctypes.c_char * 8),
    )  # fmt: skip


class Spoken(NamedTuple):
    """A sentence as espeak-ng says it, each a frame: the bands; the sound that is heard, "" between sounds; which of
    the words.
    """

    bands: Array
    sounds: list[str]
    at_word: list[int]
    words: list[str]
    text: str = ""

    def until(self, frame: int) -> "Spoken":
        """Return its beginning."""
        return Spoken(self.bands[:frame], self.sounds[:frame], self.at_word[:frame], self.words, self.text)


_HEARD = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    folder = packages.ROOT / "usr/lib/x86_64-linux-gnu"
    for name in LIBRARIES:
        library = ctypes.CDLL(str(folder / name), ctypes.RTLD_GLOBAL)
    rate = library.espeak_Initialize(RETRIEVAL, 0, str(folder).encode(), TELL_SOUNDS)
    if rate < 0:
        raise RuntimeError("espeak-ng found none of its data")
    return library, rate


@cache
def spoken(text: str, language: str) -> Spoken:
    """Return a sentence as espeak-ng says it, without silence at its ends."""
    library, rate = _library()
    pieces: list[Array] = []
    begins: list[tuple[int, str]] = []
    word_begins: list[int] = []
    words: list[str] = []

    def heard(samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
        if samples and count:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float32) / 32768)
        for event in takewhile(lambda event: event.type, (events[number] for number in count_from(0))):
            if event.type == WORD:
                word_begins.append(event.ms)
                words.append(text[event.position - 1 : event.position - 1 + event.length])
            elif event.type == SOUND and (name := SILENT.sub("", event.name.decode(errors="ignore"))):
                begins.append((event.ms, "" if name.startswith(PAUSE) else name))
        return 0

    callback = _HEARD(heard)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetVoiceByName(VOICES[language])
    said = text.encode()
    library.espeak_Synth(said, len(said) + 1, 0, TEXT, 0, UTF8, None, None)
    library.espeak_Synchronize()
    samples = soxr.resample(np.concatenate(pieces), rate, RATE)
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max(initial=1e-6))
    first, last = int(loud[0]), int(loud[-1]) + 1
    bands = _bands(samples[first:last])
    middles = (np.arange(len(bands)) + 0.5) * FRAME_MS + first * 1000 / RATE
    at = np.searchsorted([ms for ms, _ in begins], middles, side="right") - 1
    at_word = np.maximum(np.searchsorted(word_begins, middles, side="right") - 1, 0)
    return Spoken(bands, [begins[number][1] if number >= 0 else "" for number in at], at_word.tolist(), words, text)


def _bands(samples: Array) -> Array:
    frames = -(-len(samples) // FRAME_SAMPLES)
    whole = np.zeros(-(-frames // FRAMES) * FRAMES * FRAME_SAMPLES, np.int16)
    whole[: len(samples)] = np.clip(samples, -1, 1) * 32767 * 0.5
    analyser = Analyser()
    analyser.analyse(whole)
    return Colours().of(analyser.spectra, analyser.levels_db, analyser.voicing)[:frames, :BANDS]


def beside(bands: Array, sentence: Spoken) -> list[int]:
    """Return for each frame of a recording of the sentence which of the sentence's own frames it is."""
    recorded, known = _against_loud(bands), _against_loud(sentence.bands)
    floor = np.maximum(np.quantile(recorded, 0.05, axis=0), QUIET)
    distance = np.abs(np.maximum(recorded, floor)[:, None] - np.maximum(known, floor)[None]).mean(axis=2)
    return _path(distance)


def _against_loud(bands: Array) -> Array:
    return bands - np.quantile(bands, 0.9, axis=0)


def _path(distance: Array) -> list[int]:
    """Return for each row the column of the cheapest way from the first corner to the last."""
    rows, columns = distance.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    for corner in range(rows + columns - 1):  # cells on one slant depend only on those before
        row = np.arange(max(0, corner - columns + 1), min(rows, corner + 1))
        column = corner - row
        before = np.minimum(total[row, column], np.minimum(total[row, column + 1], total[row + 1, column]) + UNEVEN)
        total[row + 1, column + 1] = before + distance[row, column]
    found = [0] * rows
    row, column = rows, columns
    while row and column:
        found[row - 1] = column - 1
        straight, up, left = total[row - 1, column - 1], total[row - 1, column], total[row, column - 1]
        if straight <= min(up, left) + UNEVEN:
            row, column = row - 1, column - 1
        elif up <= left:
            row -= 1
        else:
            column -= 1
    return found
