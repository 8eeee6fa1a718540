"""Random campaigns with all that a rule looks at, once as plain values for the reference and once in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from db import campaigns, holidays
from dialer.calling_hours import LEAVES_WITHIN_S
from dialer.campaign import CampaignState
from dialer.preflight import Standing
from tests.db import reference
from tests.db.conftest import World
from tests.db.reference import Past, Person, Rules, Spent

ZONES = (
    ("Europe/Moscow",), ("Europe/Berlin",), ("America/New_York",), ("Asia/Kolkata",), ("Australia/Lord_Howe",),
    ("Pacific/Chatham",), ("Asia/Kamchatka", "Europe/Kaliningrad"), ("America/Sao_Paulo", "Asia/Tokyo"),
    ("Europe/Moscow", "Europe/Samara"),
)  # fmt: skip
DAYS = tuple(
    datetime.fromisoformat(day).replace(tzinfo=UTC)
    for day in (
        *("2026-03-29", "2026-10-25"),  # Europe changes its clocks
        *("2026-03-08", "2026-11-01"),  # America
        *("2026-04-05", "2026-10-04"),  # Lord Howe, by half an hour
        *("2026-01-01", "2026-02-28", "2026-05-31", "2026-12-31", "2027-01-01"),
    )
)
BEGINNINGS = ("+7916", "+7916", "+7916", "+7495", "+7701", "+7809", "+1212", "+375296")
LENGTHS = {"+7": 12, "+1": 12, "+3": 13}
DISTANCES = tuple(
    timedelta(hours=hours) for hours in (0.01, 1, 5, 9, 13, 20, 25, 30, 47, 60, 100, 150, 169, 300, 500, 700, 760)
)
NEAR_S = (-130, -121, -61, -48, -46, -18, -16, -1, 0, 1, 90)
"""Seconds from a window's edge: on both sides of what rings of 15, 45 and 120 s need."""
REFUSED = ("+7809", "+79161")
MAX_CALL_S = 300
GONE = frozenset(
    {Standing.LISTED, Standing.NO_CONSENT, Standing.NOT_ALLOWED, Standing.PREMIUM_RATE, Standing.NO_ATTEMPTS_LEFT}
)
"""Who leaves the queue for good when the claim comes to them."""


SETS = """
INSERT INTO zone_sets (zones) SELECT string_to_array(zones, ',') FROM unnest(%s::text[]) AS zones
ON CONFLICT (zones) DO UPDATE SET zones = excluded.zones RETURNING id, array_to_string(zones, ',')"""


@dataclass
class Made:
    """A campaign both ways. people are in the order of their ids."""

    campaign_id: int
    now: datetime
    rules: Rules
    people: list[Person]
    budgets: list[Spent]

    def expected(self) -> dict[str, Standing]:
        """Return each number's standing by the reference."""
        opening = {z: reference.opens_ever(self.rules, z, self.now) for z in {person.zones for person in self.people}}
        return {p.phone: reference.standing(self.rules, p, self.now, opens=opening[p.zones]) for p in self.people}

    def room(self) -> int | None:
        """Return how many calls the budgets leave, by the reference."""
        return reference.room(self.budgets, MAX_CALL_S)

    def in_turn(self, expected: Mapping[str, Standing]) -> list[str]:
        """Return the numbers that may be called now: chosen callbacks first, then whoever has been due for longest."""
        ready = [person for person in self.people if expected.get(person.phone) is Standing.READY]
        chosen = [p for p in ready if p.callback_at and p.callback_at <= self.now]
        others = [p for p in ready if p not in chosen]
        chosen.sort(key=lambda p: p.callback_at or self.now)
        others.sort(key=lambda p: p.due_at)
        return [person.phone for person in (*chosen, *others)][: self.room()]


def _maybe(chance: Random, values: Any, share: float) -> Any:
    return chance.choice(values) if chance.random() < share else None


def _person(chance: Random, number: int, now: datetime) -> Person:
    beginning = chance.choice(BEGINNINGS)
    phone = beginning + str(number).rjust(LENGTHS[beginning[:2]] - len(beginning), "2")  # a valid number
    person = Person(phone, chance.choice(ZONES), now - chance.choice((*DISTANCES[:6], timedelta(0))))
    person.consent_at = _maybe(chance, [now - timedelta(days=30), now, now + timedelta(minutes=1)], 0.6)
    person.attempts_made = chance.choice([0, 0, 0, 1, 2])
    person.past = [Past(now - chance.choice(DISTANCES), mine=True) for _ in range(person.attempts_made)]
    person.past += [Past(now - chance.choice(DISTANCES)) for _ in range(chance.choice([0, 0, 1, 2, 3]))]
    kind = chance.randrange(10)
    if kind == 0:
        person.due_at = now + chance.choice([timedelta(seconds=1), timedelta(hours=3)])
    elif kind == 1:
        person.listings = [chance.choice([None, now - timedelta(days=1), now, now + timedelta(seconds=1)])]
    elif kind == 2:
        person.is_ringing = True
    elif kind == 3 and person.attempts_made:
        person.callback_at = person.due_at = now + chance.choice([-timedelta(minutes=1), timedelta(minutes=1)])
    return person


