"""Where a recording goes: a file that can be read while it grows."""

import os
from io import FileIO
from pathlib import Path

import numpy as np

from embedded_switch.rtp_stream import CODECS

WAV_HEADER_BYTES = 44
RATE = 8000


class FileSink:
    """Writes .r8 and .raw (16-bit linear), .wav, .PCMA or .PCMU, by suffix, unbuffered: a reader is 20 ms behind.

    Raises OSError when the file cannot be made. It is readable by its owner only when new.
    """

    def __init__(self, path: str) -> None:
        suffix = Path(path).suffix.upper().lstrip(".")
        self._codec = CODECS.get(suffix)
        self._is_wav = suffix == "WAV"
        self._file = FileIO(path, "w", opener=_open_private)
        self.frames = 0
        if self._is_wav:
            self._file.write(_wav_header(0))

    def write(self, pcm: bytes) -> None:
        """Append 20 ms."""
        self._file.write(self._codec.encode(pcm) if self._codec else pcm)
        self.frames += 1

    def close(self) -> None:
        """Finish the file; a WAV gets its length. Calling it again does nothing."""
        if self._file.closed:
            return
        if self._is_wav:
            length = self._file.tell() - WAV_HEADER_BYTES
            self._file.seek(0)
            self._file.write(_wav_header(length))
        self._file.close()


def mix(heard: bytes, said: bytes) -> bytes:
    """Add two frames of 16-bit audio, clipped."""
    both = np.frombuffer(heard, "<i2").astype(np.int32) + np.frombuffer(said, "<i2")
    mixed: bytes = np.clip(both, -32768, 32767).astype("<i2").tobytes()
    return mixed


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _wav_header(length: int) -> bytes:
    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, "little")

    form = number(1, 2) + number(1, 2) + number(RATE, 4) + number(2 * RATE, 4) + number(2, 2) + number(16, 2)
    return b"RIFF" + number(36 + length, 4) + b"WAVEfmt " + number(16, 4) + form + b"data" + number(length, 4)
