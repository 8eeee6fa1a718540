"""A campaign's contacts by state; a blocked one says why."""

from typing import Any

import pytest
from psycopg import Connection

from control_panel import contacts as pages
from db import blacklist
from db.blacklist import BlacklistReason
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn


@pytest.fixture
def campaign_id(conn: Connection[Any]) -> int:
    """A campaign of four contacts, the second of which is on the blacklist."""
    campaign_id = sample.a_campaign(conn, "Autumn")
    sample.contacts(conn, campaign_id, 4)
    blacklist.add(conn, "+79164000137", BlacklistReason.COMPLAINT)
    return campaign_id


def test_it_lists_blocked_contacts_with_their_reason(sign_in: SignIn, campaign_id: int) -> None:
    english, russian = sign_in("viewer", "en"), sign_in("viewer", "ru")
    assert f"/campaigns/{campaign_id}/contacts/?state=blocked" in english.text(f"/campaigns/{campaign_id}")
    page = english.text(f"/campaigns/{campaign_id}/contacts/?state=blocked")
    assert page.count('<b class="phone">') == 1
    assert "+79164000137" in page
    assert "On the blacklist: Complaint" in page
    assert "В чёрном списке: Жалоба" in russian.text(f"/campaigns/{campaign_id}/contacts/?state=blocked")


def test_it_pages_through_every_contact_once(admin: Browser, campaign_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 3)
    first = admin.text(f"/campaigns/{campaign_id}/contacts/")
    second = admin.text(f"/campaigns/{campaign_id}/contacts/?after=3")
    assert 'after=3">Further' in first
    assert (first.count('<b class="phone">'), second.count('<b class="phone">')) == (3, 1)
    assert "Further" not in second


def test_it_says_so_when_there_is_nobody(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn)
    assert "has no contacts yet" in admin.text(f"/campaigns/{campaign_id}/contacts/?state=nope")
