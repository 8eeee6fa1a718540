"""The one author of the originate command's dial string."""

import re
from dataclasses import dataclass

from dialer.call_ids import CALL, CallIds
from dialer.errors import UnsafeDialString
from dialer.retry import RetryBasis

E164 = re.compile(r"\+[1-9]\d{6,14}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FOLDER = re.compile(r"/[A-Za-z0-9_./-]+")
GATEWAY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
ORIGINATED = re.compile(rf"\{{origination_uuid=({UUID.pattern})[,}}]")

EXTENSION = "outbound_call"
CONTEXT = "dialer"
TAP_SUFFIX = ".early.r8"
"""What is heard before the answer is recorded to `<tap folder>/<attempt id>` with this at its end."""
EARLY_S = 30
"""So much of it is recorded at most: the folder is in memory, and what the network has to say comes soon."""
QUIET_S = 60
"""Silence after which the switch takes a line for dead; as in freeswitch/conf/vars.xml."""


@dataclass(frozen=True, slots=True)
class DialString:
    """Everything an originate says: ids and normalised numbers only, nothing a contact file can spell.

    It is short on purpose: the switch reads its Event Socket byte by byte, a microsecond of CPU each, and copies each
    variable into a dozen events. What is the same for every call is in freeswitch/conf/vars.xml.

    number / caller_id: E.164. ring_timeout_s: 15 or more. max_call_s: bound on the answered call. basis: for the hook.
    early_tap_dir: what comes before the answer is recorded there for the scripts, which may end the call because of it;
    empty: it is not listened to.
    """

    attempt_id: str
    gateway: str
    number: str
    caller_id: str
    campaign_id: int
    gateway_id: int
    flow_version_id: int
    ring_timeout_s: int
    max_call_s: int
    basis: RetryBasis | None = None
    early_tap_dir: str = ""

    def __post_init__(self) -> None:
        checks = (
            (UUID, self.attempt_id, "attempt_id"),
            (GATEWAY, self.gateway, "gateway"),
            (E164, self.number, "number"),
            (E164, self.caller_id, "caller_id"),
        )
        for pattern, value, name in checks:
            if not pattern.fullmatch(value):
                raise UnsafeDialString(f"{name} {value!r} may not enter a dial string")
        # A space would end the application's arguments, and the switch refuses what it could expand.
        if self.early_tap_dir and not FOLDER.fullmatch(self.early_tap_dir):
            raise UnsafeDialString(f"early_tap_dir {self.early_tap_dir!r} may not enter a dial string")
        for name in ("campaign_id", "gateway_id", "flow_version_id", "ring_timeout_s", "max_call_s"):
            value = getattr(self, name)
            if type(value) is not int or value <= 0:
                raise UnsafeDialString(f"{name} {value!r} may not enter a dial string")
        basis = (self.basis.number, self.basis.zone_set_id) if self.basis else ()
        if not all(type(value) is int and value > 0 for value in basis):
            raise UnsafeDialString(f"basis {self.basis!r} may not enter a dial string")

    def variables(self) -> dict[str, str]:
        """Return the channel's variables in the order they are written."""
        return {
            "origination_uuid": self.attempt_id,
            **self._early_media(),
            # As a command, not as an application: that would fire two events with everything known of the channel.
            # The switch refuses a value that it could expand, so the UUID has to stand here again.
            "api_on_answer": f"sched_hangup +{self.max_call_s} {self.attempt_id} ALLOTTED_TIMEOUT",
            CALL: str(CallIds(self.campaign_id, self.gateway_id, self.flow_version_id, self.basis)),
        }

    def _early_media(self) -> dict[str, str]:
        """Return how audio before the answer is treated: it is never taken for the answer.

        `consume` reads it, which `true` does not: the recording would stay empty. The call script ends the recording at
        the answer. While it is read, a ringing line on which nothing is heard must not count as a dead one.
        """
        if not self.early_tap_dir:
            return {"ignore_early_media": "true"}
        return {
            "ignore_early_media": "consume",
            "execute_on_media": f"record_session::{self.early_tap_dir}/{self.attempt_id}{TAP_SUFFIX} +{EARLY_S}",
            "RECORD_READ_ONLY": "true",
            "enable_file_write_buffering": "false",
            **({} if self.ring_timeout_s < QUIET_S else {"media_timeout": str((self.ring_timeout_s + QUIET_S) * 1000)}),
        }

    def __str__(self) -> str:
        """Return `{…}sofia/gateway/<gateway>/<number> <extension> XML <context> <caller's name> <number> <timeout>`."""
        written = ",".join(f"{name}={_quoted(value)}" for name, value in self.variables().items())
        leg = f"{{{written}}}sofia/gateway/{self.gateway}/{self.number}"
        return f"{leg} {EXTENSION} XML {CONTEXT} {self.caller_id} {self.caller_id} {self.ring_timeout_s}"


def attempt_in(command: str) -> str | None:
    """Return the attempt that the arguments of an originate are for, None when they are for none of ours."""
    found = ORIGINATED.match(command)
    return found[1] if found else None


def operator_leg(number: str, gateway: str, caller_id: str) -> str:
    """Return what `bridge` is told to connect the callee with `number`; raises UnsafeDialString."""
    for pattern, value, name in (
        (E164, number, "number"),
        (GATEWAY, gateway, "gateway"),
        (E164, caller_id, "caller_id"),
    ):
        if not pattern.fullmatch(value):
            raise UnsafeDialString(f"{name} {value!r} may not enter a dial string")
    return (
        f"[origination_caller_id_number={caller_id},origination_caller_id_name={caller_id}]"
        f"sofia/gateway/{gateway}/{number}"
    )


def _quoted(value: str) -> str:
    """Quote a value with a space or comma; without it the switch fails the whole originate."""
    return f"'{value}'" if " " in value or "," in value else value
