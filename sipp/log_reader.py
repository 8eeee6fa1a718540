"""Reads what SIPp wrote about the calls into values; the verifier knows the carrier through this alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LOG_PATTERN = "calls-*.log"

FACTS = {"invite": 2, "ringing": 1, "answered": 1, "digit": 2, "ended": 2}
"""Event → how many facts it tells."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the log. at: epoch s."""

    at: float
    call_id: str
    event: str
    told: list[str]


@dataclass(slots=True)
class CarrierCall:
    """One INVITE with a Call-ID of its own, as the carrier saw it. Times: epoch s by the carrier's clock.

    ended: bye_received, bye_sent, cancelled, rejected, never_acknowledged, or empty while it is open (or SIPp was
    killed). final_code: the answer to the INVITE, 0 while there is none. digits_sent: keys in order.
    """

    call_id: str
    number: str
    kind: str
    invited_at: float
    rang_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    digits_sent: str = ""
    digit_times: tuple[float, ...] = ()
    ended: str = ""
    final_code: int = 0

    @property
    def talk_s(self) -> float | None:
        """Return how long the answered call lasted, s."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.answered_at


def read_calls(folder: Path | str) -> list[CarrierCall]:
    """Return every call in `folder`'s logs, by time of the INVITE.

    A second Call-ID for the same number is a second call. Repeated packets of one INVITE are not in the logs.
    """
    calls: dict[str, CarrierCall] = {}
    for path in sorted(Path(folder).glob(LOG_PATTERN)):
        for fact in read_facts(path):
            _apply(calls, fact)
    return sorted(calls.values(), key=lambda call: (call.invited_at, call.call_id))


def read_facts(path: Path) -> Iterator[Fact]:
    """Yield the log's facts; a line that SIPp did not finish (it was killed) is left out."""
    with path.open("rb") as file:
        yield from parse_facts(file)


def parse_facts(lines: Iterable[bytes]) -> Iterator[Fact]:
    """Yield the facts of whole lines: seconds, microseconds, Call-ID, event, and what the event tells.

    SIPp writes nothing for a variable that is 0: at the very second there are no microseconds between two blanks.
    """
    for line in lines:
        if not line.endswith(b"\n"):
            continue
        words = line.decode("utf-8", "replace").rstrip("\n").split(" ")
        try:
            seconds, microseconds, call_id, event, *told = words
            at = float(seconds) + float(microseconds or 0) / 1e6
        except ValueError:
            continue
        if len(told) == FACTS.get(event):
            yield Fact(at, call_id, event, told)


def _apply(calls: dict[str, CarrierCall], fact: Fact) -> None:
    if fact.event == "invite":
        number, kind = fact.told
        calls.setdefault(fact.call_id, CarrierCall(fact.call_id, _number(number), kind, fact.at))
        return
    call = calls.get(fact.call_id)
    if call is None:
        return
    match fact.event:
        case "ringing":
            call.rang_at = fact.at
        case "answered":
            call.answered_at, call.final_code = fact.at, int(fact.told[0])
        case "digit":
            call.digits_sent += fact.told[0]
            call.digit_times += (fact.at,)
        case "ended":
            call.ended_at, call.ended, call.final_code = fact.at, fact.told[0], int(fact.told[1])


def _number(user: str) -> str:
    """Return the called number as E.164 with its plus, whether or not the switch sends one."""
    return f"+{user}" if user.isdecimal() else user
