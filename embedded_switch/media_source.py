"""Audio to play: files, tone streams and silence, as ready 20 ms G.711 payloads."""

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from embedded_switch.media_file import read_audio
from embedded_switch.media_tone import FOREVER, BadToneScript, parse_tones
from embedded_switch.rtp_stream import CODECS

FRAME_BYTES = 320
PAYLOAD_BYTES = 160
CACHED_BYTES = 64 * 1024 * 1024  # linear audio kept; the least recently played goes first


class SourceNotFound(OSError):
    """What should be played does not exist or cannot be read; FreeSWITCH's playback says FILE NOT FOUND."""


class AudioSource(Protocol):
    """Something that can be played any number of times."""

    def payloads(self, codec: str) -> Iterator[bytes]:
        """Give 160-byte payloads of 20 ms in `PCMA` or `PCMU`; endless sources never stop."""
        ...


class Clip:
    """Audio in memory, encoded once per codec and played `loops` times (FOREVER: without end)."""

    def __init__(self, pcm: bytes, loops: int = 1) -> None:
        self._pcm = pcm + bytes(-len(pcm) % FRAME_BYTES)
        self._loops = loops
        self._encoded: dict[str, tuple[bytes, ...]] = {}

    @property
    def size(self) -> int:
        """Return the bytes of linear audio."""
        return len(self._pcm)

    def encode(self, codec: str) -> tuple[bytes, ...]:
        """Return the payloads of one pass."""
        if codec not in self._encoded:
            whole = CODECS[codec].encode(self._pcm)
            self._encoded[codec] = tuple(
                whole[start : start + PAYLOAD_BYTES] for start in range(0, len(whole), PAYLOAD_BYTES)
            )
        return self._encoded[codec]

    def payloads(self, codec: str) -> Iterator[bytes]:
        """Give the payloads of all passes."""
        once = self.encode(codec)
        return itertools.cycle(once) if self._loops == FOREVER else iter(once * self._loops)


_files: OrderedDict[tuple[str, int, int], Clip] = OrderedDict()


def open_source(spec: str) -> AudioSource:
    """Open what playback takes: a path (.wav, .r8, .raw, .PCMA, .PCMU), tone_stream://…, silence_stream://ms[,…].

    Files are kept decoded and encoded until they change on disk. Raises SourceNotFound.
    """
    kind, separator, rest = spec.partition("://")
    if not separator:
        return _open_file(Path(spec))
    try:
        if kind == "tone_stream":
            tones = parse_tones(rest)
            return Clip(tones.samples.tobytes(), tones.loops)
        if kind == "silence_stream":
            milliseconds = int(rest.partition(",")[0])
            return Clip(bytes(FRAME_BYTES), FOREVER) if milliseconds < 0 else Clip(bytes(16 * milliseconds))
        if kind == "file":
            return _open_file(Path(rest))
    except (BadToneScript, ValueError) as error:
        raise SourceNotFound(str(error)) from error
    raise SourceNotFound(f"nothing here plays {kind}://")


async def load_source(spec: str, codec: str) -> AudioSource:
    """Open and encode without holding up the media clock, however long the file. Raises SourceNotFound."""

    def load() -> AudioSource:
        source = open_source(spec)
        if isinstance(source, Clip):
            source.encode(codec)
        return source

    return await asyncio.to_thread(load)


def _open_file(path: Path) -> Clip:
    try:
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size)
        if clip := _files.get(key):
            _files.move_to_end(key)
            return clip
        clip = Clip(read_audio(path))
    except OSError as error:
        raise SourceNotFound(f"cannot play {path}: {error}") from error
    _files[key] = clip
    while len(_files) > 1 and sum(kept.size for kept in _files.values()) > CACHED_BYTES:
        _files.popitem(last=False)
    return clip
