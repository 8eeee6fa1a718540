"""Data that looks like a campaign in full swing, for tests and for the picture in the README."""

import random
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from db import caller_ids, campaigns, flows, gateways
from db.campaigns import NewCampaign
from dialer.call_flow import default_definition
from dialer.campaign import CampaignState
from dialer.retry import DEFAULT_DEFINITION

NAMES = ("Анна Белова", "Сергей Ковалёв", "Ольга Мартынова", "Иван Петров", "Мария Дёмина", "John Carter",
         "Павел Орлов", "Елена Зайцева", "Дмитрий Фомин", "Emily Stone")  # fmt: skip
CAUSES = {
    "interested": ("NORMAL_CLEARING", 200),
    "not_interested": ("NORMAL_CLEARING", 200),
    "opted_out": ("NORMAL_CLEARING", 200),
    "no_input": ("NORMAL_CLEARING", 200),
    "hung_up": ("NORMAL_CLEARING", 200),
    "machine": ("NORMAL_CLEARING", 200),
    "busy": ("USER_BUSY", 486),
    "no_answer": ("NO_ANSWER", None),
    "unreachable": ("SUBSCRIBER_ABSENT", 480),
    "congestion": ("NORMAL_CIRCUIT_CONGESTION", 503),
}
DIGITS = {"interested": "1", "not_interested": "2", "opted_out": "9"}
TALKED = frozenset({"interested", "not_interested", "opted_out", "no_input", "hung_up", "machine"})


def a_gateway(conn: Connection[Any], name: str = "trunk", phone: str = "+74951234567") -> tuple[int, int]:
    """Store a gateway with a caller ID; return both ids."""
    gateway_id = gateways.create(conn, name, 30, 5)
    return gateway_id, caller_ids.add(conn, gateway_id, phone, "ООО «Тепло»", "услуги")


def a_campaign(conn: Connection[Any], name: str = "Осенняя акция", pair: tuple[int, int] | None = None) -> int:
    """Store a draft that may dial around the clock; `pair`: gateway's and caller ID's ids."""
    version = flows.create_version(conn, name, default_definition("ru"))
    new = NewCampaign(
        name,
        version,
        [pair] if pair else [],
        hours_start=time(0),
        hours_end=time(0),
        weekdays=(1, 2, 3, 4, 5, 6, 7),
        retry_rules=DEFAULT_DEFINITION,
    )
    return campaigns.create(conn, new)


def contacts(conn: Connection[Any], campaign_id: int, count: int, start: int = 0) -> list[int]:
    """Store contacts with numbers one after another; return their ids."""
    conn.execute("INSERT INTO zone_sets (zones) VALUES ('{Europe/Moscow}') ON CONFLICT DO NOTHING")
    row = conn.execute("SELECT id FROM zone_sets WHERE zones = '{Europe/Moscow}'").fetchone()
    assert row is not None
    made = []
    for number in range(start, start + count):
        found = conn.execute(
            "INSERT INTO contacts (campaign_id, phone, name, zone_set_id) VALUES (%s, %s, %s, %s) RETURNING id",
            [campaign_id, f"+7916{4000000 + number * 137}", NAMES[number % len(NAMES)], row[0]],
        ).fetchone()
        assert found is not None
        made.append(int(found[0]))
    return made


