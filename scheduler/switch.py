"""The switch as the scheduler sees it: what it is asked, and who hears its news."""

import json
import re
import threading
from collections.abc import Callable, Mapping

from db.claims import ClaimedAttempt
from dialer.call_ids import CALL
from dialer.dial_string import UUID, attempt_in
from dialer.hangup_cause import WITHDRAWN
from dialer.spool_sign import VARIABLE, SpoolSign, read
from scheduler.event_socket import EventSocket, NotSent
from scheduler.gateway_states import GatewayStates, status_in

SUBSCRIPTIONS = (
    "event plain BACKGROUND_JOB CHANNEL_HANGUP_COMPLETE CUSTOM sofia::gateway_state",
    # Filters let through what matches any of them: our own legs alone, of all that hang up.
    "filter Event-Name BACKGROUND_JOB",
    "filter Event-Subclass sofia::gateway_state",
    f"filter variable_{CALL} /:/",
)
ORIGINATE_WAIT_S = 2.0
SHOW_CHANNELS_WAIT_S = 10.0
TOTAL = re.compile(r"^(\d+) total", re.MULTILINE)

Headers = Mapping[str, str]


class UnclearAnswer(NotSent):
    """The switch answered something that says nothing: ask again later."""


class Switch:
    """One switch. on_connected is told the Core-UUID; every callback runs on the reader's thread: return at once."""

    def __init__(
        self,
        host: str,
        port: int,
        password: Callable[[], str],
        *,
        on_hangup: Callable[[Headers], None],
        on_reply: Callable[[str, str], None],
        on_connected: Callable[[str], None],
        on_disconnected: Callable[[], None] = lambda: None,
        tap_dir: str = "",
    ) -> None:
        """on_reply hears (attempt id, answer) of each originate's end; on_disconnected comes before a reconnection.

        tap_dir: where the switch records early media, absolute; empty: it does not. Each switch says its own.
        """
        self._socket = EventSocket(host, port, password, SUBSCRIPTIONS, self)
        self._on_hangup, self._on_reply = on_hangup, on_reply
        self._on_connected, self._on_disconnected = on_connected, on_disconnected
        self.tap_dir = tap_dir
        self._lock = threading.Lock()
        self._core_uuid: str | None = None
        self.gateways = GatewayStates()

    def start(self) -> None:
        """Connect, and stay connected."""
        self._socket.start()

    def stop(self) -> None:
        """Disconnect for good."""
        self._socket.stop()

    @property
    def core_uuid(self) -> str | None:
        """The Core-UUID while connected, None while the switch is away."""
        return self._core_uuid if self._socket.is_connected else None

    @property
    def is_refused(self) -> bool:
        """Whether the last attempt to sign in failed by the password."""
        return self._socket.is_refused

    def originate(
        self,
        attempt: ClaimedAttempt,
        core_uuid: str,
        patience_s: float | None = None,
        latest_s: float = float("inf"),
    ) -> float:
        """Ask for the call; raises UnsafeDialString, NotSent, MaybeSent, CommandRefused, Unanswered.

        Returns when the switch replied, on time.monotonic's clock.

        core_uuid: the life of the switch for which it was marked; another one is not asked, since whoever compares
        attempts with channels would take the call for one that died with the switch.
        The reply repeats the command, so that it needs no memory of ours. patience_s: Unanswered is raised after it,
        while the reply is still waited for. latest_s: when it is too late to send it, on time.monotonic's clock.
        """
        command = f"originate {attempt.dial_string(self.tap_dir)}"
        return self._socket.bgapi(command, ORIGINATE_WAIT_S, core_uuid, patience_s, latest_s)

    def channel_exists(self, attempt_id: str) -> bool:
        """Ask uuid_exists, which is right at once; raises NotSent, MaybeSent, UnclearAnswer."""
        if not UUID.fullmatch(attempt_id):
            raise ValueError(f"{attempt_id!r} is no attempt's id")
        match self._socket.api(f"uuid_exists {attempt_id}").strip():
            case "true":
                return True
            case "false":
                return False
            case _:
                raise UnclearAnswer("uuid_exists answered neither true nor false")

    def hang_up(self, attempt_id: str) -> bool:
        """End the channel by our own decision; False when there is none. Raises NotSent, MaybeSent."""
        if not UUID.fullmatch(attempt_id):
            raise ValueError(f"{attempt_id!r} is no attempt's id")
        return self._socket.api(f"uuid_kill {attempt_id} {WITHDRAWN}").startswith("+OK")

    def channels(self) -> frozenset[str]:
        """Return the UUIDs that `show channels` lists, which is up to half a second late; raises as channel_exists."""
        try:
            listed = json.loads(self._socket.api("show channels as json", SHOW_CHANNELS_WAIT_S))
            return frozenset(str(row["uuid"]) for row in listed.get("rows") or [])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnclearAnswer("show channels answered no list") from error

    def channel_count(self) -> int:
        """Return how many channels of any kind are up; raises as channel_exists."""
        found = TOTAL.search(self._socket.api("show channels count"))
        if found is None:
            raise UnclearAnswer("show channels count answered no number")
        return int(found[1])

    def sign_of_life(self) -> SpoolSign | None:
        """Return what the scripts in the switch said last, None: nothing yet. Raises NotSent, MaybeSent."""
        return read(self._socket.api(f"global_getvar {VARIABLE}"))

    def poll_gateways(self, names: list[str]) -> None:
        """Learn whether these gateways are up; raises NotSent, MaybeSent. Events tell of changes in between."""
        for name in names:
            status = status_in(self._socket.api(f"sofia status gateway {name}"))
            self.gateways.learn(name, status)
        self.gateways.is_complete = True

    def connected(self, core_uuid: str) -> None:
        """Hear of the connection (the reader's thread)."""
        with self._lock:
            self._core_uuid = core_uuid
        self.gateways.forget()
        self._on_connected(core_uuid)

    def disconnected(self) -> None:
        """Hear that it is gone (the reader's thread)."""
        with self._lock:
            self._core_uuid = None
        self._on_disconnected()

    def event(self, headers: Headers) -> None:
        """Hear one event (the reader's thread)."""
        match headers.get("Event-Name"):
            case "CHANNEL_HANGUP_COMPLETE":
                self._on_hangup(headers)
            case "BACKGROUND_JOB" if attempt_id := attempt_in(headers.get("Job-Command-Arg", "")):
                self._on_reply(attempt_id, headers.get("_body", ""))
            case "CUSTOM":
                self.gateways.learn(headers.get("Gateway", ""), headers.get("Ping-Status"))
