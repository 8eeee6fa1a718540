"""The Event Socket client: one persistent connection that comes back by itself; nothing is ever sent twice."""

import contextlib
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from dialer.errors import DialerError
from scheduler.event_socket_line import CONNECT_WAIT_S, bound_sends_alone, connected, is_established, send
from scheduler.event_socket_messages import (
    BrokenStream,
    Event,
    Message,
    NoPassword,
    SignInRefused,
    encode,
    read_message,
)

logger = logging.getLogger(__name__)

REPLY_WAIT_S = 5.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0

CONNECTED = "connected to the switch's Event Socket"
DISCONNECTED = "the Event Socket is away, connecting again"
NO_REPLY = "the switch did not reply in time, the connection is given up"
LISTENER_FAILED = "handling news of the switch failed"


class NotSent(DialerError):
    """The command surely did not reach the switch: there is no connection. Try again when it is back."""


class MaybeSent(DialerError):
    """The command may have reached the switch but no reply came: never send it again, look what became of it."""


class Unread(MaybeSent):
    """The connection was reset behind the command: a switch that died read no more than a part of it, if any.

    A kernel resets a connection, instead of ending it in order, whose owner leaves something unread; what is unread is
    the end of what came last. Only if that switch lives on may somebody else have reset the connection.
    """


class Unanswered(MaybeSent):
    """No reply has come yet. look: waits so many seconds; raises this again, MaybeSent, CommandRefused, or returns when
    a good one came, on time.monotonic's clock.
    """

    def __init__(self, look: Callable[[float], float]) -> None:
        super().__init__("the switch has not replied yet")
        self.look = look


class CommandRefused(DialerError):
    """The switch understood the command and refuses it: the message is its reply."""


class Listener(Protocol):
    """Who owns the connection. Called on the reader's thread: return at once and send no command from here."""

    def connected(self, core_uuid: str) -> None:
        """Hear that commands can be sent; core_uuid changes when the switch was restarted."""

    def disconnected(self) -> None:
        """Hear that no command can be sent and events are missed."""

    def event(self, headers: Mapping[str, str]) -> None:
        """Hear one event; its body stands under `_body`."""


@dataclass(slots=True)
class _Reply:
    """The place of one command's reply in the order of replies."""

    arrived: threading.Event = field(default_factory=threading.Event)
    at: float = 0.0
    message: Message | None = None
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class _Sent:
    """A command on its way, and the connection it went over."""

    connection: socket.socket
    reply: _Reply


