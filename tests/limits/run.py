"""Dials five campaigns over three gateways, disturbs everything, and counts what the carriers saw."""

import random
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time as clock_time
from typing import Any

import psycopg

from db import caller_ids, campaigns, flows, gateways
from db.gateways import Gateway
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState
from sipp.log_reader import CarrierCall, read_calls
from tests.limits.counting import Call, Excess, Limit, Limits, busiest, excesses
from tests.limits.permissions import operators_legs, originates
from tests.limits.stack import LimitsStack

GATEWAYS: dict[str, tuple[int, float, int | None]] = {"a": (10, 4.0, None), "b": (6, 3.0, 30), "c": (5, 2.5, None)}
"""Name → channels, calls per second, calls per minute."""
CAMPAIGNS: dict[str, tuple[int, int, str]] = {
    "one": (6, 16, "ab"),
    "two": (8, 60, "a"),
    "three": (4, 9, "bc"),
    "four": (5, 50, "ca"),
    "five": (10, 80, "abc"),
}
"""Name → channels, calls per minute, gateways."""
CAMPAIGNS_CPS = {"two": 1.5, "five": 2.0}
"""Name → calls per second, of those that have such a limit."""
TOTAL_CHANNELS, TOTAL_CPS, TOTAL_CPM = 14, 6.0, 80
OVERRIDES = {
    "DIALER_MAX_CHANNELS": str(TOTAL_CHANNELS),
    "DIALER_MAX_CALLS_PER_SECOND": str(TOTAL_CPS),
    "DIALER_MAX_CALLS_PER_MINUTE": str(TOTAL_CPM),
}
CONTACTS = 2000
POLL_S = 0.2
GOES_ON_WITHIN_S = 90.0
FIRST_PHONE = 79160000000
PER_CAMPAIGN = 1_000_000
FIRST_OPERATOR = 74951112230
"""Each campaign has an operator of its own, by whose number the wire tells whose leg it is."""


@dataclass(slots=True)
class Plan:
    """What was in force when, and when the switch was killed."""

    of_gateway: dict[str, Limits] = field(default_factory=dict)
    of_campaign: dict[str, Limits] = field(default_factory=dict)
    total: Limits = field(default_factory=Limits)
    switch_killed_at: list[float] = field(default_factory=list)

    def excesses(self, what: str, calls: Sequence[Call]) -> Iterator[Excess]:
        """Yield every limit that these exceeded, in all, of a gateway or of a campaign. what: they are, for people."""
        yield from excesses(f"{what}all", calls, self.total)
        for name, limits in self.of_gateway.items():
            yield from excesses(f"{what}gateway {name}", [call for call in calls if call.gateway == name], limits)
        for name, limits in self.of_campaign.items():
            yield from excesses(f"{what}campaign {name}", [call for call in calls if call.campaign == name], limits)


