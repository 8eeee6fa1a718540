"""Tells a voice from the room by loudness and voicing alone: a noise floor that falls quickly and rises slowly."""

from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.spectrum import Sound

OVER_FLOOR_DB = 6.0
UNDER_PEAK_DB = 21.0
FLOOR_RISE_DB, FLOOR_CATCH_UP_DB = 0.1, 0.8
"""A frame's rise of the noise floor on unvoiced frames; the second once it has been unvoiced for LONG_UNVOICED."""
LONG_UNVOICED = 14
HIGHEST_FIRST_FLOOR_DB = 40.0
PEAK_FALL_DB = 0.04
VOICED = 0.31


class Loudness:
    """Follows one line; it is cheap enough to go on for as long as a machine's greeting does."""

    def __init__(self) -> None:
        self._frames = self._last_voice = 0
        self._floor_db: float | None = None
        self._even_db = self._peak_db = 0.0
        self._unvoiced_run = 0

    @property
    def silence_ms(self) -> int:
        """Return the time since the last voice, or since the beginning."""
        return (self._frames - self._last_voice) * FRAME_MS

    def hear(self, sound: Sound, *, is_signal: bool) -> None:
        """Take the next frame; a signal's frame is no voice."""
        self._frames += 1
        level = sound.level_db
        if self._floor_db is None:
            self._floor_db, self._even_db = min(level, HIGHEST_FIRST_FLOOR_DB), level
        self._even_db += (level - self._even_db) * 0.35
        is_voiced = sound.voicing > VOICED
        self._unvoiced_run = 0 if is_voiced else self._unvoiced_run + 1
        is_loud = level > self._floor_db + OVER_FLOOR_DB
        if self._even_db < self._floor_db:
            self._floor_db = self._even_db
        elif self._unvoiced_run:
            rise = FLOOR_CATCH_UP_DB if self._unvoiced_run > LONG_UNVOICED else FLOOR_RISE_DB
            self._floor_db = min(self._floor_db + rise, level)
        self._peak_db -= PEAK_FALL_DB
        if is_loud and is_voiced and not is_signal and level > self._peak_db - UNDER_PEAK_DB:
            self._peak_db = max(self._peak_db, level)
            self._last_voice = self._frames
