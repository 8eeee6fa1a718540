"""The picture of a detection's audio: how loud it was, where speech was heard, when it was decided."""

import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BARS = 400
FULL_MS = 8000


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the call, in permille of the picture's width. kind: onset, decision, beep or message."""

    kind: str
    at: float
    ms: int


@dataclass(frozen=True, slots=True)
class Waveform:
    """heights: one a bar, 0 to 100. speech: (begin, width) of each stretch, in permille of the picture's width."""

    duration_ms: int
    heights: tuple[int, ...]
    speech: tuple[tuple[float, float], ...]
    marks: tuple[Mark, ...]


def draw(path: Path, evidence: Mapping[str, Any], message_ms: int | None) -> Waveform | None:
    """Return the picture of a WAV (8 kHz, 16-bit, mono); None when it is gone. message_ms: since the answer."""
    try:
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
            duration_ms = file.getnframes() * 1000 // file.getframerate()
    except (OSError, wave.Error, EOFError):
        return None
    if not duration_ms:
        return None
    moments = (
        ("onset", evidence.get("onset_ms")),
        ("decision", evidence.get("heard_ms")),
        ("beep", evidence.get("beep_ended_ms")),
        ("message", message_ms),
    )
    marks = [
        Mark(kind, 1000 * ms / duration_ms, int(ms))
        for kind, ms in moments
        if ms is not None and 0 <= ms <= duration_ms
    ]
    speech = [
        (1000 * begin / duration_ms, 1000 * (min(end, duration_ms) - begin) / duration_ms)
        for begin, end in evidence.get("segments") or []
        if begin < duration_ms
    ]
    return Waveform(duration_ms, _heights(samples), tuple(speech), tuple(marks))


def _heights(samples: "np.ndarray[Any, np.dtype[np.float32]]") -> tuple[int, ...]:
    """Return the loudness of equal pieces on a scale of 60 dB, so that a quiet line is seen too."""
    pieces = np.array_split(samples, min(BARS, len(samples)))
    peaks = np.array([np.abs(piece).max() for piece in pieces])
    decibels = 20 * np.log10(np.maximum(peaks, 1) / 32768)
    return tuple(int(height) for height in np.clip((decibels + 60) / 60 * 100, 1, 100))
