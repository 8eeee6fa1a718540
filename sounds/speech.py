"""Turns text into telephone audio: Debian's espeak-ng, then 8 kHz, trimmed, at one level."""

import io
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

SAMPLE_RATE = 8000
"""Samples per second of every telephone audio file here."""

FRAME = SAMPLE_RATE // 100
SILENCE_DB = -45.0
"""A 10 ms frame this far below the loudest one is silence."""

MARGIN_FRAMES = 6
SPEECH_LEVEL_DB = -19.0
"""Level of the spoken frames, dB below full scale; about what telephone networks carry."""

PEAK = 0.89
"""Largest sample, as a part of full scale: A-law has no headroom to lose."""

Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Voice:
    """An espeak-ng voice. pitch: 0-99."""

    name: str
    words_per_minute: int
    pitch: int


class NoSynthesizer(Exception):
    """espeak-ng is not installed: `apt install espeak-ng`. It is needed only to change what is said."""


def say(text: str, voice: Voice) -> Samples:
    """Return `text` spoken at 8 kHz, trimmed and levelled, in -1…1; raises NoSynthesizer."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise NoSynthesizer(NoSynthesizer.__doc__)
    options = ["-v", voice.name, "-s", str(voice.words_per_minute), "-p", str(voice.pitch), "--stdout"]
    spoken = subprocess.run([program, *options, text], check=True, capture_output=True).stdout  # noqa: S603
    audio, rate = soundfile.read(io.BytesIO(spoken), dtype="float64")
    return level(trim(soxr.resample(audio, rate, SAMPLE_RATE, quality="VHQ")))


def trim(audio: Samples) -> Samples:
    """Cut the silence before and after, but for 60 ms."""
    loud = np.flatnonzero(_frame_db(audio) > SILENCE_DB)
    if not loud.size:
        return audio
    first = max(0, int(loud[0]) - MARGIN_FRAMES) * FRAME
    last = (int(loud[-1]) + 1 + MARGIN_FRAMES) * FRAME
    return audio[first:last]


def level(audio: Samples) -> Samples:
    """Scale so that the spoken frames have SPEECH_LEVEL_DB, or less where a peak would pass PEAK."""
    frames = _frames(audio)
    spoken = frames[_frame_db(audio) > SILENCE_DB]
    rms = float(np.sqrt(np.mean(spoken**2)))
    wanted = 10 ** (SPEECH_LEVEL_DB / 20) / rms
    return audio * min(wanted, PEAK / float(np.max(np.abs(audio))))


def write_wav(path: Path, audio: Samples) -> None:
    """Write 8 kHz 16-bit mono."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, SAMPLE_RATE, subtype="PCM_16", format="WAV")


def _frames(audio: Samples) -> Samples:
    whole = audio[: len(audio) // FRAME * FRAME]
    return whole.reshape(-1, FRAME)


def _frame_db(audio: Samples) -> Samples:
    """Return each frame's level relative to the loudest one, dB."""
    power = np.mean(_frames(audio) ** 2, axis=1) + 1e-12
    levels: Samples = 10 * np.log10(power / power.max())
    return levels
