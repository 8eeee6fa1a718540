"""Plans the next half second: which campaigns may call whom, over which gateway, at which moment."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from redis import Redis

from db import claims, dialing, gateway_health, leases, pacing
from db.campaigns import CampaignGateway
from db.claims import ClaimedAttempt
from db.dialing import DialingCampaign
from db.errors import DatabaseAway, LeasesLost, RedisAway
from db.leases import CampaignLimits, Counts, GatewayLimits, TotalLimits
from dialer.back_off import Health
from dialer.calling_hours import open_zone_sets
from dialer.pacing import Room, slots_wanted
from dialer.sharing import Contender, Ledger, turns
from scheduler.database import Database
from scheduler.setup_sharing import SetupSharing

logger = logging.getLogger(__name__)

CUT_SHORT = "planning was cut short, what was claimed before leaves in time"
SURPRISED = "a campaign could not be planned, the others go on"
GIVE_BACK_FAILED = "slots were not given back, they expire by themselves"
IDLE = timedelta(milliseconds=700)
"""How long a campaign that could call nobody is left alone: what becomes due meanwhile waits so long at most."""
ZONE_SETS_FOR_S = 5.0
"""How long a campaign's zone sets are remembered; an import may bring new ones."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A claimed attempt and its moment. due_s: on time.monotonic's clock. spacing_s: 1/CPS of its gateway.

    campaign_spacing_s: of its campaign, 0.0: no limit of its own.
    """

    due_s: float
    attempt: ClaimedAttempt
    spacing_s: float
    campaign_spacing_s: float = 0.0


class Trunks(Protocol):
    """What is needed of scheduler.switches.Switches."""

    def nodes(self) -> Sequence[Any]:
        """Return every switch; each has an id."""

    def room(self, counts: Counts) -> int:
        """Return how many further calls the switches have room for."""

    def is_gateway_up(self, name: str) -> bool:
        """Whether a call may be placed over it on any switch."""


class Planner:
    """Reserves, then claims no more than was reserved. One thread uses it."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        total: TotalLimits,
        horizon_ms: int,
        lease_ttl_s: int,
        switches: Trunks,
        clock: Callable[[], float] = time.monotonic,
        pace: Callable[[], float] = lambda: float("inf"),
        time_us: Callable[[], int] | None = None,
    ) -> None:
        """pace: how many calls a second can leave now, whatever is allowed; more are not planned.

        time_us: asks Redis for its time, and raises LeasesLost when its clock was set.
        """
        self._time_us = time_us or partial(leases.time_us, redis)
        self._database, self._redis, self._limits, self._pace = database, redis, total, pace
        self._total = total
        self._horizon_ms, self._lease_ttl_s = horizon_ms, lease_ttl_s
        self._switches = switches
        self._clock = clock
        self._setups = SetupSharing(database, redis, clock)
        self._zone_sets: dict[int, tuple[float, Mapping[int, Sequence[str]]]] = {}
        self._health: Mapping[int, Health] = {}
        self._ledger = Ledger()
        self._paced: frozenset[int] = frozenset()
        """Campaigns whose calls follow their operators."""
        self._until_us = 0
        self._idle_until: dict[int, datetime] = {}

    def plan(
        self, now: datetime, hand_over: Callable[[Sequence[Departure]], object] = lambda _: None
    ) -> list[Departure]:
        """Return what is to leave within the horizon. Raises DatabaseAway, RedisAway, LeasesLost.

        hand_over hears of each as soon as it is claimed: with many campaigns the first calls are due before the round
        is over. A round ends with its horizon; who had no turn comes first in the next.
        A store's failure after something was claimed is not raised: what is claimed has to leave, and a failure that
        lasts comes again in the next round. What could not be claimed is given back. Campaigns take their turns by
        dialer.sharing; one whose planning fails for its own sake holds nobody up.
        """
        active, self._health, self._paced = self._database.run(
            lambda conn: (dialing.active(conn), gateway_health.known(conn), pacing.paced(conn)), begins=False
        )
        self._total = replace(self._limits, cps=min(self._limits.cps, self._pace()))
        # One end for the whole round: what becomes free while it lasts is for the first of the next one.
        ends_at = self._clock() + self._horizon_ms / 1000
        self._until_us = self._time_us() + self._horizon_ms * 1000
        by_id = {campaign.id: campaign for campaign in active}
        self._idle_until = {id_: until for id_, until in self._idle_until.items() if until > now}
        contenders = {c.id: Contender(c.id, c.priority, c.weight) for c in active}
        capacity = int(self._total.cps * self._horizon_ms / 1000) + 1
        self._ledger.note(list(contenders.values()), capacity, self._clock())
        planned: list[Departure] = []
        satisfied: set[int] = set()
        """Who can take no more in this round: its contacts, channels, minute or gateways are used up."""
        for turn in turns(
            [c for c in contenders.values() if c.id not in self._idle_until], self._ledger, capacity, self._clock()
        ):
            if turn.campaign_id in satisfied:
                continue
            if self._clock() > ends_at:
                break
            got = 0
            most = capacity if turn.most is None else turn.most
            try:
                for found in self._plan_campaign(by_id[turn.campaign_id], most, now):
                    self._ledger.charge(contenders[turn.campaign_id], len(found), self._clock())
                    hand_over(found)
                    planned += found
                    got += len(found)
            except (DatabaseAway, RedisAway, LeasesLost) as error:
                if not planned:
                    raise
                logger.warning(CUT_SHORT, extra={"reason": f"{type(error).__name__}: {error}", "count": len(planned)})
                break
            except Exception:
                logger.exception(SURPRISED, extra={"campaign_id": turn.campaign_id})
            if got < most:
                satisfied.add(turn.campaign_id)
        return planned

    def _plan_campaign(self, campaign: DialingCampaign, most: int, now: datetime) -> Iterator[list[Departure]]:
        """Yield what was claimed over one gateway after the other: a failure at the second leaves the first's."""
        open_sets = open_zone_sets(campaign.hours, self._zone_sets_of(campaign), now, campaign.ring_timeout_s)
        gateways = [slowed for gateway in campaign.gateways if (slowed := self._usable(gateway))]
        if not open_sets:
            return self._rest(campaign, now)
        if not gateways:
            return
        due = self._database.run(lambda conn: claims.due_count(conn, campaign, open_sets, most), begins=False)
        if not due:
            return self._rest(campaign, now)
        if campaign.id in self._paced:
            decision = self._database.run(lambda conn: pacing.may_start(conn, campaign.id, due, now), begins=False)
            due = decision.start if decision else 0
        if not due:
            return
        nodes = [node.id for node in self._switches.nodes()]
        counts = leases.counts(self._redis, [gateway.gateway_id for gateway in gateways], [campaign.id], nodes)
        due = min(due, self._switches.room(counts))
        just_planned = 0
        for gateway in sorted(gateways, key=lambda g: counts.by_gateway[g.gateway_id] - g.max_channels):
            wanted = self._wanted(campaign, gateway, counts, due - just_planned, just_planned)
            if found := self._take(campaign, gateway, open_sets, wanted, now):
                just_planned += len(found)
                yield found

    def _rest(self, campaign: DialingCampaign, now: datetime) -> None:
        """Ask no more for a moment: many idle campaigns would keep those that dial from their turn."""
        self._idle_until[campaign.id] = now + IDLE

    def _usable(self, gateway: CampaignGateway) -> CampaignGateway | None:
        """Return the gateway at the speed its trunk takes calls now; None while it is down or rests."""
        health = self._health.get(gateway.gateway_id)
        limit = gateway.calls_per_second
        cps = health.calls_per_second(limit) if health else limit
        return replace(gateway, calls_per_second=cps) if cps and self._switches.is_gateway_up(gateway.name) else None

    def _zone_sets_of(self, campaign: DialingCampaign) -> Mapping[int, Sequence[str]]:
        read_at, known = self._zone_sets.get(campaign.id, (float("-inf"), {}))
        if self._clock() - read_at > ZONE_SETS_FOR_S or not known:
            known = self._database.run(lambda conn: dialing.zone_sets(conn, campaign.id))
            self._zone_sets[campaign.id] = (self._clock(), known)
        return known

    def _wanted(
        self, campaign: DialingCampaign, gateway: CampaignGateway, counts: Counts, due: int, just_planned: int
    ) -> int:
        free = min(
            gateway.max_channels - counts.by_gateway[gateway.gateway_id],
            campaign.max_channels - counts.by_campaign[campaign.id] - just_planned,
            self._total.max_channels - counts.total - just_planned,
        )
        rate = min(gateway.calls_per_second, self._total.cps, campaign.calls_per_second or self._total.cps)
        # The minutes' limits are kept where the slots are reserved, on Redis's clock.
        return slots_wanted(Room(free, rate, campaign.calls_per_minute, 0), due, self._horizon_ms)

    def _take(
        self,
        campaign: DialingCampaign,
        gateway: CampaignGateway,
        open_sets: Sequence[int],
        wanted: int,
        now: datetime,
    ) -> list[Departure]:
        if wanted <= 0:
            return []
        slots = leases.reserve(
            self._redis,
            GatewayLimits(gateway.gateway_id, gateway.max_channels, gateway.calls_per_second, gateway.calls_per_minute),
            CampaignLimits(campaign.id, campaign.max_channels, campaign.calls_per_minute, campaign.calls_per_second),
            self._total,
            [str(uuid.uuid4()) for _ in range(wanted)],
            self._horizon_ms,
            min(leases.UNCLAIMED_TTL_S, self._lease_ttl_s),
            self._until_us,
        )
        answered_at = self._clock()  # not when it was asked: a call may leave a little late, but never early
        reserved = [slot.attempt_id for slot in slots]
        if not reserved:
            return []
        moments = {slot.attempt_id: answered_at + slot.delay_ms / 1000 for slot in slots}
        claimed: list[ClaimedAttempt] = []
        try:
            claim = pacing.claim_paced if campaign.id in self._paced else claims.claim
            claimed = self._database.run(
                lambda conn: claim(conn, campaign, gateway, reserved, open_sets, now), begins=False
            )
        finally:
            taken = {attempt.attempt_id for attempt in claimed}
            give_back(self._redis, [attempt_id for attempt_id in reserved if attempt_id not in taken])
        self._setups.of(claimed)
        spacings = 1 / gateway.calls_per_second, 1 / campaign.calls_per_second if campaign.calls_per_second else 0.0
        return [Departure(moments[attempt.attempt_id], attempt, *spacings) for attempt in self._held(claimed)]

    def _held(self, claimed: list[ClaimedAttempt]) -> list[ClaimedAttempt]:
        """Let the leases live as long as calls may, and undo claims whose lease was forgotten meanwhile.

        Until here a lease ends soon, so that none outlives a scheduler that died between its slot and its claim. One
        that Redis lost is counted nowhere: whoever rebuilt the leases may not have seen the claim yet.
        """
        ids = [attempt.attempt_id for attempt in claimed]
        try:
            lost = set(leases.renew(self._redis, ids, self._lease_ttl_s))
        except RedisAway:
            lost = set(ids)
        if lost:
            self._database.run(lambda conn: claims.release(conn, sorted(lost)))
        return [attempt for attempt in claimed if attempt.attempt_id not in lost]


def give_back(redis: Redis, attempt_ids: Sequence[str]) -> None:
    """Return slots that no originate used; while Redis is away they expire by themselves."""
    if not attempt_ids:
        return
    try:
        leases.give_back(redis, attempt_ids)
    except RedisAway:
        logger.warning(GIVE_BACK_FAILED, extra={"count": len(attempt_ids)})
