"""Contacts from other campaigns: a filter, the count of whom it finds, and a report like an import's."""

import time
from typing import Any

import pytest
from psycopg import Connection
from psycopg.errors import QueryCanceled

from control_panel import fills
from db import blacklist, campaigns, contact_fill
from db.blacklist import BlacklistReason
from dialer.campaign import CampaignState
from tests.control_panel import sample
from tests.control_panel.conftest import Browser, SignIn


@pytest.fixture
def spring(conn: Connection[Any]) -> int:
    """A campaign of six people: one interested, one on the blacklist."""
    campaign_id = sample.a_campaign(conn, "Spring")
    people = sample.contacts(conn, campaign_id, 6)
    conn.execute("UPDATE contacts SET state = 'concluded', disposition = 'interested' WHERE id = %s", [people[0]])
    conn.execute('UPDATE contacts SET extra = \'{"Город": "Тверь"}\' WHERE id = ANY(%s)', [people[:3]])
    blacklist.add(conn, "+79164000137", BlacklistReason.COMPLAINT)
    return campaign_id


@pytest.fixture
def autumn(conn: Connection[Any], spring: int) -> int:
    """A campaign that has one of those people already."""
    campaign_id = sample.a_campaign(conn, "Autumn", sample.a_gateway(conn))
    sample.contacts(conn, campaign_id, 1, start=5)
    return campaign_id


def of(conn: Connection[Any], campaign_id: int) -> list[str]:
    query = "SELECT phone FROM contacts WHERE campaign_id = %s AND import_id IS NOT NULL ORDER BY id"
    return [row[0] for row in conn.execute(query, [campaign_id])]


def take(browser: Browser, path: str) -> str:
    """Count, take, and return the report, however long that takes."""
    browser.text(path)
    answer = browser.post(path, {"expected": "3"}, follow_redirects=True)
    while "data-import=" in answer.get_data(as_text=True):
        time.sleep(0.05)
        answer = browser.get(answer.request.path)
    return str(answer.get_data(as_text=True))


def test_it_counts_whom_the_filter_finds_and_changes_nothing(
    admin: Browser, conn: Connection[Any], spring: int, autumn: int
) -> None:
    page = admin.text(f"/campaigns/{autumn}/fill/forecast?campaigns={spring}")
    assert "<dt>Contacts found</dt><dd>6</dd>" in page
    assert "<dt>New contacts</dt><dd>4</dd>" in page
    assert "<dt>Duplicate</dt><dd>1</dd>" in page
    assert "Add 4 contacts" in page
    page = admin.text(f"/campaigns/{autumn}/fill/?campaigns={spring}")
    assert f'data-later="/campaigns/{autumn}/fill/forecast?campaigns={spring}"' in page
    assert f'<option selected value="{spring}">Spring</option>' in page
    assert ">Autumn</option>" not in page
    assert '<option value="Город">' in page
    assert conn.execute("SELECT count(*) FROM contact_imports").fetchone() == (0,)


def test_it_takes_them_and_reports_every_one_as_an_import(
    admin: Browser, conn: Connection[Any], spring: int, autumn: int
) -> None:
    report = take(admin, f"/campaigns/{autumn}/fill/?campaigns={spring}&column=Город&how=equals&value=тверь")
    assert "From other campaigns: Spring" in report
    assert "<dt>Contacts found</dt><dd>3</dd>" in report
    assert "<dt>New contacts</dt><dd>2</dd>" in report
    assert "<td>Complaint · General list</td>" in report
    assert of(conn, autumn) == ["+79164000000", "+79164000274"]
    campaign = admin.text(f"/campaigns/{autumn}")
    assert "from other campaigns" in campaign
    assert "2 of 3 rows taken" in campaign
    audited = conn.execute("SELECT user_id IS NOT NULL FROM audit_log WHERE action = 'contacts.filled'").fetchall()
    assert audited == [(True,)]