def _rules(chance: Random) -> Rules:
    start = time(chance.randrange(24), chance.choice([0, 30]))
    hours = chance.choice([0, 2, 9, 12, 15, 23])
    has_profile = chance.random() < 0.4
    return Rules(
        start=start,
        end=time((start.hour + hours) % 24, start.minute),
        weekdays=sorted(chance.sample(range(1, 8), chance.choice([1, 5, 7, 7, 7]))),
        holidays=[],
        ring_s=chance.choice([15, 45, 120]) + LEAVES_WITHIN_S,
        zone=_maybe(chance, ["UTC", "America/New_York", "Australia/Lord_Howe"], 0.2),
        max_attempts=chance.choice([2, 3]),
        max_per_day=_maybe(chance, [1, 2], 0.3),
        requires_consent=chance.random() < 0.3,
        destinations=chance.choice([(), (), ("RU", "KZ"), ("US",), ("+7495", "BY"), ("KZ", "+7916")]),
        country="RU",
        refused=REFUSED,
        per_day=_maybe(chance, [1, 2], 0.7) if has_profile else None,
        per_week=_maybe(chance, [1, 2, 3], 0.7) if has_profile else None,
        per_month=_maybe(chance, [2, 4], 0.7) if has_profile else None,
    )


def _moment(chance: Random, rules: Rules) -> datetime:
    """Return any moment around one of DAYS; half of them at the edges of a window."""
    moment = chance.choice(DAYS) + timedelta(minutes=chance.randrange(-1440, 2880))
    if chance.random() < 0.5:
        return moment
    zone = ZoneInfo(rules.zone or chance.choice(chance.choice(ZONES)))
    wall = datetime.combine(moment.date(), chance.choice([rules.start, rules.end, rules.end]), zone)
    return wall.astimezone(UTC) + timedelta(seconds=chance.choice(NEAR_S))


def make(world: World, chance: Random) -> Made:
    """Make one up and store it."""
    rules = _rules(chance)
    now = _moment(chance, rules)
    keeps_holidays = chance.random() < 0.3
    if keeps_holidays:
        rules.holidays = [now.date() + timedelta(days=days) for days in range(-1, 2) if chance.random() < 0.4]
    people = [_person(chance, number, now) for number in range(1, chance.choice([1, 3, 8, 14]) + 1)]
    spent = [
        Spent(
            _maybe(chance, [1, 5, 40], share), _maybe(chance, [10, 60], share), *chance.choice([(0, 0), (3, 400)]), 0, 0
        )
        for share in (0.15, 0.1)
    ]
    campaign_id = _store_campaign(world, chance, rules, spent, keeps_holidays=keeps_holidays)
    _store_people(world.conn, chance, campaign_id, people, world)
    _store_spent(world, now.astimezone(ZoneInfo(rules.zone or "UTC")).date(), campaign_id, people, spent)
    return Made(campaign_id, now, rules, people, spent)


def _store_campaign(world: World, chance: Random, rules: Rules, spent: list[Spent], *, keeps_holidays: bool) -> int:
    conn = world.conn
    conn.execute("DELETE FROM holidays")
    for day in rules.holidays:
        holidays.add(conn, holidays.Holiday("RU", day, "made up"))
    conn.execute("DELETE FROM refused_prefixes")
    conn.execute("INSERT INTO refused_prefixes (prefix) SELECT unnest(%s::text[])", [list(rules.refused)])
    profile_id = world.value(
        "INSERT INTO limit_profiles (name, per_day, per_week, per_month) VALUES ('made up', %s, %s, %s) RETURNING id",
        rules.per_day, rules.per_week, rules.per_month,
    )  # fmt: skip
    own, every = spent
    conn.execute(
        "UPDATE projects SET max_calls_per_day = %s, max_minutes_per_day = %s", [every.max_calls, every.max_minutes]
    )
    retry: dict[str, Any] = {"max_attempts": rules.max_attempts}
    if rules.max_per_day is not None:
        retry["max_per_day"] = rules.max_per_day
    campaign_id = campaigns.create(
        conn,
        world.new_campaign(
            hours_start=rules.start,
            hours_end=rules.end,
            weekdays=rules.weekdays,
            keeps_holidays=keeps_holidays,
            ring_timeout_s=rules.ring_s - LEAVES_WITHIN_S,
            max_call_s=MAX_CALL_S,
            max_channels=1000,
            retry_rules=retry,
            requires_consent=rules.requires_consent,
            destinations=rules.destinations,
            time_zone=rules.zone or "UTC",
            is_by_own_clock=rules.zone is not None,
            limit_profile_id=profile_id,
            max_calls_per_day=own.max_calls,
            max_minutes_per_day=own.max_minutes,
        ),
    )
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    return campaign_id


