"""What a leg does with audio: plays, records, listens for digits."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from embedded_switch.digits_inband import InbandDetector
from embedded_switch.media_source import AudioSource
from embedded_switch.recording import mix
from embedded_switch.rtp_stream import Listener, RtpStream

FRAME_SAMPLES = 160


class Sink(Protocol):
    """Takes a recording."""

    def write(self, pcm: bytes) -> None:
        """Take the next 20 ms: 320 bytes, 16-bit little-endian at 8 kHz. Must not block."""

    def close(self) -> None:
        """No more will come."""


@dataclass(frozen=True, slots=True)
class Playback:
    """How a playback ended. samples: at 8 kHz, what was really sent."""

    samples: int
    completed: bool  # False: stop_play, a newer play, or the end of the call cut it off

    @property
    def ms(self) -> int:
        """Return the length of what was sent in milliseconds."""
        return self.samples // 8


class LegMedia:
    """The audio side of one leg."""

    def __init__(self, stream: RtpStream, on_inband_digit: Callable[[str, int], None]) -> None:
        self.stream = stream
        self._on_inband_digit = on_inband_digit
        self._recorders: list[tuple[Sink, Listener]] = []
        self._inband: Listener | None = None

    async def play(self, source: AudioSource) -> Playback:
        """See Leg.play."""
        if not self.stream.codec:
            return Playback(0, completed=False)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        sent = 0

        def counted() -> Iterator[bytes]:
            nonlocal sent
            for payload in source.payloads(self.stream.codec):
                sent += FRAME_SAMPLES
                yield payload

        def played(completed: bool) -> None:  # noqa: FBT001 # the shape RtpStream calls
            if not done.done():
                done.set_result(completed)

        self.stream.play(counted(), played)
        try:
            completed = await done
        except asyncio.CancelledError:
            self.stream.stop_play()
            raise
        return Playback(sent, completed)

    def record(self, sink: Sink, *, read_only: bool) -> None:
        """See Leg.record."""

        def listener(heard: bytes, said: bytes) -> None:
            try:
                sink.write(heard if read_only else mix(heard, said))
            except OSError:
                self.stop_record(sink)

        self._recorders.append((sink, listener))
        self.stream.listen(listener)

    def stop_record(self, sink: Sink) -> None:
        """See Leg.stop_record."""
        for entry in [entry for entry in self._recorders if entry[0] is sink]:
            self._recorders.remove(entry)
            self.stream.unlisten(entry[1])
            sink.close()

    def start_inband(self) -> None:
        """Listen for dual tones; nothing changes when it does already."""
        if self._inband is None:
            detector = InbandDetector()

            def listener(heard: bytes, said: bytes) -> None:  # noqa: ARG001 # only what the callee says counts
                press = detector.feed(heard)
                if press:
                    self._on_inband_digit(*press)

            self._inband = listener
            self.stream.listen(listener)

    def stop_inband(self) -> None:
        """Listen no more."""
        if self._inband:
            self.stream.unlisten(self._inband)
            self._inband = None

    def close(self) -> None:
        """End playback and recordings and close the socket."""
        for sink in [entry[0] for entry in self._recorders]:
            self.stop_record(sink)
        self.stop_inband()
        self.stream.close()
