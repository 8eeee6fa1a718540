"""Hears before the answer that nobody will: the special information tone, busy, congestion, and what a voice says.

Ring-back is none of them. Whoever is taken for unreachable by mistake is not called: a voice decides only when the
network is surer than it ever was of a tune, an advertisement or a company's greeting (`announcement.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fs_scripts.amd import together
from fs_scripts.amd.announcement import Announcement
from fs_scripts.amd.detector import FRAME_MS, Frame
from fs_scripts.amd.network import Listening
from fs_scripts.amd.spectrum import Sound
from fs_scripts.amd.together import Block

QUIETEST_DB = 28.0
SHARE = 0.8
"""A frame's least share of energy in the one or two tones."""
SECOND = 0.2
"""Two tones sound at once when the weaker has at least this part of the stronger's energy."""
SAME_HZ = 16.0
FALL_DB = 10.0
"""In the pauses it is so much quieter: in a tune, other notes and the beat go on."""

SIT_HZ = ((890, 1010), (1340, 1460), (1740, 1860))
SIT_MS = (200, 460)
SIT_PAUSE_MS = 120
NETWORK_HZ = (395, 460)
NETWORK_PAIR_HZ = ((465, 495), (605, 635))
CADENCE_MS = (120, 720)
"""Tone and pause of busy and congestion; ring-back's pauses are 2 s and longer."""
CONGESTION_MS = 320
"""Shorter tones than this are congestion, longer ones busy."""
EVEN_MS = 80
"""The tones of a cadence, and its pauses, are as long as each other, give or take this."""
EVEN_RATIO = 1.6
"""Tone and pause are as long as each other, at most by this."""
TIMES = 4
EDGE_FRAMES = 2
"""A pause may hold so many frames in a row that are as loud: a tone's edges."""
LOST_FRAMES = 2
"""So many frames without the tone are lost packets, not a pause."""


class EarlyVerdict(StrEnum):
    """How the attempt may be concluded before it rings out. The words are those of `dialer.outcome.Disposition`."""

    BUSY = "busy"
    """Busy or congestion: the callee or the network is engaged just now."""
    UNREACHABLE = "unreachable"
    """A special information tone, or an announcement without it: the network says that the callee can't be reached."""


@dataclass(slots=True)
class _Tone:
    """One stretch of a tone: first and last frame, the tone or two, and the silence before it."""

    first: int
    last: int
    hz: float
    hz_2: float
    pause_ms: int

    @property
    def ms(self) -> int:
        return (self.last - self.first + 1) * FRAME_MS


