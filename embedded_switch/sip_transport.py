"""The SIP socket: aiosipua's UDP transport, made to hear of unreachable peers and to send bytes again as they were."""

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosipua import UdpSipTransport

logger = logging.getLogger(__name__)

IP_RECVERR = 11  # <linux/in.h>; the socket module has no name for it
MSG_ERRQUEUE = getattr(socket, "MSG_ERRQUEUE", 0x2000)
Address = tuple[str, int]


@dataclass
class SwitchSipTransport(UdpSipTransport):
    """UDP transport on a socket of our own.

    aiosipua's protocol asserts asyncio.DatagramTransport, which Python 3.11's UDP transport is not; ours does not.
    on_unreachable hears the address an ICMP error came back from, as the SIP stack of FreeSWITCH does.
    """

    on_unreachable: Callable[[Address], None] | None = None
    _socket: socket.socket | None = field(default=None, init=False, repr=False)

    async def start(self) -> None:
        """Bind; local_addr then holds the port really taken. Raises OSError."""
        sip_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sip_socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            sip_socket.setblocking(False)
            sip_socket.bind(self.local_addr)
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Protocol(self), sock=sip_socket
            )
        except BaseException:
            sip_socket.close()
            raise
        self._socket = sip_socket
        self._udp_transport = transport
        self.local_addr = sip_socket.getsockname()

    def send_bytes(self, raw: bytes, addr: Address) -> None:
        """Send a message once more exactly as it was."""
        if self._udp_transport is not None:
            self._udp_transport.sendto(raw, addr)

    def receive(self, data: bytes, addr: Address) -> None:
        """Take one datagram; keep-alives that are no SIP are ignored."""
        if data.strip():
            self._dispatch(data, addr)

    def report_errors(self) -> None:
        """Empty the socket's error queue and tell whose port was closed."""
        while self._socket is not None:
            try:
                _, ancillary, _, addr = self._socket.recvmsg(0, 512, MSG_ERRQUEUE)
            except OSError:
                return
            if any(_is_refusal(level, kind, data) for level, kind, data in ancillary) and self.on_unreachable:
                self.on_unreachable((addr[0], addr[1]))


def _is_refusal(level: int, kind: int, data: bytes) -> bool:
    """Tell whether a control message is a struct sock_extended_err that says nobody is there."""
    if (level, kind) != (socket.IPPROTO_IP, IP_RECVERR) or len(data) < 4:
        return False
    return struct.unpack_from("=I", data)[0] in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, owner: SwitchSipTransport) -> None:
        self._owner = owner

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._owner.receive(data, (str(addr[0]), int(addr[1])))

    def error_received(self, exc: Exception) -> None:
        logger.debug("SIP socket reports an error", extra={"error": str(exc)})
        self._owner.report_errors()
