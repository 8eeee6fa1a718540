"""Channels are free again when their calls are over: at once, or soon where a crash took whoever was to free them."""

from collections.abc import Mapping, Sequence

from tests.verifier.facts import Attempt
from tests.verifier.findings import Fault, Findings
from tests.verifier.strikes import SCHEDULERS, Strike

RELEASED_WITHIN_S = 3.0
"""Whoever concludes a call frees its channel, in rounds of a tenth of a second; the rest is the machine's."""
FORGETS = SCHEDULERS | {"switch", "postgres", "redis"}
"""Parts whose death or silence may keep a channel reserved: who frees it, who says so, and who is told."""
BEFORE_S, AFTER_S = 2.0, 8.0
"""A call concluded so shortly before, or so soon after such a part was away, may keep its channel for a while."""
FREED_WITHIN_S = 25.0
"""So long: the leading scheduler frees what was idle for 10 s, looks each 3 s, and may have to start first."""


def check_leases(
    attempts: Sequence[Attempt], held_until: Mapping[str, float], strikes: Sequence[Strike], findings: Findings
) -> None:
    """Find calls whose channel was still reserved too long after the conclusion.

    held_until: attempt's id → when its channel was last seen reserved (epoch s). Those that were let go in time are in
    it, too.
    """
    troubles = [strike for strike in strikes if strike.part in FORGETS]
    for attempt in attempts:
        held, concluded = held_until.get(attempt.id), attempt.concluded_at
        if held is None or concluded is None:
            continue
        until = _may_hold_until(concluded.timestamp(), held, troubles)
        if held > until:
            findings.leases += 1
            findings.add(
                Fault.LEASE_LEFT,
                f"{attempt.phone}, attempt {attempt.id}, concluded {concluded}: its channel was still reserved "
                f"{held - concluded.timestamp():.1f} s later",
            )


def _may_hold_until(concluded_at: float, held: float, troubles: Sequence[Strike]) -> float:
    if not any(each.at - BEFORE_S <= concluded_at <= _end(each) + AFTER_S for each in troubles):
        return concluded_at + RELEASED_WITHIN_S
    # Whoever counts for how long it was idle begins anew after each.
    return max([concluded_at, *(_end(each) for each in troubles if each.at <= held)]) + FREED_WITHIN_S


def _end(strike: Strike) -> float:
    return strike.at if strike.until is None else strike.until