class Run:
    """Five campaigns that dial, and what may be done to them."""

    def __init__(
        self,
        stack: LimitsStack,
        conn: psycopg.Connection[Any],
        over: Mapping[str, tuple[int, float, int | None]] = GATEWAYS,
        dialling: Mapping[str, tuple[int, int, str]] = CAMPAIGNS,
    ) -> None:
        self.stack, self.conn, self.plan = stack, conn, Plan()
        self._over, self._dialling = over, dialling
        self._gateways: dict[str, Gateway] = {}
        self._campaign_ids: dict[str, int] = {}
        self._make()

    def _make(self) -> None:
        now = time.time()
        in_all = self.stack.environment
        most = in_all.get("DIALER_MAX_CALLS_PER_MINUTE")
        self.plan.total = Limits(
            per_minute=Limit([(now, float(most))] if most else []),
            per_second=Limit([(now, float(in_all["DIALER_MAX_CALLS_PER_SECOND"]))]),
            channels=Limit([(now, float(in_all.get("DIALER_MAX_CHANNELS", "100")))]),
        )
        callers: dict[str, tuple[int, int]] = {}
        for place, (name, (channels, cps, cpm)) in enumerate(self._over.items()):
            gateway_id = gateways.create(self.conn, name, channels, cps, cpm)
            self._gateways[name] = Gateway(gateway_id, name, channels, cps, cpm, is_enabled=True)
            callers[name] = (gateway_id, caller_ids.add(self.conn, gateway_id, f"+7495000000{place}", "Test"))
            self.plan.of_gateway[name] = _limits(now, channels, cps, cpm)
        plain = default_definition("ru") | {"tries": 1}
        for place, (name, (channels, cpm, over)) in enumerate(self._dialling.items()):
            keys, operator = {**plain["keys"], "3": "transfer"}, f"+{FIRST_OPERATOR + place}"
            flow = flows.create_version(self.conn, name, plain | {"keys": keys, "transfer_to": operator})
            new = campaigns.NewCampaign(
                name, flow, [callers[gateway] for gateway in over],
                hours_start=clock_time(0), hours_end=clock_time(0), weekdays=(1, 2, 3, 4, 5, 6, 7),
                max_channels=channels, calls_per_minute=cpm, ring_timeout_s=15, max_call_s=30,
                retry_rules={"max_attempts": 1}, calls_per_second=CAMPAIGNS_CPS.get(name),
            )  # fmt: skip
            self._campaign_ids[name] = campaigns.create(self.conn, new)
            self._add_contacts(self._campaign_ids[name], FIRST_PHONE + place * PER_CAMPAIGN)
            self.plan.of_campaign[name] = _limits(now, channels, CAMPAIGNS_CPS.get(name), cpm)
        for campaign_id in self._campaign_ids.values():
            campaigns.move(self.conn, campaign_id, CampaignState.ACTIVE)

    def _add_contacts(self, campaign_id: int, first_phone: int) -> None:
        zones = "INSERT INTO zone_sets (zones) VALUES ('{Europe/Moscow}') ON CONFLICT (zones) DO NOTHING"
        self.conn.execute(zones)
        self.conn.execute(
            "INSERT INTO contacts (campaign_id, phone, zone_set_id)"
            " SELECT %s, '+' || (%s + n), (SELECT id FROM zone_sets LIMIT 1) FROM generate_series(0, %s - 1) n",
            [campaign_id, first_phone, CONTACTS],
        )

    def change_gateway(self, name: str, channels: int, cps: float, cpm: int | None) -> None:
        """Change a gateway's limits while it dials; what counts before and after is taken down."""
        old, limits = self._gateways[name], self.plan.of_gateway[name]
        began = time.time()
        new = Gateway(old.id, name, channels, cps, cpm, is_enabled=True)
        gateways.update(self.conn, new)
        done = time.time()
        self._gateways[name] = new
        for limit, before, after in (
            (limits.per_second, old.calls_per_second, cps),
            (limits.per_minute, old.calls_per_minute, cpm),
            (limits.channels, old.max_channels, channels),
        ):
            if before is not None and after is not None:
                limit.change(began if after > before else done, after)

    def change_campaign(self, name: str, channels: int, cpm: int) -> None:
        """Change a campaign's limits while it dials."""
        began = time.time()
        self.conn.execute(
            "UPDATE campaigns SET max_channels = %s, calls_per_minute = %s WHERE id = %s",
            [channels, cpm, self._campaign_ids[name]],
        )
        done = time.time()
        limits = self.plan.of_campaign[name]
        for limit, after in ((limits.per_minute, cpm), (limits.channels, channels)):
            limit.change(began if after > limit.values[-1][1] else done, after)

    def kill(self, *names: str) -> None:
        """Kill these parts at once, and start them again."""
        for name in names:
            self.stack.parts[name].kill()
            if name == "switch":
                self.plan.switch_killed_at.append(time.time())
        for name in names:
            self.stack.parts[name].start_again()

    def kill_postgres(self) -> None:
        """Kill PostgreSQL, and start it again; our own connection died with it."""
        self.conn.close()
        self.stack.kill_postgres()
        opened = psycopg.connect(self.stack.environment["DIALER_DATABASE_URL"], autocommit=True)
        self.conn = self.stack.closing.enter_context(opened)

    def more_calls(self, count: int) -> None:
        """Wait until so many further calls came over the wire: dialing goes on."""
        wanted = len(self._on_the_wire()) + count
        wait_until(lambda: len(self._on_the_wire()) >= wanted, f"{count} further calls")

    def reach(self, in_a_minute: int, campaign: str | None = None) -> None:
        """Wait until so many calls, of this campaign or in all, came in some minute: else a limit is not tried."""

        def is_reached() -> bool:
            calls = [call for call in self.calls() if campaign in (None, call.campaign)]
            return busiest(calls, 60.0) >= in_a_minute

        wait_until(is_reached, f"a minute with {in_a_minute} calls of campaign {campaign or 'any'}")

    def _on_the_wire(self) -> list[CarrierCall]:
        return [call for folder in self.stack.carriers.values() for call in read_calls(folder)]

    def end(self) -> None:
        """Let nothing more be dialled, and wait until every call has ended."""
        for campaign_id in self._campaign_ids.values():
            campaigns.move(self.conn, campaign_id, CampaignState.PAUSED)
        query = "SELECT count(*) FROM attempts WHERE concluded_at IS NULL"
        wait_until(lambda: self.conn.execute(query).fetchone() == (0,), "the end of every attempt")

    def calls(self) -> list[Call]:
        """Return what the carriers saw; a call of a switch that was killed ended with it."""
        allowed = dict(self._allowed())
        operators = sorted(self.operators_allowed())
        raw = [(name, call) for name, folder in self.stack.carriers.items() for call in read_calls(folder)]
        on_its_way = {call.call_id: call.invited_at - allowed[call.number] for _, call in raw if call.number in allowed}
        for _, call in raw:
            if call.number not in allowed and (before := bisect_right(operators, call.invited_at)):
                on_its_way[call.call_id] = call.invited_at - operators[before - 1]
        quickest = min(on_its_way.values(), default=0.0)
        return [
            Call(
                call.invited_at,
                self._ended_at(call),
                gateway,
                _campaign_of(call.number),
                on_its_way.get(call.call_id, quickest) - quickest,
            )
            for gateway, call in raw
        ]

    def _ended_at(self, call: CarrierCall) -> float | None:
        killed = [at for at in self.plan.switch_killed_at if at > call.invited_at]
        ends = [*([call.ended_at] if call.ended_at is not None else []), *killed]
        return min(ends, default=None)

    def _allowed(self) -> Iterator[tuple[str, float]]:
        """Yield number and moment of each permission to leave, as the schedulers wrote them down."""
        phones = dict(self.conn.execute("SELECT id::text, phone FROM attempts").fetchall())
        for said in originates(self.stack.scheduler_logs):
            if said["attempt_id"] in phones:
                yield phones[said["attempt_id"]], said["allowed_at"]

    def operators_allowed(self) -> list[float]:
        """Return when operators' legs were allowed to leave."""
        return [leg["allowed_at"] for leg in operators_legs(self.stack.switch_logs)]

    def permissions(self) -> list[Call]:
        """Return when calls and operators' legs were allowed to leave, by Redis's clock; they end where they begin."""
        names = {campaign_id: name for name, campaign_id in self._campaign_ids.items()}
        query = "SELECT a.id::text, g.name, a.campaign_id FROM attempts a JOIN gateways g ON g.id = a.gateway_id"
        places = {attempt_id: place for attempt_id, *place in self.conn.execute(query).fetchall()}
        allowed = [(c["allowed_at"], c["gateway"], c["campaign_id"]) for c in originates(self.stack.scheduler_logs)]
        legs = operators_legs(self.stack.switch_logs)
        allowed += [(leg["allowed_at"], *places[leg["attempt_id"]]) for leg in legs]
        return [Call(at, at, gateway, names[campaign_id]) for at, gateway, campaign_id in allowed]

    def verdict(self) -> list[Excess]:
        """Return every limit that was exceeded: on the wire, and by what the schedulers allowed."""
        return [*self.plan.excesses("", self.calls()), *self.plan.excesses("permissions of ", self.permissions())]


