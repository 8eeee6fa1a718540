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

    Read and resampled in blocks and cut off past the longest duration, so that a small file can't unfold into a huge
    one.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as source:
            narrow, frames, clipped = _narrowed(source)
            rate = source.samplerate
    except (soundfile.SoundFileError, ValueError, RuntimeError, TypeError) as error:
        raise UnusableAudio(Refusal.UNREADABLE) from error
    if frames < SHORTEST_S * rate or not len(narrow):
        raise UnusableAudio(Refusal.TOO_SHORT)
    level = 20 * float(np.log10(max(float(np.sqrt(np.mean(np.square(narrow)))), 1e-9)))
    if level < SILENT_DBFS:
        raise UnusableAudio(Refusal.SILENT)
    doubts = [Doubt.QUIET] if level < QUIET_DBFS else []
    if clipped > CLIPPED_SHARE * frames:
        doubts.append(Doubt.CLIPPED)
    out = io.BytesIO()
    soundfile.write(out, np.clip(narrow, -1.0, 1.0), RATE, format="WAV", subtype="PCM_16")
    wav = out.getvalue()
    return TelephoneAudio(wav, round(1000 * len(narrow) / RATE), level, hashlib.sha256(wav).hexdigest(), tuple(doubts))


def _narrowed(source: soundfile.SoundFile) -> tuple[np.ndarray, int, int]:
    """Return the mono samples at RATE, and how many frames the source had and how many of them were clipped.

    Only the narrow samples are kept: five minutes at 384 kHz would be half a gigabyte.
    """
    if source.channels > MAX_CHANNELS or not 1000 <= source.samplerate <= HIGHEST_RATE:
        raise UnusableAudio(Refusal.UNREADABLE)
    resampler = soxr.ResampleStream(source.samplerate, RATE, 1, dtype="float32", quality="HQ")
    is_narrow = source.samplerate == RATE
    narrow, frames, clipped = [], 0, 0
    while len(block := source.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
        frames += len(block)
        if frames > LONGEST_S * source.samplerate:
            raise UnusableAudio(Refusal.TOO_LONG)
        mono = block.mean(axis=1)
        clipped += int(np.count_nonzero(np.abs(mono) >= 0.999))
        narrow.append(mono if is_narrow else resampler.resample_chunk(mono))
    if not is_narrow:
        narrow.append(resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
    return np.concatenate(narrow) if narrow else np.zeros(0, dtype=np.float32), frames, clipped