class EventSocket:
    """Thread-safe. password: asked for each connection; may raise NoPassword.

    subscriptions: commands sent after each sign-in, such as `event plain CHANNEL_HANGUP_COMPLETE`.
    """

    def __init__(
        self, host: str, port: int, password: Callable[[], str], subscriptions: Sequence[str], listener: Listener
    ) -> None:
        self._address = (host, port)
        self._password = password
        self._subscriptions = subscriptions
        self._listener = listener
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._core_uuid = ""
        self._is_ready = False
        self._is_shut = False
        self.is_refused = False
        """Whether the last connection ended because no password was at hand, or because ours was refused."""
        self._replies: deque[_Reply] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="event-socket", daemon=True)

    def start(self) -> None:
        """Connect, and connect again whenever it breaks, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Close the connection for good."""
        self._stopping.set()
        self._close()
        self._thread.join(CONNECT_WAIT_S)

    @property
    def is_connected(self) -> bool:
        """Whether a command could be sent now."""
        return self._is_ready

    def api(self, command: str, wait_s: float = REPLY_WAIT_S) -> str:
        """Run an API command and return its answer; raises NotSent, MaybeSent. Keep to commands that answer at once."""
        return self._reply_to(self._put(encode(f"api {command}")), wait_s).body

    def bgapi(
        self,
        command: str,
        wait_s: float = REPLY_WAIT_S,
        core_uuid: str | None = None,
        patience_s: float | None = None,
        latest_s: float = float("inf"),
    ) -> float:
        """Start an API command; its answer comes as event BACKGROUND_JOB, which repeats the command.

        Returns when the reply came, on time.monotonic's clock.

        core_uuid: the only life of the switch that it is meant for. patience_s: how long the caller is held up at most;
        the connection is given up after wait_s all the same. latest_s: when it is too late to send it, on
        time.monotonic's clock. Raises NotSent, MaybeSent, CommandRefused, Unanswered.
        """
        sent = self._put(encode(f"bgapi {command}"), core_uuid, latest_s)
        until = time.monotonic() + wait_s

        def look(patience_s: float) -> float:
            left_s = max(until - time.monotonic(), 0.0)
            if not sent.reply.arrived.wait(min(patience_s, left_s)) and patience_s < left_s:
                raise Unanswered(look)
            message = self._reply_to(sent, 0.0)
            if not message.reply.startswith("+OK"):
                raise CommandRefused(message.reply)
            return sent.reply.at

        return look(float("inf") if patience_s is None else patience_s)

    def _put(self, data: bytes, core_uuid: str | None = None, latest_s: float = float("inf")) -> _Sent:
        """Send a command; raises NotSent, MaybeSent."""
        reply = _Reply()
        with self._lock:
            connection = self._connection
            if connection is None or not self._is_ready:
                raise NotSent("there is no connection to the switch")
            if core_uuid not in (None, self._core_uuid):
                raise NotSent("the switch was restarted meanwhile")
            if not is_established(connection):
                raise NotSent("the switch has closed the connection, which the reader has not noticed yet")
            if time.monotonic() > latest_s:  # the last thing before it is sent: whatever held it up lies behind it
                raise NotSent("it is too late for it")
            self._replies.append(reply)  # under the lock: replies come in the order of the commands
            try:
                send(connection, data)
            except OSError as error:
                self._shut(connection)
                raise MaybeSent("the connection broke while the command was sent") from error
        return _Sent(connection, reply)

    def _reply_to(self, sent: _Sent, wait_s: float) -> Message:
        """Wait for the reply, and give the connection up when none comes; raises MaybeSent."""
        reply = sent.reply
        if not reply.arrived.wait(wait_s):
            logger.error(NO_REPLY)
            self._shut(sent.connection)
            raise MaybeSent("the switch did not reply in time")
        if reply.message is None:
            if reply.is_unread:
                raise Unread("the connection was reset before the command was read")
            raise MaybeSent("the connection broke before the reply")
        return reply.message

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._serve()
            except (OSError, BrokenStream) as error:
                if not self._stopping.is_set():
                    logger.warning(DISCONNECTED, extra={"reason": str(error)})
                self.is_refused = isinstance(error, NoPassword | SignInRefused)
                # What we shut ourselves is reset by our own kernel when more arrives.
                self._lose(was_reset=isinstance(error, ConnectionResetError) and not self._is_shut)
            else:
                self._lose()
            if time.monotonic() - began > LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _serve(self) -> None:
        """Hold one connection from sign-in to its end."""
        with connected(self._address) as connection:
            with self._lock:
                self._connection, self._is_shut = connection, False
            stream = connection.makefile("rb")
            core_uuid = self._sign_in(connection, stream)
            bound_sends_alone(connection)
            self._core_uuid, self._is_ready = core_uuid, True
            logger.info(CONNECTED, extra={"core_uuid": core_uuid})
            self._tell(lambda: self._listener.connected(core_uuid))
            while not self._stopping.is_set():
                self._take(read_message(stream))

    def _sign_in(self, connection: socket.socket, stream: BinaryIO) -> str:
        if read_message(stream).kind != "auth/request":
            raise BrokenStream("the switch did not ask for a password")
        for command in (f"auth {self._password()}", *self._subscriptions):
            connection.sendall(encode(command))
            reply = self._next_reply(stream, "command/reply").reply
            if not reply.startswith("+OK"):
                kind = SignInRefused if command.startswith("auth") else BrokenStream
                raise kind(f"the switch refused {command.split()[0]}: {reply}")
        self.is_refused = False
        connection.sendall(encode("api global_getvar core_uuid"))
        return self._next_reply(stream, "api/response").body.strip()

    def _next_reply(self, stream: BinaryIO, kind: str) -> Message:
        """Return the next message of this kind; events that come in between are told."""
        while (message := read_message(stream)).kind != kind:
            if message.kind == "text/rude-rejection":
                raise BrokenStream("the switch's access list refuses us")
            self._take(message)
        return message

    def _take(self, message: Message) -> None:
        match message.kind:
            case "command/reply" | "api/response":
                with self._lock:
                    reply = self._replies.popleft() if self._replies else None
                if reply is None:
                    raise BrokenStream("a reply came that no command waits for")
                reply.message, reply.at = message, time.monotonic()
                reply.arrived.set()
            case "text/event-plain":
                self._tell(lambda: self._listener.event(Event(message.body)))
            case "text/disconnect-notice":
                raise BrokenStream("the switch ends the connection")

    def _tell(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception:
            logger.exception(LISTENER_FAILED)

    def _shut(self, connection: socket.socket) -> None:
        """Wake the reader, which then opens another connection; no reply of this one can be matched any more."""
        if self._connection is connection:
            self._is_ready, self._is_shut = False, True
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        connection = self._connection
        if connection is not None:
            self._shut(connection)

    def _lose(self, *, was_reset: bool = False) -> None:
        with self._lock:
            self._is_ready, self._connection = False, None
            waiting, self._replies = self._replies, deque()
        if was_reset and waiting:
            waiting[-1].is_unread = True  # those before it may have been read
        for reply in waiting:
            reply.arrived.set()
        self._tell(self._listener.disconnected)
