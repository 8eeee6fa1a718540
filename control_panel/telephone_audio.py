"""Any audio file becomes what the telephone carries: 8 kHz, mono, 16 bit; with a look at its level."""

import hashlib
import io
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import soundfile
import soxr

RATE = 8000
LONGEST_S = 300
SHORTEST_S = 0.2
SILENT_DBFS = -60.0
QUIET_DBFS = -35.0
CLIPPED_SHARE = 0.001
BLOCK_FRAMES = 262_144
MAX_CHANNELS = 8
HIGHEST_RATE = 384_000


class Refusal(StrEnum):
    """Why a file can't be used."""

    UNREADABLE = "unreadable"
    """No audio format we know."""
    TOO_SHORT = "too_short"
    """Less than a fifth of a second."""
    TOO_LONG = "too_long"
    """More than five minutes."""
    SILENT = "silent"
    """Nothing can be heard in it."""


class UnusableAudio(Exception):
    """The file can't be played to callers; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class Doubt(StrEnum):
    """What is worth a listen, though the file can be used."""

    QUIET = "quiet"
    CLIPPED = "clipped"


@dataclass(frozen=True, slots=True)
class TelephoneAudio:
    """wav: the converted file. level_dbfs: RMS relative to full scale, dB. sha256: of `wav`."""

    wav: bytes
    duration_ms: int
    level_dbfs: float
    sha256: str
    doubts: tuple[Doubt, ...]


def convert(data: bytes) -> TelephoneAudio:
    """Convert any format libsndfile reads; raises UnusableAudio.

    Read in blocks and cut off past the longest duration, so that a small file can't unfold into a huge one.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as source:
            samples, rate = _mono(source), source.samplerate
    except (soundfile.SoundFileError, ValueError, RuntimeError, TypeError) as error:
        raise UnusableAudio(Refusal.UNREADABLE) from error
    if len(samples) < SHORTEST_S * rate:
        raise UnusableAudio(Refusal.TOO_SHORT)
    clipped = float(np.mean(np.abs(samples) >= 0.999))
    narrow = samples if rate == RATE else soxr.resample(samples, rate, RATE, quality="HQ")
    level = 20 * float(np.log10(max(float(np.sqrt(np.mean(np.square(narrow)))), 1e-9)))
    if level < SILENT_DBFS:
        raise UnusableAudio(Refusal.SILENT)
    doubts = [Doubt.QUIET] if level < QUIET_DBFS else []
    if clipped > CLIPPED_SHARE:
        doubts.append(Doubt.CLIPPED)
    out = io.BytesIO()
    soundfile.write(out, np.clip(narrow, -1.0, 1.0), RATE, format="WAV", subtype="PCM_16")
    wav = out.getvalue()
    return TelephoneAudio(wav, round(1000 * len(narrow) / RATE), level, hashlib.sha256(wav).hexdigest(), tuple(doubts))


def _mono(source: soundfile.SoundFile) -> np.ndarray:
    if source.channels > MAX_CHANNELS or not 1000 <= source.samplerate <= HIGHEST_RATE:
        raise UnusableAudio(Refusal.UNREADABLE)
    blocks, frames = [], 0
    while len(block := source.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
        frames += len(block)
        if frames > LONGEST_S * source.samplerate:
            raise UnusableAudio(Refusal.TOO_LONG)
        blocks.append(block.mean(axis=1))
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)