def test_its_times_are_by_the_clock_of_the_campaign(
    admin: Browser, conn: Connection[Any], spring: int, autumn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(fills.contact_fill, "forecast", lambda _conn, _id, chosen: seen.append(chosen))
    admin.text(
        f"/campaigns/{autumn}/fill/forecast?campaigns={spring}&called_from=2026-03-01T10:00&called_before=2026-03-02T00:00"
        "&states=retry&dispositions=busy&name=+Анна+"
    )
    (chosen,) = seen
    assert chosen.called_from.isoformat() == "2026-03-01T10:00:00+03:00"
    assert chosen.called_before.isoformat() == "2026-03-02T00:00:00+03:00"
    assert (chosen.states, chosen.dispositions, chosen.name) == (("retry",), ("busy",), "Анна")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("name=x", "Choose at least one campaign."),
        ("campaigns=999", "valid choice"),
        ("campaigns=OWN", "valid choice"),
        ("campaigns=SPRING&states=nope", "valid choice"),
        ("campaigns=SPRING&value=x", "Say in which column this stands."),
        (
            "campaigns=SPRING&called_from=2026-03-02T00:00&called_before=2026-03-01T00:00",
            "The first time must be before the second.",
        ),
    ],
)
def test_it_says_what_is_wrong_with_a_filter_and_takes_nobody(
    admin: Browser, conn: Connection[Any], spring: int, autumn: int, query: str, said: str
) -> None:
    path = f"/campaigns/{autumn}/fill/?{query.replace('SPRING', str(spring)).replace('OWN', str(autumn))}"
    assert admin.get(path.replace("?", "forecast?")).status_code == 400
    for answer in (admin.get(path), admin.post(path)):
        assert answer.status_code == 400
        assert said in answer.get_data(as_text=True)
    assert conn.execute("SELECT count(*) FROM contact_imports").fetchone() == (0,)


def test_too_many_to_count_in_time_can_be_taken_all_the_same(
    admin: Browser, conn: Connection[Any], spring: int, autumn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: Any) -> None:
        raise QueryCanceled

    monkeypatch.setattr(contact_fill, "forecast", late)
    assert "There are too many to count them in time." in admin.text(
        f"/campaigns/{autumn}/fill/forecast?campaigns={spring}"
    )
    take(admin, f"/campaigns/{autumn}/fill/?campaigns={spring}")
    assert len(of(conn, autumn)) == 4


def test_an_ended_campaign_takes_nobody(admin: Browser, conn: Connection[Any], spring: int, autumn: int) -> None:
    campaigns.move(conn, autumn, CampaignState.ARCHIVED)
    path = f"/campaigns/{autumn}/fill/?campaigns={spring}"
    assert "This campaign has ended" in admin.text(path.replace("?", "forecast?"))
    admin.text(path)
    page = admin.post(path, follow_redirects=True).get_data(as_text=True)
    assert "takes no contacts any more" in page
    assert conn.execute("SELECT count(*) FROM contact_imports").fetchone() == (0,)


def test_only_managers_fill_and_the_contacts_page_leads_there(sign_in: SignIn, spring: int, autumn: int) -> None:
    manager, viewer = sign_in("manager"), sign_in("viewer")
    link = f'href="/campaigns/{autumn}/fill/"'
    assert link in manager.text(f"/campaigns/{autumn}/contacts/")
    assert link not in viewer.text(f"/campaigns/{autumn}/contacts/")
    path = f"/campaigns/{autumn}/fill/?campaigns={spring}"
    assert viewer.get(path).status_code == 403
    assert viewer.post(path).status_code == 403


def test_without_another_campaign_it_says_so(admin: Browser, conn: Connection[Any]) -> None:
    campaign_id = sample.a_campaign(conn, "Alone", sample.a_gateway(conn))
    assert "There is no other campaign yet." in admin.text(f"/campaigns/{campaign_id}/fill/")