class EarlyMedia(Block):
    """A pure state machine fed with what comes before the answer; the same frames give the same verdict."""

    def __init__(self) -> None:
        super().__init__()
        self.verdict: EarlyVerdict | None = None
        self.kind = ""
        """What decided: `sit`, `busy`, `congestion` or `announcement`."""
        self._announcement = Announcement()
        self._frames = 0
        self._tones: list[_Tone] = []
        self._is_on = False
        self._away = 0
        self._else = 0
        self._level_db = 0.0

    @property
    def is_done(self) -> bool:
        """Say that it has decided."""
        return self.verdict is not None

    def feed(self, frame: Frame) -> EarlyVerdict | None:
        """Take the next 20 ms of this call alone; None: not decided."""
        together.feed([(self, [frame])])
        return self.verdict

    def analysed(self, sounds: Sequence[Sound]) -> Listening | None:
        """Take the block's sounds, and decide on the network's tones; the network listens to what is none of them."""
        is_something = False
        for sound in sounds:
            self._frames += 1
            self._follow(sound)
            is_something = is_something or (sound.level_db >= QUIETEST_DB and _tones_of(sound) is None)
            if not self.verdict:
                self._judge()
        return None if self.verdict else self._announcement.listens(is_something=is_something)

    def understood(self, speech: Sequence[float]) -> None:  # noqa: ARG002 - what it says matters here, not who speaks
        """Decide on what is announced."""
        if self._announcement.is_sure():
            self.verdict, self.kind = EarlyVerdict.UNREACHABLE, "announcement"

    def evidence(self) -> Mapping[str, Any]:
        """Return what decided, JSON-ready."""
        tones = [
            {"at_ms": (one.first - 1) * FRAME_MS, "ms": one.ms, "hz": round(one.hz), "hz_2": round(one.hz_2)}
            for one in self._tones
        ]
        return {"verdict": self.verdict, "kind": self.kind, "heard_ms": self.fed * FRAME_MS, "tones": tones}

    def _follow(self, sound: Sound) -> None:
        pair = _tones_of(sound)
        if pair and self._is_on and self._is_same(pair):
            tone, self._away = self._tones[-1], 0
            tone.last = self._frames
            tone.hz += (pair[0] - tone.hz) * 0.3  # the first frame holds the tone's edge
            tone.hz_2 += (pair[1] - tone.hz_2) * 0.3
            self._level_db += (sound.level_db - self._level_db) * 0.2
        elif self._is_on and self._away < LOST_FRAMES:
            self._away += 1
        elif pair:
            pause_ms = (self._frames - self._tones[-1].last - 1) * FRAME_MS if self._tones else 0
            self._tones = [*self._tones[1 - TIMES :], _Tone(self._frames, self._frames, *pair, pause_ms)]
            self._is_on, self._away, self._else, self._level_db = True, 0, 0, sound.level_db
        else:
            self._is_on = False
            self._else = self._else + 1 if sound.level_db > self._level_db - FALL_DB else 0
            if self._else > EDGE_FRAMES:
                self._tones = []  # something else is heard: this was no signal of the network

    def _is_same(self, pair: tuple[float, float]) -> bool:
        tone = self._tones[-1]
        return abs(pair[0] - tone.hz) <= SAME_HZ and abs(pair[1] - tone.hz_2) <= SAME_HZ

    def _judge(self) -> None:
        if self._is_sit(self._tones[-3:]):
            self.verdict, self.kind = EarlyVerdict.UNREACHABLE, "sit"
        elif not self._is_on and self._is_cadence(self._tones[-TIMES:]):
            self.verdict = EarlyVerdict.BUSY
            self.kind = "congestion" if self._tones[-1].ms < CONGESTION_MS else "busy"

    @staticmethod
    def _is_sit(tones: list[_Tone]) -> bool:
        return len(tones) == 3 and all(
            low <= tone.hz <= high
            and not tone.hz_2
            and SIT_MS[0] <= tone.ms <= SIT_MS[1]
            and (number == 0 or tone.pause_ms <= SIT_PAUSE_MS)
            for number, (tone, (low, high)) in enumerate(zip(tones, SIT_HZ, strict=True))
        )

    @staticmethod
    def _is_cadence(tones: list[_Tone]) -> bool:
        if len(tones) < TIMES or not all(_is_networks(tone) for tone in tones):
            return False
        lengths, pauses = [tone.ms for tone in tones], [tone.pause_ms for tone in tones[1:]]
        least, most = CADENCE_MS
        return (
            max(lengths) - min(lengths) <= EVEN_MS
            and max(pauses) - min(pauses) <= EVEN_MS
            and all(least <= ms <= most for ms in (*lengths, *pauses))
            and 1 / EVEN_RATIO <= sum(lengths) / len(lengths) / (sum(pauses) / len(pauses)) <= EVEN_RATIO
            and max(tone.hz for tone in tones) - min(tone.hz for tone in tones) <= SAME_HZ
        )


def _tones_of(sound: Sound) -> tuple[float, float] | None:
    """Return the frame's one or two tones, the lower first, 0 for no second; None when there is something else."""
    if sound.level_db < QUIETEST_DB or sound.share + sound.share_2 < SHARE:
        return None
    if sound.share_2 < SECOND * sound.share:
        return (sound.hz, 0.0) if sound.share >= SHARE - SECOND / 2 else None
    low, high = sorted((sound.hz, sound.hz_2))
    return low, high


def _is_networks(tone: _Tone) -> bool:
    if tone.hz_2:
        (low, high), (low_2, high_2) = NETWORK_PAIR_HZ
        return low <= tone.hz <= high and low_2 <= tone.hz_2 <= high_2
    return NETWORK_HZ[0] <= tone.hz <= NETWORK_HZ[1]
