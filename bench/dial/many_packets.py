"""RTP to and from hundreds of calls with a system call a batch: recvmmsg with the kernel's stamps, and sendmmsg."""

import contextlib
import ctypes
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>; the socket module has no name for it
SO_RCVBUFFORCE = 33
BUFFER_BYTES = 64 * 1024 * 1024
BATCH = 1024
HEADER_BYTES = 12  # of RTP; the rest of a packet is cut off
CONTROL_BYTES = 64
NAME_BYTES = 16  # sockaddr_in


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):  # struct mmsghdr
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_int),
        ("received", ctypes.c_uint32),
    )


_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Packets:
    """What arrived, a row a packet. at_ns: the kernel's stamp; port: the sender's; sequence, timestamp: of RTP."""

    at_ns: npt.NDArray[np.int64]
    port: npt.NDArray[np.int64]
    sequence: npt.NDArray[np.int64]
    timestamp: npt.NDArray[np.int64]

    @staticmethod
    def joined(parts: Sequence["Packets"]) -> "Packets":
        """Return all rows in order."""
        empty = np.empty(0, np.int64)
        return Packets(
            *(
                np.concatenate([getattr(part, name) for part in parts]) if parts else empty
                for name in ("at_ns", "port", "sequence", "timestamp")
            )
        )


def udp_socket(ip: str) -> socket.socket:
    """Open a UDP socket on a free port with room for what comes while its reader is not running."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.suppress(PermissionError):
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    opened.bind((ip, 0))
    return opened


class Receiver:
    """Takes what waits at a socket. Packets shorter than an RTP header are dropped."""

    def __init__(self, receiving: socket.socket) -> None:
        receiving.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._descriptor = receiving.fileno()
        self._heads = np.zeros((BATCH, HEADER_BYTES), np.uint8)
        self._controls = np.zeros((BATCH, CONTROL_BYTES), np.uint8)
        self._names = np.zeros((BATCH, NAME_BYTES), np.uint8)
        self._vectors = (_Vector * BATCH)()
        self._messages = (_Message * BATCH)()
        for i in range(BATCH):
            self._vectors[i] = _Vector(self._heads[i].ctypes.data, HEADER_BYTES)
            self._messages[i] = _Message(
                self._names[i].ctypes.data, NAME_BYTES, ctypes.pointer(self._vectors[i]), 1,
                self._controls[i].ctypes.data, CONTROL_BYTES, 0, 0, 0,
            )  # fmt: skip
        self._fresh = bytes(self._messages)

    def take(self) -> Packets | None:
        """Return up to a batch of packets, None when none waits. Raises OSError."""
        ctypes.memmove(self._messages, self._fresh, len(self._fresh))
        count = _libc.recvmmsg(self._descriptor, self._messages, BATCH, socket.MSG_DONTWAIT, None)
        if count < 0:
            if ctypes.get_errno() in (11, 4):  # EAGAIN, EINTR
                return None
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        whole = np.array([self._messages[i].received >= HEADER_BYTES for i in range(count)], bool)
        heads, names = self._heads[:count][whole], self._names[:count][whole]
        stamps = np.ascontiguousarray(self._controls[:count, 16:32][whole]).view("<i8")
        return Packets(
            stamps[:, 0] * 1_000_000_000 + stamps[:, 1],
            _whole_number(names[:, 2:4]),
            _whole_number(heads[:, 2:4]),
            _whole_number(heads[:, 4:8]),
        )


def _whole_number(columns: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Read each row as one big-endian number."""
    weights = 256 ** np.arange(columns.shape[1] - 1, -1, -1)
    return (columns.astype(np.int64) * weights).sum(axis=1)


class Sender:
    """Sends one packet to many addresses at once."""

    def __init__(self, sending: socket.socket) -> None:
        self._descriptor = sending.fileno()
        self._addresses: Sequence[tuple[str, int]] = ()
        self._messages: ctypes.Array[_Message] | None = None
        self._payload = ctypes.create_string_buffer(1500)
        self._vector = _Vector(ctypes.addressof(self._payload), 0)
        self._names = np.zeros((0, NAME_BYTES), np.uint8)

    def send(self, packet: bytes, addresses: Sequence[tuple[str, int]]) -> None:
        """Send; what the kernel does not take is lost, as on any network."""
        if addresses != self._addresses or self._messages is None:
            self._prepare(addresses)
        ctypes.memmove(self._payload, packet, len(packet))
        self._vector.length = len(packet)
        done = 0
        while done < len(addresses):
            rest = ctypes.byref(self._messages, done * ctypes.sizeof(_Message))  # type: ignore[arg-type]
            sent = _libc.sendmmsg(self._descriptor, rest, min(BATCH, len(addresses) - done), 0)
            if sent <= 0:
                return
            done += sent

    def _prepare(self, addresses: Sequence[tuple[str, int]]) -> None:
        names = [
            socket.AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + socket.inet_aton(ip) + bytes(8)
            for ip, port in addresses
        ]
        self._names = np.frombuffer(b"".join(names), np.uint8).reshape(-1, NAME_BYTES).copy()
        self._messages = (_Message * max(1, len(addresses)))()
        for i in range(len(addresses)):
            self._messages[i] = _Message(
                self._names[i].ctypes.data, NAME_BYTES, ctypes.pointer(self._vector), 1, None, 0, 0, 0, 0
            )
        self._addresses = addresses
