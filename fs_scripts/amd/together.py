"""Feeds many calls' detectors at once: numpy takes the frames of all of them in one go."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fs_scripts.amd import colours, network, spectrum
from fs_scripts.amd.detector import FRAME_SAMPLES, Frame, Verdict
from fs_scripts.amd.network import Listening
from fs_scripts.amd.spectrum import FRAMES, Analyser, Sound


class Block:
    """A line's frames, of which FRAMES are heard together: one more step of what a call is judged by."""

    def __init__(self) -> None:
        self.analyser = Analyser()
        self.fed = 0
        """How many frames there were since the beginning."""
        self._pending = np.zeros((FRAMES, FRAME_SAMPLES), np.int16)

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        """Return the block that is full."""
        return self._pending.ravel()

    def take(self, frame: Frame) -> bool:
        """Take the next 20 ms (int16, 160 samples); True: the block is full and must be heard before the next."""
        self._pending[self.fed % FRAMES] = frame
        self.fed += 1
        return self.fed % FRAMES == 0


class Hearer(Protocol):
    """A pure state machine that judges what a call's line says, block by block."""

    @property
    def analyser(self) -> Analyser:
        """Return the line's own."""

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        """Return the block that is full."""

    @property
    def is_done(self) -> bool:
        """Say that it has decided and need not be fed any more."""

    def take(self, frame: Frame) -> bool:
        """Take the next 20 ms; True: a block is full."""

    def analysed(self, sounds: Sequence[Sound]) -> Listening | None:
        """Take what the block sounds like; return what is to listen to it, None when the network is not needed."""

    def understood(self, speech: Sequence[float]) -> None:
        """Take how likely each frame is speech; what the network makes of it is in its Listening."""


class Detector(Hearer, Protocol):
    """Says who answered: the same frames give the same verdict at the same frame, on any clock."""

    @property
    def verdict(self) -> Verdict | None:
        """Return who answered; None: not decided yet."""

    def give_up(self) -> Verdict:
        """Decide now: the longest wait is over."""

    def evidence(self) -> Mapping[str, Any]:
        """Return what led to the verdict, as JSON-ready values; kept with the attempt."""


def feed(calls: Sequence[tuple[Hearer, Iterable[Frame]]]) -> None:
    """Feed each call its frames in order, all calls side by side, until it is done or has none left.

    A call that is done takes no frame more.
    """
    left = [(hearer, iter(frames)) for hearer, frames in calls]
    while left:
        left = [(hearer, frames) for hearer, frames in left if not hearer.is_done and any(map(hearer.take, frames))]
        hear([hearer for hearer, _ in left])


def hear(full: Sequence[Hearer]) -> None:
    """Have each of these hear its full block."""
    if not full:
        return
    heard = spectrum.analyse([one.analyser for one in full], [one.samples for one in full])
    listens = [(one, its) for one, sounds in zip(full, heard, strict=True) if (its := one.analysed(sounds))]
    if not listens:
        return
    lines = [one.analyser for one, _ in listens]
    inputs = colours.inputs(
        np.concatenate([one.spectra for one in lines]),
        np.concatenate([one.levels_db for one in lines]),
        np.concatenate([one.voicing for one in lines]),
        list(chain.from_iterable(its.colours.references_db(one.analyser.levels_db) for one, its in listens)),
    )
    speech = network.hear([its for _, its in listens], inputs.reshape(len(listens), FRAMES, -1))
    for (one, _), likely in zip(listens, speech, strict=True):
        one.understood(likely)
