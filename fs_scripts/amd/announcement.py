"""Hears a voice say, before the answer, that the callee can't be reached: «абонент недоступен» without its tones."""

from fs_scripts.amd import model
from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.network import Listening
from fs_scripts.amd.spectrum import FRAMES

STEP_MS = FRAMES * FRAME_MS
PAUSE_MS = 1500
"""After so much quiet or ring-back, what follows is a new announcement."""
EARLIEST_MS, LONGEST_MS = 1500, 6000
"""Nothing is said sooner; a voice that is not sure by the second is a tune, an advertisement, somebody's greeting."""
STEPS = 4
"""So many times in a row the network must be sure."""


class Announcement:
    """A pure state machine; costs nothing while there is only ring-back or quiet."""

    def __init__(self, learnt: model.Model | None = None) -> None:
        """Take the model; by default the one in use, read when a voice is first heard."""
        self._learnt = learnt
        self._listening: Listening | None = None
        self._heard_ms = self._quiet_ms = self._sure = 0
        self._bar = 0.0

    def listens(self, *, is_something: bool) -> Listening | None:
        """Take whether the next FRAMES frames hold something (neither quiet nor a network's tone).

        Return what is to listen to them, None when they say nothing new.
        """
        self._quiet_ms = 0 if is_something else self._quiet_ms + STEP_MS
        if self._quiet_ms >= PAUSE_MS:
            self._listening = None
        if self._listening is None:
            if not is_something:
                return None
            learnt = self._learnt or model.load()
            self._listening, self._bar = Listening(learnt.network), learnt.bars.unreachable
            self._heard_ms = self._sure = 0
        if self._heard_ms >= LONGEST_MS:
            return None
        self._heard_ms += STEP_MS
        return self._listening

    def is_sure(self) -> bool:
        """Say, once the network has listened, whether it is sure for long enough that nobody can be reached."""
        assert self._listening is not None
        is_sure = self._listening.unreachable >= self._bar and self._heard_ms >= EARLIEST_MS
        self._sure = self._sure + 1 if is_sure else 0
        return self._sure >= STEPS
