"""Who of a campaign's contacts may be dialled and who not, why nothing is dialing, and when it may be finished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import inf

from dialer.calling_hours import SEARCH_DAYS, CallingHours, is_open, zone_info

STEP = timedelta(minutes=30)
"""How finely the finish is estimated."""
CALL_S = 40.0
"""How long a call holds its channel while a campaign has not dialled yet: ringing, and some talk for a few."""


class Standing(StrEnum):
    """What the claim would do with a contact that waits. The first that is true counts."""

    LISTED = "listed"
    """Its number is on the blacklist: it is blocked when its turn comes."""
    NO_CONSENT = "no_consent"
    """The campaign calls only with consent, and none is on record: it is blocked when its turn comes."""
    NOT_ALLOWED = "not_allowed"
    """Its number is where the campaign may not call: it is blocked when its turn comes."""
    PREMIUM_RATE = "premium_rate"
    """Calling its number costs extra: it is blocked when its turn comes."""
    NO_ATTEMPTS_LEFT = "no_attempts_left"
    """The campaign allows no further attempt: it is concluded when its turn comes."""
    NEVER = "never"
    """It may be in zones so far apart that the calling hours are never open in all of them."""
    LIMITED = "limited"
    """Its number was called as often as may be today, this week or this month."""
    LATER = "later"
    """It waits for its next attempt."""
    CLOSED = "closed"
    """It may not be called at this hour where it may be."""
    RINGING = "ringing"
    """Its number is on the line in another campaign."""
    READY = "ready"
    """It is dialled as soon as there is a channel."""


TO_DIAL = frozenset({Standing.LIMITED, Standing.LATER, Standing.CLOSED, Standing.RINGING, Standing.READY})
REFUSALS = {
    "blacklist": Standing.LISTED,
    "consent": Standing.NO_CONSENT,
    "destination: not_allowed": Standing.NOT_ALLOWED,
    "destination: premium_rate": Standing.PREMIUM_RATE,
}
"""A refusal as the claim words it, or its rule alone → the standing."""


def standing_of(text: str) -> Standing:
    """Return the standing that the database names, or that a refusal such as `blacklist: legal` means."""
    return REFUSALS.get(text) or REFUSALS.get(text.partition(":")[0]) or Standing(text)


class Obstacle(StrEnum):
    """Why a campaign starts no calls at this moment."""

    NOT_ACTIVE = "not_active"
    """Nobody started it, or it is paused or over."""
    NO_GATEWAY = "no_gateway"
    """No enabled gateway with a registered caller ID is chosen."""
    ABANDON_CAP = "abandon_cap"
    """More of the people who answered were abandoned than its cap allows."""
    NO_CONTACTS = "no_contacts"
    """Nobody is left to be dialled."""
    GATEWAYS_REST = "gateways_rest"
    """Every gateway of its rests: the trunks refused too many calls in a row."""
    CHANNELS_BUSY = "channels_busy"
    """As many calls are up as it may have."""
    BUDGET_SPENT = "budget_spent"
    """The day's budget of calls or minutes is used up, its own or that of all campaigns."""
    NEVER = "never"
    """Whoever waits may be in zones so far apart that the calling hours are never open in all of them."""
    CLOSED = "closed"
    """Outside the calling hours of everybody who waits."""
    LIMITED = "limited"
    """Everybody was called as often as may be."""
    LATER = "later"
    """Everybody who may be called at this hour waits for the next attempt."""
    RINGING = "ringing"
    """Everybody else is on the line in another campaign."""


