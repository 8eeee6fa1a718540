"""What was said so far, in numbers that do not depend on how loud the line is."""

import itertools
import math

from fs_scripts.amd.detector import FRAME_MS
from fs_scripts.amd.spectrum import BANDS, Sound

SPEAKS, STILL_SPEAKS = 0.5, 0.35
"""How likely the network must find a frame to be speech, and one that follows speech."""
SILENT_DB = 12.0
"""At most so loud (RMS 4 of 16 bits) a frame is nobody's speech: a codec's rounding, or a line that only idles."""
VOICED = 0.31
GAP = 9
"""Frames of silence that end a segment."""
ONSET_VOICED, ONSET_WHISPERED = 3, 12
"""So many voiced frames, or frames in all, make a segment speech."""
BRIGHT = 0.45
PURE = 0.7
SYLLABLE_DB = 4.0
OPENING = 25
"""Frames of speech whose colour, against that of all speech so far, stands for the first sounds of a greeting."""

FEATURES = (
    "since_onset", "speech", "ratio", "segments", "first_segment", "longest_segment", "last_segment", "trailing",
    "longest_gap", "first_gap", "voiced", "voiced_ratio", "voiced_runs", "voiced_run_rate", "longest_voiced_run",
    "flux", "flux_spread", "bright_ratio", "bright_runs", "level_spread", "level_trend", "pitch_spread",
    "pitch_range", "pitch_trend", "pure_ratio", "longest_pure", "syllables", "syllable_rate", "active_unvoiced",
    "silence_before_last", "steady_ratio", *(f"opening_{part}_{band}" for part in range(2) for band in range(BANDS)),
)  # fmt: skip


