"""Audio to play: files, tone streams and silence, as ready 20 ms G.711 payloads."""

from collections.abc import Iterator
from typing import Protocol


class SourceNotFound(OSError):
    """What should be played does not exist or cannot be read; FreeSWITCH's playback says FILE NOT FOUND."""


class AudioSource(Protocol):
    """Something that can be played any number of times."""

    def payloads(self, codec: str) -> Iterator[bytes]:
        """Give 160-byte payloads of 20 ms in `PCMA` or `PCMU`; endless sources never stop."""
        ...


def open_source(spec: str) -> AudioSource:
    """Open what playback takes: a path (.wav, .r8, .raw, .PCMA, .PCMU), tone_stream://…, silence_stream://ms[,…].

    Raises SourceNotFound.
    """
    raise NotImplementedError
