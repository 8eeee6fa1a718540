"""The one adapter to the switch: a call's channel as the conversation sees it. Nothing else names `freeswitch`."""

import logging
import os
from collections import deque
from pathlib import Path
from typing import Any

from dialer.call_ids import CALL
from dialer.dial_string import UUID, operator_leg
from dialer.errors import UnsafeDialString
from dialer.switch_facts import TAPPED

# Not `import freeswitch`: where the switch's module is missing, that would find the folder of this name and succeed.
from freeswitch import API, consoleLog, setGlobalVariable  # type: ignore[attr-defined]

logger = logging.getLogger(__name__)

NO_TRANSFER = "the callee could not be put through, the operator's leg is not safe to dial"
KEYS = frozenset("0123456789*#")
GO_ON = ""
"""What an input callback returns to let a prompt go on; `None` would end it."""
BREAK = "break"
"""What an input callback returns to end the prompt or the wait at once."""


class Channel:
    """One answered call. Every method is called on the call's own thread and returns soon after a hang-up.

    Keys are kept in the order they were pressed, also those pressed between two prompts: the switch queues
    them and hands them to the callback when the next prompt or wait begins.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._pressed: deque[str] = deque()
        self.digits = ""  # every key so far, in order
        self._is_waiting_for_key = False
        # Without it the switch sends nothing while it listens: carriers that wait for our first packet before
        # they send theirs would stay silent, and the callee's answer would not be heard.
        session.setVariable("send_silence_when_idle", "-1")
        self.uuid = session.getVariable("uuid") or ""
        session.setInputCallback(self._on_input)

    def _on_input(self, session: Any, what: str, event: Any, argument: Any = None) -> str:  # noqa: ARG002
        """Take one key; called by the switch on the call's thread. Must not raise: the switch would print and go on."""
        if what == "dtmf":
            digit = str(event.digit)
            if digit in KEYS:
                self._pressed.append(digit)
                self.digits += digit
                if self._is_waiting_for_key:
                    return BREAK
        return GO_ON

    def variable(self, name: str) -> str:
        """Return a channel variable, empty when it is not set."""
        return self._session.getVariable(name) or ""

    def remember(self, name: str, value: str) -> None:
        """Set a channel variable, which the hangup hook finds as `variable_<name>`."""
        self._session.setVariable(name, value)

    def is_up(self) -> bool:
        """Say whether the call is still there."""
        return bool(self._session.ready())

    def has_key(self) -> bool:
        """Say whether a key was pressed that nobody has taken yet."""
        return bool(self._pressed)

    def take_key(self) -> str | None:
        """Return the oldest key nobody has taken yet, None when there is none."""
        return self._pressed.popleft() if self._pressed else None

    def play(self, path: Path, *, until_key: bool) -> None:
        """Play a file to its end; with `until_key` a key ends it, one already pressed before it begins.

        The path is given to the switch as it is, so it comes from our settings and a checked flow only.
        """
        if until_key and self._pressed:
            return
        self._is_waiting_for_key = until_key
        try:
            self._session.streamFile(str(path), 0)
        finally:
            self._is_waiting_for_key = False

    def wait(self, duration_ms: int) -> None:
        """Wait, in silence, until a key is there, the call has ended or the time is over."""
        if self._pressed:
            return
        self._is_waiting_for_key = True
        try:
            self._session.sleep(duration_ms, 0)
        finally:
            self._is_waiting_for_key = False

    def pause(self, duration_ms: int) -> None:
        """Wait until the time is over or the call has ended, whatever is pressed."""
        self._session.sleep(duration_ms, 0)

    def interrupt(self) -> None:
        """End the prompt that plays; the one method that other threads than the call's may use."""
        if UUID.fullmatch(self.uuid):
            # API commands hold the interpreter until they return: this one only sets a flag on the channel.
            API().executeString(f"uuid_break {self.uuid}")

    def hears_key_events(self) -> bool:
        """Say whether the callee's SDP offers telephone-event (RFC 4733)."""
        return "telephone-event" in self.variable("switch_r_sdp").lower()

    def start_tone_keys(self) -> None:
        """Listen for keys as tones in the audio too. Costs CPU, and doubles keys that also come as events."""
        self._session.execute("start_dtmf", "")

    def start_tap(self, path: Path, longest_s: int = 0) -> None:
        """Write what the callee says to a growing headerless file: 16-bit little-endian, 8 kHz, mono (`.r8`).

        longest_s: the switch ends it by itself then; 0: it goes on until it is stopped. Only its owner may read it.
        """
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        self._session.setVariable(TAPPED, "true")
        self._session.setVariable("enable_file_write_buffering", "false")
        self._session.execute("record_session", f"{path} +{longest_s}" if longest_s else str(path))
        self._session.setVariable(TAPPED, "false")
        self._session.setVariable("enable_file_write_buffering", "true")

    def end_early_tap(self, path: Path) -> None:
        """End and delete the recording of what came before the answer; the dial string asked for it."""
        self._session.execute("stop_record_session", str(path))
        self._session.setVariable(TAPPED, "false")
        self._session.setVariable("enable_file_write_buffering", "true")
        path.unlink(missing_ok=True)

    def start_recording(self, path: Path) -> None:
        """Record the whole call, both sides mixed, to a WAV file that the switch closes at the hang-up."""
        self._session.execute("record_session", str(path))

    def stop_recording(self, path: Path) -> None:
        """End a tap or a recording."""
        self._session.execute("stop_record_session", str(path))

    def bridge(self, number: str) -> bool:
        """Connect the callee with `number` (E.164) over the gateway of this call until one of them hangs up."""
        gateway, caller_id = self.variable("sip_gateway_name"), self.variable("origination_caller_id_number")
        try:
            leg = operator_leg(number, gateway, caller_id)
        except UnsafeDialString as unsafe:
            logger.error(NO_TRANSFER, extra={"reason": str(unsafe)})  # noqa: TRY400 - expected, no traceback
            return False
        self._session.execute("bridge", leg)
        return self.variable("originate_disposition") == "SUCCESS"

    def bridge_failure(self) -> tuple[str, int | None]:
        """Return the hangup cause and the SIP status with which the leg of the last `bridge` ended, unanswered."""
        kind, _, code = self.variable("last_bridge_proto_specific_hangup_cause").partition(":")
        return self.variable("originate_disposition"), int(code) if kind == "sip" and code.isdecimal() else None

    def hang_up(self, cause: str) -> None:
        """End the call; nothing happens when it has ended."""
        self._session.hangup(cause)

    def release(self) -> None:
        """Let go of the switch's session: until that is done the switch can't end the channel."""
        self._session.unsetInputCallback()
        self._session.destroy()


def end_from_outside(uuid: str, cause: str) -> None:
    """End a call that no script of ours holds yet. Any thread may: the switch does it behind the command's back."""
    if UUID.fullmatch(uuid):
        API().executeString(f"bgapi uuid_kill {uuid} {cause}")


def disown(uuid: str) -> None:
    """Take a leg that is concluded for none of ours: its final event is then sent to nobody, ten kilobytes each."""
    if UUID.fullmatch(uuid):
        API().executeString(f"uuid_setvar {uuid} {CALL}")


def write_log(level: str, line: str) -> None:
    """Write one line to the switch's log. level: debug, info, warning, err or crit."""
    consoleLog(level, line + "\n")


def tell_all(name: str, value: str) -> None:
    """Set a global variable of the switch, which whoever speaks to its Event Socket can read."""
    setGlobalVariable(name, value)