def _store_people(conn: Connection[Any], chance: Random, campaign_id: int, people: list[Person], world: World) -> None:
    other_id = campaigns.create(conn, world.new_campaign(name="another", max_call_s=MAX_CALL_S))
    # Behind the triggers' back half of the time: what they keep out of the queue the claim must refuse as well.
    conn.execute(f"SET LOCAL session_replication_role = {chance.choice(['replica', 'origin'])}")
    sets = {zones: set_id for set_id, zones in conn.execute(SETS, [[",".join(sorted(zones)) for zones in ZONES]])}
    ids: dict[Any, int] = {person.phone: number for number, person in enumerate(people, 1)}
    rows = [(p.phone, past) for p in people for past in p.past]
    others = {p.phone for p in people if p.is_ringing or not all(past.mine for past in p.past)}
    ids |= {(phone, "other"): number for number, phone in enumerate(sorted(others), 1000)}
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO contacts (id, campaign_id, phone, zone_set_id, due_at, state, attempt_count, callback_at,"
            " consent_basis, consent_at, consent_source) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    ids[p.phone], campaign_id, p.phone, sets[",".join(sorted(p.zones))], p.due_at,
                    "retry" if p.attempts_made else "queued", p.attempts_made, p.callback_at,
                    p.consent_at and "form", p.consent_at, p.consent_at and "site",
                )
                for p in people
            ],
        )  # fmt: skip
        cursor.executemany(
            "INSERT INTO contacts (id, campaign_id, phone, zone_set_id, state) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, %s, %s, %s, 'concluded')",
            [(ids[phone, "other"], other_id, phone, world.zone_set_id) for phone in others],
        )
    insert = (
        "INSERT INTO attempts (id, campaign_id, contact_id, gateway_id, flow_version_id, phone, caller_id, number,"
        " claimed_at, concluded_at, disposition) VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, '+74950000001', 1, %s,"
        " %s, %s)"
    )
    values: list[list[Any]] = [
        [
            campaign_id if past.mine else other_id, ids[phone] if past.mine else ids[phone, "other"],
            world.gateway_id, world.flow_version_id, phone, past.at, past.at, "no_answer",
        ]
        for phone, past in rows
    ]  # fmt: skip
    values += [
        [
            other_id, ids[p.phone, "other"], world.gateway_id, world.flow_version_id, p.phone,
            p.due_at - timedelta(days=99), None, None,
        ]
        for p in people if p.is_ringing
    ]  # fmt: skip
    with conn.cursor() as cursor:
        cursor.executemany(insert, values)
        cursor.executemany(
            "INSERT INTO blacklist (phone, reason, expires_at) VALUES (%s, 'other', %s)",
            [(p.phone, until) for p in people for until in p.listings],
        )
    conn.execute("SET LOCAL session_replication_role = origin")


def _store_spent(world: World, today: date, campaign_id: int, people: list[Person], spent: list[Spent]) -> None:
    own, every = spent
    tally = (
        "INSERT INTO campaign_tallies (campaign_id, day, disposition, shard, attempts, billsec)"
        " VALUES (%s, %s, 'hung_up', %s, %s, %s)"
    )
    other_id = world.value("SELECT max(id) FROM campaigns")
    world.conn.execute(tally, [campaign_id, today, 3, own.calls, own.talked_s])
    world.conn.execute(tally, [campaign_id, today - timedelta(days=1), 3, 1000, 100_000])
    world.conn.execute(tally, [other_id, today, 0, every.calls, every.talked_s])
    every.calls, every.talked_s = every.calls + own.calls, every.talked_s + own.talked_s
    every.up = sum(person.is_ringing for person in people)
    every.up_s = every.up * MAX_CALL_S
