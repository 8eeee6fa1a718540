"""Tones that decide by themselves: SIT, busy, beeps and fax; ring-back after the answer and keys are told apart."""

from fs_scripts.amd.detector import FRAME_MS, Verdict
from fs_scripts.amd.spectrum import Sound

QUIETEST_TONE_DB = 34.0
"""A signal is at least this loud (dB over one step of 16-bit audio, RMS 50)."""
PURE = 0.85
"""Of the band's energy lies in one tone; a vowel's strongest overtone rarely reaches it for long."""
PURE_LOW = 0.93
LOW_HZ = 700
"""Below, a hummed vowel can be nearly pure: the share must be PURE_LOW, and the tone last longer."""
DECIDES_FRAMES, DECIDES_LOW_FRAMES = 9, 12
STEADY_HZ = 9.0
STEADY_LOW_HZ = 4.0

RING_BACK_HZ, RING_BACK_SHARE = (385.0, 505.0), 0.93
"""All that is heard lies here: 425 Hz, 440 + 480 Hz or 400 + 450 Hz, whose beat moves the strongest tone about."""
BESIDE_HZ = (340.0, 545.0)
CADENCE_HZ = (395.0, 436.0)
SHORT_SIGNAL_FRAMES = (6, 33)
"""Busy's tones last 120 to 660 ms and its pauses as long; a ring is 800 ms or longer, or has another pause."""
EVEN = (0.7, 1.45)
"""A pause of busy, in tones."""
CADENCE_FRAMES = 4
CADENCE_STEADY_HZ = 8.0
CADENCE_WANDERS = 0.2
"""A cadence's tones stay within this of each other, but for so many frames: voices wander about 425 Hz too."""
TAIL_DB = 8.0
"""What is so much weaker than the tone just was is its echo."""
ENDLESS_FRAMES = 125
"""425 Hz for 2.5 s is no ring."""
PAIRS_HZ = ((480, 620), (350, 440))
"""American busy and dial tone."""
PAIR_HZ, PAIR_SHARE, PAIR_TWIST, PAIR_FRAMES = 12.0, 0.9, 6.0, 9
FAX_HZ = ((1062.0, 1138.0), (2075.0, 2125.0))

DTMF_LOW, DTMF_HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
DTMF_TOLERANCE = 0.02
DTMF_SHARE = 0.9
DTMF_TWIST = 8.0
DTMF_FRAMES = 2


