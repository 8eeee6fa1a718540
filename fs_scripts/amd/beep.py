"""Hears the beep after which a machine records, and when it ended: one steady tone with silence or noise around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.loudness import Loudness
from fs_scripts.amd.spectrum import Sound

LOWEST_HZ, HIGHEST_HZ = 433.0, 2060.0
"""440 to 2000 Hz with what a machine's clock is off; 425 Hz, the network's own tone, stays out."""
SHORTEST_MS, LONGEST_MS = 130, 1260
"""150 to 1200 ms, give or take a frame."""
QUIETEST_DB = 28.0
SHARE = 0.5
"""A frame's least share of energy in the tone: what noise of the same strength leaves."""
SECOND = 0.14
"""The second strongest tone is weaker than this part of it: overtones of a voice, a key or a chord are stronger."""
STEADY_HZ = 14.0
SPREAD_HZ = 6.0
"""Half of a beep's frames lie within this; a voice glides."""
SPREAD_DB = 3.0
"""So steady is a beep's level; a voice and a plucked string swell and fade."""
RISE_DB = 6.0
"""Before and after, the tone's place in the spectrum is so much emptier."""
GAP_FRAMES = 4
"""The tone is over when it was away for so long: two lost packets are not its end."""
ALONE_FRAMES = 30
"""No other tone so shortly before: notes of a tune and the parts of a network's signal come in rows."""
NOTE_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Beep:
    """Times in ms of the audio fed so far."""

    start_ms: int
    end_ms: int
    hz: float


class BeepDetector:
    """A pure state machine for the time after a machine was recognised; it may be fed for as long as one likes.

    A beep is reported once, 80 to 100 ms after its end.
    """

    def __init__(self) -> None:
        self._loudness = Loudness()
        self._frames = 0
        self._run: list[Sound] = []
        self._started = 0
        self._gap: list[Sound] = []
        self._before: list[Sound] = []
        self._before_run: list[Sound] = []
        self._last_other_tone = -ALONE_FRAMES

    @property
    def silence_ms(self) -> int:
        """Return how long nobody has spoken, for machines that record without a beep."""
        return self._loudness.silence_ms

    def hear(self, sound: Sound) -> Beep | None:
        """Take the next frame; return the beep that has just ended."""
        self._frames += 1
        beep = self._follow(sound)
        self._loudness.hear(sound, is_signal=bool(self._run))
        self._before = [*self._before[-2:], sound]
        return beep

    def _follow(self, sound: Sound) -> Beep | None:
        is_tone = sound.level_db > QUIETEST_DB and sound.share > SHARE and sound.share_2 < SECOND * sound.share
        if is_tone and self._run and abs(sound.hz - median(one.hz for one in self._run[-5:])) <= STEADY_HZ:
            self._run += [*self._gap, sound]
            self._gap = []
            return None
        beep = None
        if self._run:
            self._gap.append(sound)
            if is_tone and len(self._gap) >= 2:
                self._close()
            elif len(self._gap) >= GAP_FRAMES:
                beep = self._judged()
                self._close()
        if is_tone and not self._run:
            self._run, self._started, self._gap, self._before_run = [sound], self._frames, [], self._before
        return beep

    def _close(self) -> None:
        if len(self._run) >= NOTE_FRAMES:
            self._last_other_tone = self._frames - len(self._gap)
        self._run, self._gap = [], []

    def _judged(self) -> Beep | None:
        hz = median(one.hz for one in self._run)
        length_ms = len(self._run) * FRAME_MS
        level = median(one.level_db for one in self._run)
        if not (LOWEST_HZ <= hz <= HIGHEST_HZ and SHORTEST_MS <= length_ms <= LONGEST_MS):
            return None
        if self._started - self._last_other_tone < ALONE_FRAMES or not _is_steady(self._run[1:-1]):
            return None
        if not (_is_away(self._before_run[:-1], hz, level) and _is_away(self._gap[2:], hz, level)):
            return None
        start_ms = (self._started - 1) * FRAME_MS
        return Beep(start_ms, start_ms + length_ms, round(hz, 1))


def _is_steady(run: Sequence[Sound]) -> bool:
    """Say whether tone and level stay where they are, but for a lost packet's frames."""
    cut = len(run) // 4
    pitches = sorted(one.hz for one in run)
    levels = sorted(one.level_db for one in run)
    inner = slice(cut, len(run) - cut)
    return pitches[inner][-1] - pitches[inner][0] <= SPREAD_HZ and levels[inner][-1] - levels[inner][0] <= SPREAD_DB


def _is_away(frames: Sequence[Sound], hz: float, level_db: float) -> bool:
    """Say whether the tone is not, or hardly, in these frames."""
    return all(one.level_db < level_db - RISE_DB or abs(one.hz - hz) > 2 * STEADY_HZ for one in frames)
