"""One call's audio: a UDP socket that sends ready G.711 payloads on the media clock and sorts what comes in."""

import random
import socket
import struct
from collections.abc import Callable, Iterator

from aiortp import RtpPacket
from aiortp.codecs import PcmaCodec, PcmuCodec

from embedded_switch.digits_rfc4733 import EventReader
from embedded_switch.rtp_timeline import FRAME_SAMPLES, SILENCE, Timeline

CODECS = {"PCMA": PcmaCodec(), "PCMU": PcmuCodec()}
PAYLOAD_TYPES = {"PCMA": 8, "PCMU": 0}
CODEC_NAMES = {number: name for name, number in PAYLOAD_TYPES.items()}
HEADER = struct.Struct("!BBHII")
PLAIN = 0x80  # version 2 without padding, extension or contributing sources
MARKER = 0x80
MOST_PER_TICK = 16  # packets read per 20 ms; a flood must not hold the clock up

Listener = Callable[[bytes, bytes], None]  # every 20 ms: 320 bytes heard, 320 bytes said


class RtpStream:
    """Sends nothing while nothing is played, as FreeSWITCH does; its timestamps follow the clock all the same."""

    def __init__(self, local_socket: socket.socket) -> None:
        self._socket = local_socket
        self.local: tuple[str, int] = local_socket.getsockname()
        self.codec = ""
        self.on_digit: Callable[[str, int], None] | None = None
        self.on_quiet: Callable[[], None] | None = None
        self.quiet_limit = 0  # frames without any packet after which on_quiet is told once; 0: never
        self.packets_sent = 0
        self.packets_received = 0
        self._quiet = 0
        self._remote: tuple[str, int] | None = None
        self._may_send = False
        self._event_type = -1
        self._events = EventReader()
        self._timeline = Timeline()
        self._listeners: list[Listener] = []
        self._payloads: Iterator[bytes] | None = None
        self._on_played: Callable[[bool], None] | None = None
        self._encoded_as = ""
        self._talking = False
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self._source = random.getrandbits(32)

    def connect(self, remote: tuple[str, int], codec: str, event_type: int | None, *, may_send: bool = True) -> None:
        """Say where audio goes and how; again at a re-INVITE. event_type: payload type of telephone-events."""
        self._remote = remote
        self._may_send = may_send
        self.codec = codec
        self._event_type = -1 if event_type is None else event_type
        self._quiet = 0

    def play(self, payloads: Iterator[bytes], on_played: Callable[[bool], None]) -> None:
        """Send these from the next tick on; on_played(completed) follows once, also when something newer cuts in."""
        self.stop_play()
        self._payloads, self._on_played, self._encoded_as = payloads, on_played, self.codec

    def stop_play(self) -> None:
        """Cut the playback off."""
        self._end_play(completed=False)

    def listen(self, listener: Listener) -> None:
        """Hand every frame to one more listener."""
        if not self._listeners:
            self._timeline = Timeline()
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Stop handing frames to a listener; nothing happens when it is unknown."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def close(self) -> None:
        """Cut the playback off and close the socket."""
        self.stop_play()
        self._listeners.clear()
        self._socket.close()

    def tick(self, behind: int) -> None:
        """Send one frame, read what has come, feed the listeners. behind: frames the clock had to give up."""
        self._timestamp = (self._timestamp + FRAME_SAMPLES * (1 + behind)) & 0xFFFFFFFF
        payload = self._send_next() if self._payloads else None
        self._receive()
        self._quiet += 1 + behind
        if self._listeners:
            said = CODECS[self.codec].decode(payload) if payload else SILENCE
            for _ in range(behind):
                self._feed(SILENCE)
            self._feed(said)
        if 0 < self.quiet_limit < self._quiet and self.on_quiet:
            self.quiet_limit = 0
            self.on_quiet()

    def _feed(self, said: bytes) -> None:
        heard = self._timeline.pull()
        for listener in tuple(self._listeners):
            listener(heard, said)

    def _send_next(self) -> bytes | None:
        assert self._payloads is not None
        payload = next(self._payloads, None)
        if payload is None:
            self._end_play(completed=True)
            return None
        if self._encoded_as != self.codec:  # a re-INVITE changed the codec in mid-playback
            payload = CODECS[self.codec].encode(CODECS[self._encoded_as].decode(payload))
        kind = PAYLOAD_TYPES[self.codec] | (0 if self._talking else MARKER)
        self._talking = True
        self._sequence = (self._sequence + 1) & 0xFFFF
        if self._may_send and self._remote:
            header = HEADER.pack(PLAIN, kind, self._sequence, self._timestamp, self._source)
            try:
                self._socket.sendto(header + payload, self._remote)
                self.packets_sent += 1
            except OSError:  # a full buffer or a vanished peer: a lost packet, as on any network
                pass
        return payload

    def _end_play(self, *, completed: bool) -> None:
        on_played, self._on_played, self._payloads = self._on_played, None, None
        self._talking = False
        if on_played:
            on_played(completed)

    def _receive(self) -> None:
        for _ in range(MOST_PER_TICK):
            try:
                packet = self._socket.recv(2048)
            except OSError:  # nothing more has come
                return
            if len(packet) >= HEADER.size:
                self._sort(packet)

    def _sort(self, packet: bytes) -> None:
        flags, kind, sequence, timestamp, _ = HEADER.unpack_from(packet)
        if flags == PLAIN:
            payload = packet[HEADER.size :]
        else:
            try:
                payload = RtpPacket.parse(packet).payload
            except ValueError:
                return
        self.packets_received += 1
        self._quiet = 0
        kind &= 0x7F
        if kind == self._event_type:
            press = self._events.read(timestamp, payload)
            if press and self.on_digit:
                self.on_digit(*press)
        elif self._listeners and kind in CODEC_NAMES:
            self._timeline.push(sequence, timestamp, CODECS[CODEC_NAMES[kind]].decode(payload))


class RtpPorts:
    """Hands out sockets bound to even ports of a range, each next one different from the last."""

    def __init__(self, ip: str, first: int, last: int) -> None:
        self._ip = ip
        self._ports = range(first + first % 2, last + 1, 2)
        self._next = random.randrange(len(self._ports)) if self._ports else 0

    def open(self) -> socket.socket:
        """Return a non-blocking UDP socket. Raises OSError when the range is used up."""
        for _ in self._ports:
            port = self._ports[self._next]
            self._next = (self._next + 1) % len(self._ports)
            candidate = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                candidate.bind((self._ip, port))
            except OSError:
                candidate.close()
                continue
            candidate.setblocking(False)
            return candidate
        raise OSError(f"no free RTP port in {self._ports}")