def disturb(run: Run, chance: random.Random, calls_between: int) -> None:
    """Change limits, kill and start every part once, empty Redis; after each, dialing has to go on."""
    steps: list[Callable[[], None]] = [
        run.stack.flush_redis,
        lambda: run.change_gateway("a", 6, 2.0, 100),
        lambda: run.change_campaign("five", 4, 30),
        lambda: run.kill("redis"),
        lambda: run.kill("second"),
        lambda: run.kill("switch"),
        lambda: run.change_gateway("a", 9, 5.0, 200),
        lambda: run.change_campaign("five", 10, 80),
        lambda: run.kill("panel"),
        lambda: run.kill("first"),
        lambda: run.kill("first", "second"),
        run.kill_postgres,
    ]
    chance.shuffle(steps)
    for step in steps:
        run.more_calls(chance.randint(calls_between // 3, calls_between))
        step()
    run.more_calls(calls_between)


def _limits(at: float, channels: int, cps: float | None, cpm: int | None) -> Limits:
    return Limits(
        Limit([(at, cps)] if cps is not None else []),
        Limit([(at, cpm)] if cpm is not None else []),
        Limit([(at, channels)]),
    )


def _campaign_of(number: str) -> str:
    dialled = int(number)
    place = (dialled - FIRST_PHONE) // PER_CAMPAIGN if dialled >= FIRST_PHONE else dialled - FIRST_OPERATOR
    return list(CAMPAIGNS)[place]


def wait_until(is_true: Callable[[], bool], what: str, within_s: float = GOES_ON_WITHIN_S) -> None:
    """Wait for a condition; raises AssertionError."""
    deadline = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < deadline, f"{what} did not come within {within_s:.0f} s"
        time.sleep(POLL_S)
