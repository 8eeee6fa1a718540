"""How fast a gateway may be used after what its trunk answered: slower on refusals, a rest when nothing gets through.

Additive increase, multiplicative decrease on the share of its calls per second; a circuit breaker above that. Both
only ever take away: the gateway's limits stay what they are.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.hangup_cause import NEVER_RANG, UNANSWERED
from dialer.outcome import Disposition

TIMED_OUT = ("RECOVERY_ON_TIMER_EXPIRE", NEVER_RANG, "NETWORK_OUT_OF_ORDER", "INVALID_GATEWAY")
"""Causes with which a trunk that does not answer, or is not there, shows."""
REFUSALS = (*sorted(cause for cause, shown in UNANSWERED.items() if shown is Disposition.CONGESTION), *TIMED_OUT)
"""Hangup causes of unanswered calls that speak of the trunk rather than of the callee."""
REFUSAL_CODES = (408, 503, 504)
"""SIP statuses that do."""
NOT_THE_TRUNKS = (500,)
"""SIP statuses that the switch gives such a cause although they tell of something else."""

CUT = 0.5
"""What is left of the share when the trunk refuses."""
CUT_EVERY = timedelta(seconds=2)
"""Calls that were on their way before a cut do not cut again."""
CUT_AT_FAILURES = 2
CUT_AT_RATIO = 0.15
"""A trunk that refuses fewer of its calls is not full: some destinations always are."""
LEAST_SHARE = 0.05
GROWTH_PER_S = 0.05
"""What is added while the trunk takes its calls: from the least to all in 19 s."""

OPEN_AT_ROW = 10
OPEN_AT_TRIES, OPEN_AT_RATIO = 20, 0.7
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15.0, 300.0
PROBE_CPS = 0.2
"""A gateway that is being tried gets one call in five seconds."""


class BreakerState(StrEnum):
    """Whether a gateway is used. The SQL type `breaker_state` has the same members."""

    CLOSED = "closed"
    """It is used."""
    OPEN = "open"
    """It rests: too many calls failed in a row."""
    HALF_OPEN = "half_open"
    """It is tried with single calls: one that gets through closes the breaker."""


def calls_per_second(limit: float, state: BreakerState, share: float) -> float:
    """Return how fast a gateway in this state may be used, at most `limit`; 0: not at all."""
    match state:
        case BreakerState.OPEN:
            return 0.0
        case BreakerState.HALF_OPEN:
            return min(limit, PROBE_CPS)
    return limit * share


@dataclass(frozen=True, slots=True)
class Health:
    """What is kept of a gateway between two looks; the fields are those of the table `gateway_health`."""

    judged_at: datetime
    changed_at: datetime
    share: float = 1.0
    state: BreakerState = BreakerState.CLOSED
    reason: str = ""
    failures: int = 0
    tries: int = 0
    pause_s: float = 0.0
    open_until: datetime | None = None
    cut_at: datetime | None = None

    @property
    def kind(self) -> str:
        """Return what a person is told: open, half_open, slowed or full."""
        if self.state is not BreakerState.CLOSED:
            return self.state.value
        return "slowed" if self.percent < 100 else "full"

    @property
    def percent(self) -> int:
        """Return how much of its calls per second the gateway is used at, while the breaker is closed."""
        return round(self.share * 100)

    def calls_per_second(self, limit: float) -> float:
        """Return how fast it may be used now, at most `limit`; 0: not at all."""
        return calls_per_second(limit, self.state, self.share)


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a gateway's latest calls. Decided: refused by the trunk, or got through it; not those that wait.

    tries, failures: of the last seconds. in_row: refusals since the last call that got through.
    last_failure_at: None when there was none. got_through_at: latest moment at which one did, by when it was sent.
    reason: of the last refusal.
    """

    tries: int = 0
    failures: int = 0
    in_row: int = 0
    last_failure_at: datetime | None = None
    probes_good: int = 0
    probes_failed: int = 0
    reason: str = ""


def judge(health: Health, seen: Seen, now: datetime) -> Health:
    """Return the gateway's health after a look at `now`. Probes are calls sent since the breaker's last change."""
    match health.state:
        case BreakerState.OPEN:
            judged = _rested(health, now)
        case BreakerState.HALF_OPEN:
            judged = _tried(health, seen, now)
        case _:
            judged = _used(health, seen, now)
    return replace(judged, judged_at=now)


def _rested(health: Health, now: datetime) -> Health:
    if health.open_until is not None and now < health.open_until:
        return health
    return replace(health, state=BreakerState.HALF_OPEN, changed_at=now, open_until=None)


def _tried(health: Health, seen: Seen, now: datetime) -> Health:
    if seen.probes_good:
        return replace(health, state=BreakerState.CLOSED, changed_at=now, share=LEAST_SHARE, cut_at=now)
    if seen.probes_failed:
        return _opened(health, seen, now, min(health.pause_s * 2, LONGEST_PAUSE_S))
    return health


def _used(health: Health, seen: Seen, now: datetime) -> Health:
    # What failed before the breaker closed again has been paid for.
    is_new = seen.last_failure_at is not None and (health.cut_at is None or seen.last_failure_at > health.cut_at)
    ratio = seen.failures / seen.tries if seen.tries else 0.0
    if is_new and (seen.in_row >= OPEN_AT_ROW or (seen.tries >= OPEN_AT_TRIES and ratio >= OPEN_AT_RATIO)):
        return _opened(health, seen, now, FIRST_PAUSE_S)
    if is_new and seen.failures >= CUT_AT_FAILURES and ratio >= CUT_AT_RATIO:
        if health.cut_at is not None and now - health.cut_at < CUT_EVERY:
            return health
        share = max(LEAST_SHARE, health.share * CUT)
        return replace(health, share=share, cut_at=now, reason=seen.reason, failures=seen.failures, tries=seen.tries)
    elapsed_s = max(0.0, (now - health.judged_at).total_seconds())
    return replace(health, share=min(1.0, health.share + GROWTH_PER_S * min(elapsed_s, 5.0)))


def _opened(health: Health, seen: Seen, now: datetime, pause_s: float) -> Health:
    return replace(
        health,
        state=BreakerState.OPEN,
        changed_at=now,
        share=LEAST_SHARE,
        cut_at=now,
        reason=seen.reason or health.reason,
        failures=max(seen.failures, seen.in_row),
        tries=max(seen.tries, seen.in_row),
        pause_s=pause_s,
        open_until=now + timedelta(seconds=pause_s),
    )