class Running:
    """Mean and spread of values as they come."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, value: float) -> None:
        """Take the next value."""
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self._squares += step * (value - self.mean)

    @property
    def spread(self) -> float:
        """Return the standard deviation."""
        return math.sqrt(self._squares / self.count) if self.count else 0.0


class Timeline:
    """Follows speech, pauses and their colour frame by frame; one per call."""

    def __init__(self) -> None:
        self.frames = 0
        self.onset: int | None = None
        self._is_active = False
        self._started = 0  # frame of the current segment's begin, 0 when there is none
        self._voiced_in_segment = 0
        self._last_active = 0
        self._segments: list[tuple[int, int]] = []  # closed ones: first and last frame
        self._active = self._voiced = self._bright = self._pure = self._steady = 0
        self._voiced_run = self._longest_voiced_run = self._voiced_runs = 0
        self._bright_run = self._bright_runs = self._pure_run = self._longest_pure = 0
        self._flux, self._level, self._pitch = Running(), Running(), Running()
        self._early_level, self._late_level, self._late_pitch = Running(), 0.0, 0.0
        self._lowest_pitch, self._highest_pitch = 1e9, -1e9
        self._smooth_db, self._turn_db, self._is_rising = 0.0, -100.0, False
        self._syllables = 0
        self._bands = [0.0] * BANDS
        self._openings = [0.0] * 2 * BANDS

    def hear(self, sound: Sound, speech: float, *, is_signal: bool) -> None:
        """Take the next frame and how likely it is speech; a signal's frame is nobody's speech."""
        self.frames += 1
        may_speak = not is_signal and sound.level_db > SILENT_DB
        self._is_active = may_speak and speech > (STILL_SPEAKS if self._is_active else SPEAKS)
        is_voiced = self._is_active and sound.voicing > VOICED
        self._follow_segments(self._is_active, is_voiced)
        if self._is_active:
            self._colour(sound, is_voiced)
        self._voiced_run = self._voiced_run + 1 if is_voiced else 0
        self._voiced_runs += self._voiced_run == 2
        self._longest_voiced_run = max(self._longest_voiced_run, self._voiced_run)

    def _follow_segments(self, is_active: bool, is_voiced: bool) -> None:  # noqa: FBT001 - one frame's facts
        if is_active:
            if not self._started:
                self._started, self._voiced_in_segment = self.frames, 0
            self._voiced_in_segment += is_voiced
            self._last_active = self.frames
            if self.onset is None and self._is_said():
                self.onset = self._started
        elif self._started and self.frames - self._last_active >= GAP:
            if self._is_said():
                self._segments.append((self._started, self._last_active))
            self._started = 0

    def _is_said(self) -> bool:
        """Say whether the current segment is more than a click."""
        length = self._last_active - self._started + 1
        return self._voiced_in_segment >= ONSET_VOICED or length >= ONSET_WHISPERED

    def _colour(self, sound: Sound, is_voiced: bool) -> None:  # noqa: FBT001 - one frame's facts
        self._active += 1
        self._flux.add(min(sound.flux_db, 20.0))
        self._level.add(sound.level_db)
        if self._level.count <= 25:
            self._early_level.add(sound.level_db)
        self._late_level += (sound.level_db - self._late_level) * 0.06
        is_bright = sound.bright > BRIGHT
        self._bright += is_bright
        self._bright_run = self._bright_run + 1 if is_bright else 0
        self._bright_runs += self._bright_run == 2
        is_pure = sound.share > PURE
        self._pure += is_pure
        self._pure_run = self._pure_run + 1 if is_pure else 0
        self._longest_pure = max(self._longest_pure, self._pure_run)
        self._steady += sound.flux_db < 1.5
        self._count_syllables(sound.level_db)
        for band, level_db in enumerate(sound.bands_db):
            self._bands[band] += level_db
            if self._active <= 2 * OPENING:
                self._openings[(self._active > OPENING) * BANDS + band] += level_db
        if is_voiced:
            self._voiced += 1
            semitones = 12 * math.log2(sound.pitch_hz / 100)
            self._pitch.add(semitones)
            self._late_pitch += (semitones - self._late_pitch) * 0.15
            self._lowest_pitch = min(self._lowest_pitch, semitones)
            self._highest_pitch = max(self._highest_pitch, semitones)

    def _count_syllables(self, level_db: float) -> None:
        """A syllable is a rise of SYLLABLE_DB after a fall of as much, of the smoothed level."""
        self._smooth_db += (level_db - self._smooth_db) * 0.5
        if self._is_rising:
            self._turn_db = max(self._turn_db, self._smooth_db)
            if self._smooth_db < self._turn_db - SYLLABLE_DB:
                self._is_rising, self._turn_db = False, self._smooth_db
        else:
            self._turn_db = min(self._turn_db, self._smooth_db)
            if self._smooth_db > self._turn_db + SYLLABLE_DB:
                self._is_rising, self._turn_db = True, self._smooth_db
                self._syllables += 1

    def _spoke_last(self) -> int:
        """Return the last frame of speech; what may still turn out to be a click does not count."""
        if self._started and self._is_said():
            return self._last_active
        return self._segments[-1][1] if self._segments else 0

    def trailing_ms(self) -> int:
        """Return the silence since the last speech."""
        return (self.frames - self._spoke_last()) * FRAME_MS

    def since_onset_ms(self) -> int:
        """Return the time since the first speech, 0 before it."""
        return 0 if self.onset is None else (self.frames - self.onset + 1) * FRAME_MS

    def segments_ms(self) -> list[tuple[int, int]]:
        """Return the begin and end of each stretch of speech so far, for whoever looks at the decision later."""
        segments = list(self._segments)
        if self._started and self._voiced_in_segment >= ONSET_VOICED:
            segments.append((self._started, self._last_active))
        return [((first - 1) * FRAME_MS, last * FRAME_MS) for first, last in segments]

    def _opening_colours(self) -> list[float]:
        counts = min(self._active, OPENING), min(max(self._active - OPENING, 0), OPENING)
        return [
            total / counts[number // BANDS] - self._bands[number % BANDS] / self._active
            if counts[number // BANDS]
            else 0.0
            for number, total in enumerate(self._openings)
        ]

    def features(self) -> list[float]:
        """Return the values of FEATURES, times in seconds; meant for after the onset."""
        assert self.onset is not None
        since = self.frames - self.onset + 1
        segments = list(self._segments)
        if self._started and self._is_said():
            segments.append((self._started, self._last_active))
        lengths = [last - first + 1 for first, last in segments] or [0]
        gaps = [after[0] - before[1] - 1 for before, after in itertools.pairwise(segments)] or [0]
        active, s = max(self._active, 1), FRAME_MS / 1000
        trailing = self.frames - self._spoke_last()
        return [
            since * s, self._active * s, self._active / max(since - trailing, 1), len(lengths), lengths[0] * s,
            max(lengths) * s, lengths[-1] * s, trailing * s, max(gaps) * s, gaps[0] * s, self._voiced * s,
            self._voiced / active, self._voiced_runs, self._voiced_runs / active / s, self._longest_voiced_run * s,
            self._flux.mean, self._flux.spread, self._bright / active, self._bright_runs, self._level.spread,
            self._late_level - self._early_level.mean, self._pitch.spread,
            max(self._highest_pitch - self._lowest_pitch, 0.0), self._late_pitch - self._pitch.mean,
            self._pure / active, self._longest_pure * s, self._syllables, self._syllables / active / s,
            (self._active - self._voiced) * s, gaps[-1] * s, self._steady / active, *self._opening_colours(),
        ]  # fmt: skip
