"""The TCP connection below the Event Socket: opened, bounded, and asked whether both sides still keep it."""

import socket
import struct

CONNECT_WAIT_S = 3.0
SEND_WAIT_S = 2.0
TCP_ESTABLISHED = 1
"""Linux's name for a connection that both sides keep (tcp_states.h)."""


def connected(address: tuple[str, int]) -> socket.socket:
    """Open a connection that waits for nothing longer than CONNECT_WAIT_S; raises OSError."""
    connection = socket.create_connection(address, CONNECT_WAIT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


def bound_sends_alone(connection: socket.socket) -> None:
    """Let reads wait for ever: a timeout of the socket ends them too, and this one only what is sent."""
    connection.settimeout(None)
    seconds, fraction = divmod(SEND_WAIT_S, 1)
    limit = struct.pack("@ll", int(seconds), int(fraction * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def is_established(connection: socket.socket) -> bool:
    """Whether the other side has neither closed nor reset the connection, as the kernel knows it this moment.

    A process that was killed has closed its connections; what is sent after that, nobody will ever read.
    """
    try:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_ESTABLISHED
    except OSError:  # it was closed on our side
        return False
