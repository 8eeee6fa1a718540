"""Reads audio files into 16-bit samples at 8 kHz, whatever they hold."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from aiortp.codecs import Codec, PcmaCodec, PcmuCodec

RATE = 8000
LINEAR = {".r8", ".raw", ".sln"}
A_LAW, MU_LAW = PcmaCodec(), PcmuCodec()
G711: dict[str, Codec] = {".pcma": A_LAW, ".alaw": A_LAW, ".pcmu": MU_LAW, ".ulaw": MU_LAW}


def read_audio(path: Path) -> bytes:
    """Return a file's audio, mixed to one channel. Raises OSError when there is none or it cannot be understood."""
    suffix = path.suffix.lower()
    if suffix in LINEAR:
        return path.read_bytes()
    if suffix in G711:
        return G711[suffix].decode(path.read_bytes())
    try:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise OSError(f"{path} holds no readable audio: {error}") from error
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1).astype("int16")
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE)
    return np.ascontiguousarray(mono, dtype="<i2").tobytes()
