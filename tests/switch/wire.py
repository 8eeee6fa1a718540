"""Hears the wire: what chosen callees of the suite say and hear, packet by packet, with the kernel's own times."""

import contextlib
import ctypes
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sipp import tones
from sipp.alaw import encode

SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>; the socket module has no name for it
SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33
BUFFER_BYTES = 8 * 1024 * 1024
STAMP = struct.Struct("@qq")
PACKET_S = 0.02
RTP_HEADER_BYTES = 12
PCMA = 8
LOUD = 300.0
"""Root mean square, of 32768: above the line's noise, below every tone and voice of the suite."""
GAP_S = 0.25
"""Sound that pauses for less is one stretch."""


def _decoded() -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    """Return the sample of each A-law byte, found by encoding every sample there is."""
    every = np.arange(-32768, 32768, 8, dtype=np.int16)
    table = np.zeros(256, np.int16)
    table[np.frombuffer(encode(every), np.uint8)] = every
    return table


DECODED = _decoded()


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of sound. Epoch seconds."""

    begins: float
    ends: float


@dataclass(slots=True)
class Side:
    """One direction of a call's audio: (epoch seconds, loudness) of each packet."""

    packets: list[tuple[float, float]] = field(default_factory=list)

    def stretches(self) -> list[Stretch]:
        """Return every stretch of sound, in order."""
        found: list[Stretch] = []
        for at, loudness in self.packets:
            if loudness <= LOUD:
                continue
            if found and at - found[-1].ends <= GAP_S:
                found[-1] = Stretch(found[-1].begins, at + PACKET_S)
            else:
                found.append(Stretch(at, at + PACKET_S))
        return found


@dataclass(slots=True)
class Heard:
    """What passed between the switch and one callee. answered_at: its 200 to the INVITE, epoch seconds."""

    said: Side = field(default_factory=Side)
    heard: Side = field(default_factory=Side)
    answered_at: float | None = None

    def first_heard_after(self, moment: float) -> float:
        """Return when the callee began to hear something after this moment."""
        return next(one.begins for one in self.heard.stretches() if one.begins > moment)


class Wire:
    """A raw socket on the loopback, filtered by the kernel to the ports of the callees that are to be heard."""

    def __init__(self, first_port: int, last_port: int) -> None:
        self.calls: dict[int, Heard] = defaultdict(Heard)  # by the callee's SIP port
        self._first, self._last = first_port, last_port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        with contextlib.suppress(PermissionError):
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        self._filter = _port_filter(first_port, last_port)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, self._filter.option)
        self._socket.settimeout(0.2)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                packet, ancillary, _, _ = self._socket.recvmsg(4096, 64)
                seconds, nanoseconds = STAMP.unpack_from(ancillary[0][2])
                self._take(packet, seconds + nanoseconds / 1e9)

    def _take(self, packet: bytes, at: float) -> None:
        start = (packet[0] & 0x0F) * 4
        source, target = struct.unpack_from("!HH", packet, start)
        payload = packet[start + 8 :]
        is_said = self._first <= source <= self._last
        port = source if is_said else target
        call = self.calls[port - (port - self._first) % PORTS_PER_CALLEE]
        if payload.startswith(b"SIP/2.0 200") and b"INVITE" in payload.partition(b"CSeq:")[2].partition(b"\r\n")[0]:
            call.answered_at = call.answered_at or at
        elif len(payload) > RTP_HEADER_BYTES and payload[0] == 0x80 and payload[1] & 0x7F == PCMA:
            samples = DECODED[np.frombuffer(payload, np.uint8, offset=RTP_HEADER_BYTES)].astype(np.float32)
            side = call.said if is_said else call.heard
            side.packets.append((at, float(np.sqrt(np.mean(samples**2)))))

    def start(self) -> None:
        """Hear from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Hear no more."""
        self._over.set()
        self._thread.join()
        self._socket.close()


PORTS_PER_CALLEE = 8


class _Filter:
    """A classic BPF program and the memory it lies in."""

    def __init__(self, code: list[tuple[int, int, int, int]]) -> None:
        packed = b"".join(struct.pack("HBBI", *line) for line in code)
        self._program = ctypes.create_string_buffer(packed)
        self.option = struct.pack("HL", len(code), ctypes.addressof(self._program))


def _port_filter(first: int, last: int) -> _Filter:
    """Let through UDP whose source or target port is from `first` to `last`."""
    load_header_length, load_half, at_least, more_than, done = 0xB1, 0x48, 0x35, 0x25, 0x06
    return _Filter(
        [
            (load_header_length, 0, 0, 0),
            (load_half, 0, 0, 0),  # source port
            (at_least, 0, 1, first),
            (more_than, 0, 4, last),
            (load_half, 0, 0, 2),  # target port
            (at_least, 0, 1, first),
            (more_than, 0, 1, last),
            (done, 0, 0, 0),
            (done, 0, 0, 0xFFFF),
        ]
    )


@contextlib.contextmanager
def listening(first_port: int, last_port: int) -> Iterator[Wire]:
    """Hear these ports while the block runs."""
    wire = Wire(first_port, last_port)
    wire.start()
    try:
        yield wire
    finally:
        wire.stop()


assert tones.RATE * PACKET_S == 160
