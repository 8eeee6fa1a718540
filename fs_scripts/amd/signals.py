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

RING_BACK_HZ = (414.0, 436.0)
SHORT_SIGNAL_FRAMES = (6, 33)
"""425 Hz for 120 to 660 ms, not cut off by the answer, is busy or a beep; a ring is 800 ms or longer."""
ENDLESS_FRAMES = 125
"""425 Hz for 2.5 s is no ring."""
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
        self._key_run = 0
        self._key = (0, 0)

    def is_ring_back(self, sound: Sound) -> bool:
        """Say whether this frame is the network's 425 Hz, which is nobody's voice."""
        return sound.share > PURE and RING_BACK_HZ[0] <= sound.hz <= RING_BACK_HZ[1]

    def hear(self, sound: Sound) -> Verdict | None:
        """Take the next frame; return a verdict once a tone decides."""
        self._frames += 1
        loud = sound.level_db >= QUIETEST_TONE_DB
        if loud and self._is_key(sound):
            self.kind = "keys"
            return Verdict.HUMAN
        if verdict := self._cadence(loud and self.is_ring_back(sound)):
            self.kind = "425 Hz"
            return verdict
        return self._steady(sound, loud)

    def _steady(self, sound: Sound, loud: bool) -> Verdict | None:  # noqa: FBT001 - one frame's two halves
        is_low = sound.hz < LOW_HZ
        is_pure = loud and sound.share > (PURE_LOW if is_low else PURE) and not self.is_ring_back(sound)
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

    def _cadence(self, is_on: bool) -> Verdict | None:  # noqa: FBT001 - the signal is on or off
        if is_on:
            if not self._ring_run:
                self._ring_started = self._frames
            self._ring_run, self._ring_gap = self._frames - self._ring_started + 1, 0
            self.last_ring_ms = self._frames * FRAME_MS
            return Verdict.MACHINE if self._ring_run >= ENDLESS_FRAMES else None
        if not self._ring_run:
            return None
        self._ring_gap += 1
        if self._ring_gap < 4:
            return None
        length, self._ring_run = self._ring_run, 0
        shortest, longest = SHORT_SIGNAL_FRAMES
        if shortest <= length <= longest and self._ring_started > 3:
            return Verdict.MACHINE
        self.rings += length > longest
        return None

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


def _nearest(hz: float, of: tuple[int, ...]) -> int:
    """Return the key tone that `hz` is, 0 when it is none."""
    return next((tone for tone in of if abs(hz - tone) <= tone * DTMF_TOLERANCE), 0)
