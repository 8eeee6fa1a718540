"""A campaign's contacts by time zone: counted, with whether it may call there, and moved together to another zone."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from db import campaigns, claims, dialing, zones
from db.errors import NotFound
from dialer.calling_hours import open_zone_sets
from dialer.campaign import CampaignState
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn
from tests.db.conftest import new_ids

SETS = "SELECT z.zones, count(*) FROM contacts c JOIN zone_sets z ON z.id = c.zone_set_id GROUP BY 1 ORDER BY 2 DESC, 1"


def two_zones(conn: Connection[Any]) -> tuple[int, list[int]]:
    """Make a campaign with five contacts in Moscow and three in one of two zones; return its id and theirs."""
    campaign_id = sample.a_campaign(conn, pair=sample.a_gateway(conn))
    people = sample.contacts(conn, campaign_id, 8)
    row = conn.execute("INSERT INTO zone_sets (zones) VALUES ('{Asia/Omsk,Asia/Tokyo}') RETURNING id").fetchone()
    assert row
    conn.execute("UPDATE contacts SET zone_set_id = %s WHERE id = ANY(%s)", [row[0], people[5:]])
    return campaign_id, people


def test_it_counts_each_zones_contacts_and_what_came_of_them(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id, people = two_zones(conn)
    conn.execute("UPDATE contacts SET attempt_count = 1 WHERE id = ANY(%s)", [people[:4]])
    conn.execute("UPDATE contacts SET state = 'concluded', disposition = 'interested' WHERE id = %s", [people[0]])
    conn.execute("UPDATE contacts SET state = 'concluded', disposition = 'hung_up' WHERE id = %s", [people[1]])
    conn.execute("UPDATE contacts SET state = 'concluded', disposition = 'busy' WHERE id = %s", [people[2]])
    moscow, both = zones.by_zone(conn, campaign_id)
    assert (moscow.contacts, moscow.waiting, moscow.called, moscow.answered, moscow.interested) == (5, 2, 4, 2, 1)
    assert (both.zones, both.contacts, both.waiting, both.called) == (("Asia/Omsk", "Asia/Tokyo"), 3, 3, 0)
    page = admin.text(f"/campaigns/{campaign_id}/zones/")
    assert "Asia/Omsk, Asia/Tokyo" in page
    assert page.count("open now") == 2
    assert f"/campaigns/{campaign_id}/zones/" in admin.text(f"/campaigns/{campaign_id}/contacts/")


def test_it_says_when_a_zone_opens_and_which_never_does(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id, _people = two_zones(conn)
    conn.execute("UPDATE zone_sets SET zones = '{America/New_York,Asia/Tokyo}' WHERE zones[2] = 'Asia/Tokyo'")
    now = datetime.now(UTC)
    closed = f"{(now.hour + 12) % 24:02}:00"
    conn.execute(
        "UPDATE campaigns SET time_zone = 'UTC', hours_start = %s::time, hours_end = %s::time + '1 hour'",
        [closed, closed],
    )
    page = admin.text(f"/campaigns/{campaign_id}/zones/")
    assert re.search(r"open at [^<]*:00", page)
    assert "never open" in page
    conn.execute("UPDATE campaigns SET is_by_own_clock = true")
    page = admin.text(f"/campaigns/{campaign_id}/zones/")
    assert "never open" not in page
    assert "by the clock of UTC for everybody" in page


def test_it_moves_contacts_and_the_claim_judges_them_by_the_new_zone(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id, people = two_zones(conn)
    campaigns.move(conn, campaign_id, CampaignState.ACTIVE)
    form = {"from_id": str(zones.by_zone(conn, campaign_id)[1].id), "prefix": "", "zone": "Asia/Tokyo"}
    page = admin.post(f"/campaigns/{campaign_id}/zones/", form, follow_redirects=True).get_data(as_text=True)
    assert "Contacts moved to Asia/Tokyo: 3." in page
    assert conn.execute(SETS).fetchall() == [(["Europe/Moscow"], 5), (["Asia/Tokyo"], 3)]
    numbers = [row[0] for row in conn.execute("SELECT phone FROM contacts ORDER BY id")]
    form = {"from_id": "", "prefix": numbers[0], "zone": "Asia/Tokyo"}
    admin.post(f"/campaigns/{campaign_id}/zones/", form)
    assert conn.execute(SETS).fetchall() == [(["Asia/Tokyo"], 4), (["Europe/Moscow"], 4)]
    campaign, now = dialing.of(conn, campaign_id), datetime.now(UTC)
    in_moscow = {i: found for i, found in dialing.zone_sets(conn, campaign_id).items() if found == ("Europe/Moscow",)}
    opened = open_zone_sets(campaign.hours, in_moscow, now, 15)
    found = claims.claim(conn, campaign, campaign.gateways[0], new_ids(8), opened, now)
    assert {attempt.contact_id for attempt in found} == set(people[1:5])
    rows = conn.execute("SELECT details FROM audit_log WHERE action = 'contacts.zone_changed' ORDER BY id").fetchall()
    assert [row[0] for row in rows] == [
        {"zone": "Asia/Tokyo", "from": "Asia/Omsk, Asia/Tokyo", "prefix": "", "contacts": 3},
        {"zone": "Asia/Tokyo", "from": "", "prefix": numbers[0], "contacts": 1},
    ]


def test_it_refuses_what_is_no_zone_no_prefix_no_set_and_no_manager(sign_in: SignIn, conn: Connection[Any]) -> None:
    campaign_id, _people = two_zones(conn)
    manager, operator = sign_in("manager"), sign_in("operator")
    path, form = f"/campaigns/{campaign_id}/zones/", {"from_id": "", "prefix": "", "zone": "Asia/Tokyo"}
    for wrong in ({"zone": "Mars/Olympus"}, {"prefix": "7 914"}, {"from_id": "999"}):
        assert manager.post(path, form | wrong).status_code == 400, wrong
    assert operator.post(path, form).status_code == 403
    assert 'name="zone"' not in operator.text(path)
    with pytest.raises(NotFound):
        zones.move(conn, campaign_id, "Mars/Olympus")
    conn.execute("UPDATE campaigns SET state = 'completed'")
    assert manager.post(path, form).status_code == 409
    assert conn.execute(SETS).fetchall()[0] == (["Europe/Moscow"], 5)
