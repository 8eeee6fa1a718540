"""Which INVITE belongs to which attempt: by number and time, as no number ever has two attempts open at once."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sipp.log_reader import CarrierCall
from tests.verifier.facts import Attempt, Database
from tests.verifier.findings import Fault, Findings
from tests.verifier.strikes import MOST_UNSENT, Strike, never_sent, scheduler_kills, switch_kills, up_at_a_kill

CLOCK_SLACK_S = 0.5
"""SIPp and PostgreSQL read one clock, but SIPp writes the time of its own turn."""
ENDS_INSIDE = frozenset({"failed", "congestion", "cancelled", "blocked", "unreachable"})
"""Dispositions of attempts that may have ended in the switch before the carrier was rung, where that is allowed."""
STRUCK_UNSEEN = frozenset({"lost", None})
"""What may be said of an originate that died with the switch on its way to the carrier: whatever else needs a call."""


@dataclass(frozen=True, slots=True)
class Match:
    """An attempt and the one call it made, None when the carrier saw none.

    struck_at: when a switch was killed on which it was up, epoch s.
    """

    attempt: Attempt
    call: CarrierCall | None
    struck_at: float | None = None

    @property
    def was_struck(self) -> bool:
        """Whether it was up when a switch was killed."""
        return self.struck_at is not None


def digits_of(number: str) -> str:
    """Return a number without its plus sign, as some trunks write it."""
    return number.lstrip("+")


def match(
    calls: Sequence[CarrierCall],
    database: Database,
    findings: Findings,
    *,
    may_end_inside: bool = False,
    strikes: Sequence[Strike] = (),
) -> list[Match]:
    """Give each attempt its call; note calls that no attempt explains and attempts whose call never came.

    may_end_inside: an attempt that got no SIP answer, and says so, need not have reached the carrier.
    strikes: what a switch was about to dial when it was killed need not have reached the carrier, nor what a scheduler
    had marked when it was killed and not sent: at most MOST_UNSENT for each kill.
    """
    by_number: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in database.attempts:
        if attempt.originated_at is not None:
            by_number[digits_of(attempt.phone)].append(attempt)
    found: dict[str, CarrierCall] = {}
    for call in sorted(calls, key=lambda each: each.invited_at):
        maker = _maker(by_number.get(digits_of(call.number), []), call)
        if maker is None:
            findings.add(
                Fault.CALL_WITHOUT_ATTEMPT, f"{call.number} was rung by {call.call_id}, and no attempt says so"
            )
        elif maker.id in found:
            findings.called_twice += 1
            findings.add(Fault.CALLED_TWICE, f"{call.number} was rung twice by attempt {maker.id}")
        else:
            found[maker.id] = call
        _check_blacklist(call, database, findings)
    matches = []
    deaths = scheduler_kills(strikes)
    for attempt in database.attempts:
        made = found.get(attempt.id)
        kills = switch_kills(strikes, attempt.switch_core_uuid)
        matches.append(Match(attempt, made, up_at_a_kill(attempt, made, kills)))
    excused: Counter[tuple[str, float]] = Counter()
    for each in matches:
        if each.call is not None:
            continue
        excuse = _excuse(each, deaths)
        if excuse is not None:
            excused[excuse] += 1
            if excused[excuse] <= MOST_UNSENT:
                continue
        if not (may_end_inside and _ended_inside(each.attempt)):
            findings.add(
                Fault.ATTEMPT_WITHOUT_CALL,
                f"{each.attempt.phone}, attempt {each.attempt.id} ({each.attempt.disposition}): no call came",
            )
    return matches


def _excuse(each: Match, deaths: Sequence[float]) -> tuple[str, float] | None:
    """Return whose death explains that the attempt has no call, and when that was; None: nobody's."""
    killed_at = never_sent(each.attempt, each.call, deaths)
    if killed_at is not None:
        return "scheduler", killed_at
    if each.struck_at is not None and each.attempt.disposition in STRUCK_UNSEEN:
        return "switch", each.struck_at
    return None


def _ended_inside(attempt: Attempt) -> bool:
    """Whether the attempt says of itself that nobody outside the switch has answered it."""
    return attempt.disposition in ENDS_INSIDE and attempt.sip_code is None and attempt.answered_at is None


def _maker(attempts: Sequence[Attempt], call: CarrierCall) -> Attempt | None:
    """Return the attempt that was under way when the call came in."""
    for attempt in sorted(attempts, key=lambda each: each.number, reverse=True):
        assert attempt.originated_at is not None
        if attempt.originated_at.timestamp() - CLOCK_SLACK_S <= call.invited_at <= _end(attempt) + CLOCK_SLACK_S:
            return attempt
    return None


def _end(attempt: Attempt) -> float:
    ended: datetime | None = attempt.concluded_at
    return ended.timestamp() if ended else float("inf")


def _check_blacklist(call: CarrierCall, database: Database, findings: Findings) -> None:
    for phone, since in database.blacklist.items():
        if digits_of(phone) == digits_of(call.number) and since.timestamp() < call.invited_at - CLOCK_SLACK_S:
            findings.add(Fault.CALLED_BLACKLISTED, f"{phone} was rung by {call.call_id} after it was put on the list")