def obstacle(
    counts: Mapping[Standing, int],
    *,
    is_active: bool,
    has_gateway: bool,
    is_over_cap: bool = False,
    calls_up: int,
    channels: int,
    room: int | None = None,
    are_gateways_resting: bool = False,
) -> Obstacle | None:
    """Return the first thing that keeps a campaign from dialing; None: it dials.

    room: how many calls the day's budgets leave, None: there is none.
    """
    if not is_active:
        return Obstacle.NOT_ACTIVE
    if not has_gateway:
        return Obstacle.NO_GATEWAY
    if is_over_cap:
        return Obstacle.ABANDON_CAP
    if not any(counts.get(standing, 0) for standing in TO_DIAL):
        return Obstacle.NEVER if counts.get(Standing.NEVER, 0) else Obstacle.NO_CONTACTS
    if room is not None and room <= 0:
        return Obstacle.BUDGET_SPENT
    if are_gateways_resting:
        return Obstacle.GATEWAYS_REST
    if calls_up >= channels:
        return Obstacle.CHANNELS_BUSY
    if counts.get(Standing.READY, 0):
        return None
    for standing, found in (
        (Standing.CLOSED, Obstacle.CLOSED),
        (Standing.LIMITED, Obstacle.LIMITED),
        (Standing.LATER, Obstacle.LATER),
    ):
        if counts.get(standing, 0):
            return found
    return Obstacle.RINGING


def refusal(*, has_gateway: bool, is_over_cap: bool, counts: Mapping[Standing, int]) -> Obstacle | None:
    """Return why a campaign may not be started at all; None: it may, even if it has to wait for its hours."""
    if not has_gateway:
        return Obstacle.NO_GATEWAY
    if is_over_cap:
        return Obstacle.ABANDON_CAP
    if any(counts.get(standing, 0) for standing in TO_DIAL):
        return None
    return Obstacle.NEVER if counts.get(Standing.NEVER, 0) else Obstacle.NO_CONTACTS


@dataclass(frozen=True, slots=True)
class Pace:
    """What bounds a campaign's calls. gateways: (channels, calls per second, calls per minute or None) of each.

    call_s: seconds a call holds its channel. calls_per_second: the campaign's, None: no limit of its own.
    """

    channels: int
    calls_per_minute: float
    gateways: Sequence[tuple[int, float, int | None]]
    call_s: float = CALL_S
    calls_per_second: float | None = None

    @property
    def per_minute(self) -> float:
        """Return the calls it can start in a minute."""
        of_gateways = sum(min(cps * 60, cpm or cps * 60) for _channels, cps, cpm in self.gateways)
        channels = min(self.channels, sum(channels for channels, _cps, _cpm in self.gateways))
        cps = self.calls_per_second or inf
        return min(self.calls_per_minute, cps * 60, of_gateways, channels * 60 / self.call_s)


@dataclass(frozen=True, slots=True)
class DayBudget:
    """How many calls are left today, and how many each further day has, by the calendar of `zone`."""

    today: int
    per_day: int
    zone: str


def estimated_finish(
    hours: CallingHours,
    waiting: Mapping[tuple[str, ...], int],
    pace: Pace,
    now: datetime,
    budget: DayBudget | None = None,
) -> datetime | None:
    """Return when everybody who waits (zones → contacts) has been dialled once, in half hours; None: not in 35 days.

    Sets that are open share the pace by how many wait. Retries come on top; nobody can say how many.
    """
    today = budget and now.astimezone(zone_info(budget.zone)).date()
    rest = budget.today if budget else inf
    left = {zones: float(count) for zones, count in waiting.items() if count}
    moment = now.astimezone(UTC)
    for _step in range(int(timedelta(days=SEARCH_DAYS) / STEP)):
        if not left:
            return moment
        verdicts: dict[str, bool] = {}
        for zone in {zone for zones in left for zone in zones}:
            verdicts[zone] = is_open(hours, zone, moment)
        opened = [zones for zones in left if all(verdicts[zone] for zone in zones)]
        total = sum(left[zones] for zones in opened)
        if budget and today != (day := moment.astimezone(zone_info(budget.zone)).date()):
            today, rest = day, budget.per_day
        calls = max(0.0, min(pace.per_minute * STEP.total_seconds() / 60, rest))
        rest -= min(calls, total)
        if calls == 0:
            moment += STEP
            continue
        if opened and len(opened) == len(left) and total <= calls:
            return moment + STEP * (total / calls)
        for zones in opened:
            left[zones] -= min(1.0, calls / total) * left[zones]
            if left[zones] < 1e-6:
                del left[zones]
        moment += STEP
    return moment if not left else None