class Signals:
    """Watches for tones; one per call."""

    def __init__(self) -> None:
        self.kind = ""
        """What decided: a tone's frequency, or `keys`."""
        self.rings = 0
        self.last_ring_ms = 0
        self._frames = 0
        self._run = 0
        self._hz = 0.0
        self._gap = 0
        self._ring_run = 0
        self._ring_started = 0
        self._ring_gap = 0
        self._ring_hz = self._short_hz = self._ring_db = 0.0
        self._ring_off = 0
        self._short_run = self._short_ended = 0
        self._is_even = False
        self._pair_run = 0
        self._key_run = 0
        self._key = (0, 0)

    def is_ring_back(self, sound: Sound) -> bool:
        """Say whether this frame is the network's tone, which is nobody's voice."""
        low, high = RING_BACK_HZ
        beside = sound.share_2 if BESIDE_HZ[0] <= sound.hz_2 <= BESIDE_HZ[1] else 0.0
        return low <= sound.hz <= high and (
            sound.share + beside > RING_BACK_SHARE or (_is_cadence_hz(sound.hz) and sound.share > PURE)
        )

    def hear(self, sound: Sound) -> Verdict | None:
        """Take the next frame; return a verdict once a tone decides."""
        self._frames += 1
        loud = sound.level_db >= QUIETEST_TONE_DB
        if loud and self._is_key(sound):
            self.kind = "keys"
            return Verdict.HUMAN
        if loud and self.is_ring_back(sound):
            self.last_ring_ms = self._frames * FRAME_MS
        is_on = loud and _is_cadence_hz(sound.hz) and sound.share > PURE
        if verdict := self._cadence(sound, is_on and sound.level_db > self._ring_db - TAIL_DB):
            self.kind = "425 Hz"
            return verdict
        if loud and self._is_pair(sound):
            self.kind = "busy"
            return Verdict.MACHINE
        return self._steady(sound, loud)

    def _steady(self, sound: Sound, loud: bool) -> Verdict | None:  # noqa: FBT001 - one frame's two halves
        is_low = sound.hz < LOW_HZ
        is_pure = loud and sound.share > (PURE_LOW if is_low else PURE) and not _is_cadence_hz(sound.hz)
        if is_pure and self._run and abs(sound.hz - self._hz) <= (STEADY_LOW_HZ if is_low else STEADY_HZ):
            self._run += 1
            self._gap = 0
            self._hz += (sound.hz - self._hz) / self._run
        elif is_pure:
            self._run, self._hz, self._gap = 1, sound.hz, 0
        elif self._run and self._gap < 1:
            self._gap += 1  # a lost packet
        else:
            self._run = 0
        if self._run < (DECIDES_LOW_FRAMES if self._hz < LOW_HZ else DECIDES_FRAMES):
            return None
        self.kind = f"{self._hz:.0f} Hz"
        return Verdict.FAX if any(low <= self._hz <= high for low, high in FAX_HZ) else Verdict.MACHINE

    def _cadence(self, sound: Sound, is_on: bool) -> Verdict | None:  # noqa: FBT001 - the signal is on or off
        if is_on:
            return self._ringing(sound)
        if not self._ring_run:
            return None
        self._ring_gap += 1
        if self._ring_gap < 4:
            return None
        length, is_tone = self._ring_run, self._is_steady()
        self._ring_run, self._ring_db = 0, 0.0
        shortest, longest = SHORT_SIGNAL_FRAMES
        is_whole = self._ring_started > 3  # else the answer has cut it
        self._short_run = length if shortest <= length <= longest and is_whole and is_tone else 0
        self._short_hz = self._ring_hz
        self._short_ended = self._frames - self._ring_gap
        self.rings += length > longest
        return None

    def _ringing(self, sound: Sound) -> Verdict | None:
        if not self._ring_run:
            least, most = (self._short_run * ratio for ratio in EVEN)
            self._is_even = self._short_run > 0 and least <= self._frames - self._short_ended <= most
            self._ring_started, self._ring_off = self._frames, 0
        self._ring_run, self._ring_gap = self._frames - self._ring_started + 1, 0
        self._ring_db = max(self._ring_db, sound.level_db)
        if self._ring_run <= 2:
            self._ring_hz = sound.hz  # the first frame holds the tone's edge
        self._ring_off += abs(sound.hz - self._ring_hz) > CADENCE_STEADY_HZ
        is_busy = self._is_even and self._ring_run >= CADENCE_FRAMES and self._is_as_before()
        return Verdict.MACHINE if self._is_steady() and (is_busy or self._ring_run >= ENDLESS_FRAMES) else None

    def _is_as_before(self) -> bool:
        return abs(self._ring_hz - self._short_hz) <= CADENCE_STEADY_HZ

    def _is_steady(self) -> bool:
        return self._ring_off <= max(1, CADENCE_WANDERS * self._ring_run)

    def _is_pair(self, sound: Sound) -> bool:
        low, high = sorted((sound.hz, sound.hz_2))
        weak, strong = sorted((sound.share, sound.share_2))
        is_one = (
            weak + strong > PAIR_SHARE
            and strong < weak * PAIR_TWIST
            and any(abs(low - first) < PAIR_HZ and abs(high - second) < PAIR_HZ for first, second in PAIRS_HZ)
        )
        self._pair_run = self._pair_run + 1 if is_one else 0
        return self._pair_run >= PAIR_FRAMES

    def _is_key(self, sound: Sound) -> bool:
        low, high = sorted((sound.hz, sound.hz_2))
        weak, strong = sorted((sound.share, sound.share_2))
        key = (_nearest(low, DTMF_LOW), _nearest(high, DTMF_HIGH))
        if weak + strong < DTMF_SHARE or strong > weak * DTMF_TWIST or not all(key):
            self._key_run = 0
        else:
            self._key_run = self._key_run + 1 if key == self._key else 1
        self._key = key
        return self._key_run >= DTMF_FRAMES


def _is_cadence_hz(hz: float) -> bool:
    return CADENCE_HZ[0] <= hz <= CADENCE_HZ[1]


def _nearest(hz: float, of: tuple[int, ...]) -> int:
    """Return the key tone that `hz` is, 0 when it is none."""
    return next((tone for tone in of if abs(hz - tone) <= tone * DTMF_TOLERANCE), 0)
