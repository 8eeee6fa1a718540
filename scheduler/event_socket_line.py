"""The TCP connection below the Event Socket: opened, bounded, and asked whether both sides still keep it."""

import socket
import struct

CONNECT_WAIT_S = 3.0
SEND_WAIT_S = 2.0
"""So long what is sent waits for room in our own kernel."""
UNACKNOWLEDGED_S = 2.5
"""So long our kernel offers it to the other side's, also after we gave the connection up; then it drops it."""
TCP_ESTABLISHED = 1
"""Linux's name for a connection that both sides keep (tcp_states.h)."""


def connected(address: tuple[str, int]) -> socket.socket:
    """Open a connection that waits for nothing longer than CONNECT_WAIT_S; raises OSError."""
    connection = socket.create_connection(address, CONNECT_WAIT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


def bound_sends_alone(connection: socket.socket) -> None:
    """Let reads wait for ever: a timeout of the socket ends them too, and these only what is sent.

    What is sent has reached the other machine after SEND_WAIT_S + UNACKNOWLEDGED_S, or never will.
    """
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNACKNOWLEDGED_S * 1000))
    seconds, fraction = divmod(SEND_WAIT_S, 1)
    limit = struct.pack("@ll", int(seconds), int(fraction * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def send(connection: socket.socket, data: bytes) -> None:
    """Send a command; raises OSError when it did not get into our kernel in one piece within SEND_WAIT_S.

    The rest of one that did not is never sent: `sendall` would wait anew for each piece.
    """
    if connection.send(data) < len(data):
        raise BlockingIOError("there is no room for all of it")


def is_established(connection: socket.socket) -> bool:
    """Whether the other side has neither closed nor reset the connection, as the kernel knows it this moment.

    A process that was killed has closed its connections; what is sent after that, nobody will ever read.
    """
    try:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_ESTABLISHED
    except OSError:  # it was closed on our side
        return False
