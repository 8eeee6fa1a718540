"""Reads in a callee's trace which INVITEs reached it: when, for whom, and which caller ID they showed."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.switch.calls import Call
from tests.switch.suite import Suite

RECEIVED = re.compile(
    r"^-+ (\d{4}-\d\d-\d\d)[T\t ](\d\d:\d\d:\d\d\.\d+).*\n(?:UDP|TCP) message received[^\n]*\n\n"
    r"INVITE sip:(\+?\d+)@(?:.+\n)+",
    re.MULTILINE,
)
SHOWN = re.compile(r"^From: .*?<sip:(\+?\d+)@", re.MULTILINE)
CALL_ID = re.compile(r"^Call-ID: (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Invite:
    """One INVITE as the carrier got it. callee, shown: E.164; shown is empty when no number is."""

    at: datetime
    call_id: str
    callee: str
    shown: str


def invites(suite: Suite, call: Call) -> list[Invite]:
    """Return what the callee has received so far, repetitions too."""
    trace = suite.placed[call.name].trace
    text = trace.read_text(encoding="utf-8", errors="replace") if trace.exists() else ""
    found = []
    for message in RECEIVED.finditer(text):
        day, clock, callee = message.groups()
        shown, call_id = SHOWN.search(message[0]), CALL_ID.search(message[0])
        assert call_id is not None
        at = datetime.fromisoformat(f"{day} {clock}").astimezone(UTC)  # SIPp writes the machine's local time
        found.append(Invite(at, call_id[1], e164(callee), e164(shown[1]) if shown else ""))
    return found


def calls_of(suite: Suite, call: Call) -> dict[str, list[Invite]]:
    """Return the calls that have reached each number so far, in their order: number → the first INVITE of each call."""
    firsts: dict[str, Invite] = {}
    for invite in invites(suite, call):
        firsts.setdefault(invite.call_id, invite)
    found = defaultdict(list)
    for invite in firsts.values():
        found[invite.callee].append(invite)
    return dict(found)


def most_at_once(suite: Suite, call: Call, lasting: timedelta) -> int:
    """Return how many calls were on the wire together at most, when each lasts so long."""
    begun = sorted(one.at for calls in calls_of(suite, call).values() for one in calls)
    return max((sum(other <= at < other + lasting for other in begun) for at in begun), default=0)


def e164(number: str) -> str:
    """Return the number with its plus, which carriers leave out."""
    return "+" + number.lstrip("+")
