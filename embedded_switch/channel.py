"""A channel: one leg with its variables, its queue of digits and where it is in its life."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedded_switch.leg import LegState
from embedded_switch.switch_log import about, log

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_switch.gateway import Gateway
    from embedded_switch.leg import Leg, Sink

SOURCES = {"rfc2833": "RTP", "info": "ENDPOINT", "inband": "INBAND_AUDIO"}
SAMPLES_PER_MS = 8
DIGIT_SAMPLES_MIN, DIGIT_SAMPLES_MAX = 400, 192_000  # FreeSWITCH's bounds of a digit's duration
DIGITS_QUEUED_MAX = 100


@dataclass(frozen=True, slots=True)
class Digit:
    """A pressed key. duration: samples at 8 kHz, as FreeSWITCH counts it. source: RTP, ENDPOINT, INBAND_AUDIO, APP."""

    digit: str
    duration: int
    source: str


@dataclass(slots=True)
class CallerProfile:
    """Who calls whom, as the Caller-… headers say it. A transfer makes a new one: profile_index grows."""

    caller_id_name: str
    caller_id_number: str
    destination_number: str
    dialed_number: str
    dialplan: str = ""
    context: str = "default"
    profile_index: int = 1
    created_at: int = field(default_factory=lambda: time.time_ns() // 1000)


class Channel:
    """One call inside the switch. Everything happens on the event loop."""

    def __init__(
        self,
        uuid: str,
        profile_name: str,
        gateway: Gateway,
        caller: CallerProfile,
        global_variable: Callable[[str], str | None],
    ) -> None:
        self.uuid = uuid
        self.gateway = gateway
        self.caller = caller
        self.profile_name = profile_name
        self.name = f"sofia/{profile_name}/{caller.dialed_number}"
        self.session_id = 0
        self.variables: dict[str, str] = {}
        self.leg: Leg | None = None
        self.state = "CS_CONSUME_MEDIA"
        self.hit_dialplan = False
        self.digits: deque[Digit] = deque()
        self.digits_dialed = ""
        self.break_requested = False
        self.recordings: dict[str, Sink] = {}
        self.timers: list[asyncio.TimerHandle] = []
        self.application = ""
        self.application_data = ""
        self.transfer_to: tuple[str, str, str] | None = None  # extension, dialplan, context
        self.answered_once = False
        self.created_at = time.time_ns() // 1000
        self._global_variable = global_variable
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def ready(self) -> bool:
        """Say whether the call is up, or coming up."""
        return self.leg is not None and self.leg.state is not LegState.ENDED

    @property
    def media_ready(self) -> bool:
        """Say whether audio can flow."""
        return self.leg is not None and self.leg.state in (LegState.EARLY, LegState.ANSWERED)

    @property
    def ended(self) -> bool:
        """Say whether the call is over."""
        return self.leg is not None and self.leg.state is LegState.ENDED

    def log(self, level: int, text: str, *args: object) -> None:
        """Log a line about this channel."""
        log.log(level, text, *args, extra=about(self.uuid), stacklevel=2)

    def get(self, name: str) -> str | None:
        """Return a variable of the channel, a field of its caller profile, or a global variable."""
        found = self.variables.get(name)
        if found is not None:
            return found
        caller = self.caller
        fields = {
            "uuid": self.uuid,
            "destination_number": caller.destination_number,
            "caller_id_name": caller.caller_id_name,
            "caller_id_number": caller.caller_id_number,
            "ani": caller.caller_id_number,
            "context": caller.context,
            "dialplan": caller.dialplan,
            "chan_name": self.name,
            "channel_name": self.name,
            "network_addr": self.gateway.host,
        }
        return fields.get(name) or self._global_variable(name)

    def set(self, name: str, value: str | None) -> None:
        """Set a variable; None or nothing removes it, as in FreeSWITCH."""
        if value:
            self.variables[name] = value
        else:
            self.variables.pop(name, None)

    def hangup(self, cause: str) -> None:
        """End the call; after that every session call returns at once."""
        if self.leg and not self.ended:
            self.leg.hangup(cause)
            self.poke()

    def queue_digit(self, digit: Digit) -> None:
        """Keep a pressed key until somebody collects it."""
        if len(self.digits) >= DIGITS_QUEUED_MAX:
            self.digits.popleft()
        bounded = min(max(digit.duration, DIGIT_SAMPLES_MIN), DIGIT_SAMPLES_MAX)
        self.digits.append(Digit(digit.digit, bounded, digit.source))
        self.poke()

    def poke(self) -> None:
        """Wake whoever waits for something to happen to this channel."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_change(self, timeout_s: float | None = None) -> None:
        """Return after the next poke, or after the time-out."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.add(waiter)
        timer = loop.call_later(max(timeout_s, 0), self._expire, waiter) if timeout_s is not None else None
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            if timer:
                timer.cancel()

    @staticmethod
    def _expire(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    def take_break(self) -> bool:
        """Say whether uuid_break was asked for, and forget it."""
        asked, self.break_requested = self.break_requested, False
        return asked
