"""What must hold of crashes themselves: they hit enough calls, and nothing was dialled into an outage."""

from collections.abc import Sequence

from sipp.log_reader import CarrierCall
from tests.verifier.findings import Fault, Findings
from tests.verifier.strikes import Strike, switch_kills

STORES = frozenset({"postgres", "redis"})
"""Without these nothing is dialled; where a scheduler is away another one goes on."""
STOPS_WITHIN_S = 1.0
"""Within this time after an outage began, the last call leaves."""


def check_strikes(
    calls: Sequence[CarrierCall],
    strikes: Sequence[Strike],
    least_up: int,
    findings: Findings,
    stops_within_s: float = STOPS_WITHIN_S,
) -> None:
    """Count the kills; compare each strike with the carrier's log. least_up: calls that each had to hit."""
    deaths = switch_kills(strikes)
    for strike in strikes:
        findings.kills += strike.is_kill
        up = _up_at(calls, strike.at, deaths)
        if up < least_up:
            findings.add(Fault.HIT_TOO_FEW, f"{strike}: the carrier knows of {up}, and {least_up} were wanted")
        if not strike.is_kill and strike.part in STORES:
            _check_silence(calls, strike, stops_within_s, findings)


def _up_at(calls: Sequence[CarrierCall], at: float, deaths: Sequence[float]) -> int:
    """Count calls that a living switch held."""
    begun_after = max((death for death in deaths if death < at), default=0.0)
    return sum(begun_after < call.invited_at <= at and (call.ended_at is None or call.ended_at > at) for call in calls)


def _check_silence(calls: Sequence[CarrierCall], strike: Strike, stops_within_s: float, findings: Findings) -> None:
    until = float("inf") if strike.until is None else strike.until
    late = [call for call in calls if strike.at + stops_within_s < call.invited_at < until]
    if late:
        latest = max(call.invited_at for call in late) - strike.at
        findings.add(Fault.DIALED_ON, f"{strike}: {len(late)} calls left later, the last one after {latest:.1f} s")