def attempt(
    conn: Connection[Any],
    contact_id: int,
    gateway_id: int,
    at: datetime,
    disposition: str | None,
    chance: random.Random,
    *,
    answered: bool = True,
) -> str:
    """Store an attempt that ended as `disposition`, or is up when it is None; return its id."""
    attempt_id = str(UUID(int=chance.getrandbits(128), version=4))
    talked = disposition in TALKED or (disposition is None and answered)
    answered_at = at + timedelta(seconds=chance.randint(4, 14)) if talked else None
    billsec = chance.randint(4, 38) if disposition in TALKED else 0
    ended_at = None if disposition is None else (answered_at or at) + timedelta(seconds=billsec or 9)
    cause, code = CAUSES.get(disposition or "", (None, None))
    conn.execute(
        """
        INSERT INTO attempts (id, campaign_id, contact_id, gateway_id, flow_version_id, phone, caller_id, number,
            claimed_at, originated_at, answered_at, ended_at, concluded_at, disposition, hangup_cause, sip_code,
            billsec, digits, amd_verdict, concluded_by)
        SELECT %(id)s, contacts.campaign_id, contacts.id, %(gateway_id)s, campaigns.flow_version_id, contacts.phone,
            '+74951234567', contacts.attempt_count + 1, %(at)s, %(at)s, %(answered_at)s, %(ended_at)s, %(ended_at)s,
            %(disposition)s::disposition, %(cause)s, %(code)s, %(billsec)s, %(digits)s, %(verdict)s,
            CASE WHEN %(disposition)s::disposition IS NOT NULL THEN 'hook'::witness END
        FROM contacts JOIN campaigns ON campaigns.id = contacts.campaign_id WHERE contacts.id = %(contact_id)s
        """,
        {
            "id": attempt_id, "gateway_id": gateway_id, "at": at, "answered_at": answered_at, "ended_at": ended_at,
            "disposition": disposition, "cause": cause, "code": code, "billsec": billsec,
            "digits": DIGITS.get(disposition or "", ""), "contact_id": contact_id,
            "verdict": None if not talked else "machine" if disposition == "machine" else "human",
        },
    )  # fmt: skip
    _follow_up(conn, contact_id, attempt_id, disposition, ended_at)
    return attempt_id


def _follow_up(conn: Connection[Any], contact_id: int, attempt_id: str, disposition: str | None, at: Any) -> None:
    """Bring the contact, the tally and the lead into line with the attempt."""
    if disposition is None:
        conn.execute("UPDATE contacts SET state = 'dialing' WHERE id = %s", [contact_id])
        return
    state = "retry" if disposition in ("busy", "no_answer", "congestion") else "concluded"
    conn.execute(
        "UPDATE contacts SET state = %s::contact_state, disposition = %s::disposition, attempt_count = 1,"
        " concluded_at = %s WHERE id = %s",
        [state, disposition, at if state == "concluded" else None, contact_id],
    )
    conn.execute(
        "INSERT INTO campaign_tallies (campaign_id, day, disposition, shard, attempts)"
        " SELECT campaign_id, current_date, %s::disposition, 0, 1 FROM contacts WHERE id = %s"
        " ON CONFLICT (project_id, campaign_id, day, disposition, shard)"
        " DO UPDATE SET attempts = campaign_tallies.attempts + 1",
        [disposition, contact_id],
    )
    if disposition == "interested":
        conn.execute(
            "INSERT INTO leads (attempt_id, campaign_id, contact_id, state, external_id, delivered_at)"
            " SELECT %s, campaign_id, id, 'delivered', (2100 + id)::text, now() FROM contacts WHERE id = %s",
            [attempt_id, contact_id],
        )


def a_running_campaign(conn: Connection[Any], name: str = "Осенняя акция", size: int = 1200, done: int = 640) -> int:
    """Store an active campaign in full swing: `done` attempts that ended, some calls up, the rest waiting."""
    chance = random.Random(7)
    gateway_id, caller_id = a_gateway(conn)
    campaign_id = a_campaign(conn, name, (gateway_id, caller_id))
    people = contacts(conn, campaign_id, size)
    now = datetime.now(UTC)
    kinds = list(CAUSES)
    weights = [17, 14, 3, 8, 10, 16, 9, 15, 6, 2]
    for index, contact_id in enumerate(people[:done]):
        at = now - timedelta(seconds=90 + (done - index) * 1.7)
        attempt(conn, contact_id, gateway_id, at, chance.choices(kinds, weights)[0], chance)
    for index, contact_id in enumerate(people[done : done + 9]):
        at = now - timedelta(seconds=4 + index * 5)
        attempt(conn, contact_id, gateway_id, at, None, chance, answered=index % 3 != 0)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    return campaign_id
