"""A campaign filled from a filter over contacts of other campaigns: judged, counted and recorded like an import."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from db import blacklist, blacklists, campaigns, contact_fill, contacts, imports
from db.blacklist import BlacklistReason
from db.contact_fill import ContactFilter, FillJob, Forecast
from db.contacts import Consent
from db.imports import ImportReport, ImportState
from dialer.contact import ContactState, ImportReject
from dialer.errors import IllegalMove, ImportCancelled
from dialer.outcome import Disposition
from tests.db.conftest import Connect, World

NOW = datetime.now(UTC)
EARLY, LATE = NOW - timedelta(days=9), NOW - timedelta(days=2)
PEOPLE = (
    ("+79160000001", "Анна Белова", "concluded", "interested", {"city": "Тверь"}, EARLY),
    ("+79160000002", "Борис", "concluded", "no_answer", {"city": "Тула"}, LATE),
    ("+79160000003", "Вера 100%", "queued", None, {"City": "Тула"}, None),
    ("+79160000004", "", "retry", "busy", {"city": "Тула и область"}, LATE),
)


@pytest.fixture
def source(world: World) -> int:
    """A campaign of four people, two of whom were called lately, one long ago, one never."""
    return store(world, PEOPLE)


def store(world: World, people: tuple[tuple[object, ...], ...]) -> int:
    campaign_id = campaigns.create(world.conn, world.new_campaign(name="Spring"))
    for phone, name, state, disposition, extra, called in people:
        contact_id = world.value(
            "INSERT INTO contacts (campaign_id, phone, name, state, disposition, extra, zone_set_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
            campaign_id, phone, name, state, disposition, Jsonb(extra), world.zone_set_id,
        )  # fmt: skip
        if called is not None:
            for number, at in enumerate((EARLY - timedelta(days=1), called), 1):
                world.conn.execute(
                    "INSERT INTO attempts (id, campaign_id, contact_id, gateway_id, flow_version_id, phone, caller_id,"
                    " number, claimed_at, originated_at, concluded_at, disposition) VALUES (gen_random_uuid(),"
                    " %s, %s, %s, %s, %s, '+74950000001', %s, %s, %s, %s, 'busy')",
                    [campaign_id, contact_id, world.gateway_id, world.flow_version_id, phone, number, at, at, at],
                )
    return campaign_id


@pytest.fixture
def target(world: World) -> int:
    return campaigns.create(world.conn, world.new_campaign(name="Autumn"))


def fill(connect: Connect, campaign_id: int, chosen: ContactFilter) -> ImportReport:
    import_id = contact_fill.start(connect(), campaign_id, chosen)
    return FillJob(connect(), connect(), import_id).carry_out()


def names(conn: Connection[object], campaign_id: int) -> list[str]:
    query = "SELECT right(phone, 1) FROM contacts WHERE campaign_id = %s ORDER BY id"
    return [str(row[0]) for row in conn.execute(query, [campaign_id])]  # type: ignore[index]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "1234"),
        ({"states": (ContactState.QUEUED, ContactState.RETRY)}, "34"),
        ({"dispositions": (Disposition.NO_ANSWER, Disposition.BUSY)}, "24"),
        ({"called_from": LATE}, "24"),
        ({"called_before": LATE}, "1"),
        ({"called_from": EARLY, "called_before": LATE}, "1"),
        ({"name": "бел"}, "1"),
        ({"name": "0%"}, "3"),
        ({"name": "_"}, ""),
        ({"column": "city", "value": "тула"}, "24"),
        ({"column": "city", "value": "Тула", "is_whole": True}, "2"),
        ({"column": "city"}, "124"),
        ({"column": "' OR true --", "value": "x"}, ""),
        ({"states": (ContactState.CONCLUDED,), "column": "city", "value": "тул", "called_from": EARLY}, "2"),
    ],
)
def test_each_part_of_the_filter_chooses_and_all_parts_hold_together(
    world: World, connect: Connect, source: int, target: int, asked: dict[str, object], found: str
) -> None:
    chosen = replace(ContactFilter((source,)), **asked)  # type: ignore[arg-type]
    assert ContactFilter.from_json(chosen.as_json()) == chosen
    assert contact_fill.forecast(world.conn, target, chosen) == Forecast(len(found), len(found), {}, {})
    report = fill(connect, target, chosen)
    assert (report.rows_total, report.accepted, report.rejected) == (len(found), len(found), {})
    assert names(world.conn, target) == list(found)


def test_it_copies_name_columns_zones_and_consent_and_nobody_counts_as_called(
    world: World, connect: Connect, target: int
) -> None:
    source = campaigns.create(world.conn, world.new_campaign())
    zones = world.zone_set("Asia/Almaty", "Asia/Omsk")
    world.add_contacts(source, 1, 79160000001, zones)
    contact_id = world.value(
        "UPDATE contacts SET extra = '{\"a\": \"b\"}', state = 'concluded', disposition = 'busy', attempt_count = 3,"
        " callback_at = now() WHERE campaign_id = %s RETURNING id", source,
    )  # fmt: skip
    contacts.set_consent(world.conn, source, contact_id, Consent("offers", EARLY, "form 17"))
    world.conn.execute("UPDATE contacts SET state = 'concluded' WHERE id = %s", [contact_id])
    fill(connect, target, ContactFilter((source,)))
    row = world.conn.execute(
        "SELECT phone, name, extra, zone_set_id, consent_basis, consent_at, consent_source, state::text, disposition,"
        " attempt_count, callback_at, due_at <= now(), import_row FROM contacts WHERE campaign_id = %s",
        [target],
    ).fetchone()
    assert row == (
        "+79160000001", "Contact 0", {"a": "b"}, zones, "offers", EARLY, "form 17", "queued", None, 0, None, True, 1,
    )  # fmt: skip
    assert world.value("SELECT state::text FROM contacts WHERE id = %s", contact_id) == "concluded"


def test_known_listed_and_repeated_numbers_are_skipped_counted_and_named(
    world: World, connect: Connect, source: int, target: int
) -> None:
    second = store(world, (("+79160000001", "Anna again", "queued", None, {}, None),))
    world.add_contacts(target, 1, 79160000002)
    blacklist.add(world.conn, "+79160000003", BlacklistReason.COMPLAINT)
    chosen = ContactFilter((source, second, target))
    expected = {ImportReject.DUPLICATE: 2, ImportReject.BLACKLISTED: 1}
    assert contact_fill.forecast(world.conn, target, chosen) == Forecast(5, 2, expected, {})
    report = fill(connect, target, chosen)
    assert (report.rows_total, report.accepted, report.rejected) == (5, 2, expected)
    with world.conn.transaction():
        rejects = [(r.row_number, r.cells, r.detail) for r in imports.rejects(world.conn, report.import_id)]
    assert rejects == [
        (1, ["+79160000001", "Анна Белова", "Spring"], "a newer contact has the same number"),
        (2, ["+79160000002", "Борис", "Spring"], "the campaign has this number already"),
        (3, ["+79160000003", "Вера 100%", "Spring"], "on the blacklist: complaint (General)"),
    ]
    assert world.value("SELECT name FROM contacts WHERE campaign_id = %s AND phone = '+79160000001'", target) == (
        "Anna again"
    )


def test_a_list_of_another_campaign_refuses_nobody(world: World, connect: Connect, source: int, target: int) -> None:
    own = blacklists.create(world.conn, "own", "", is_global=False, campaign_ids=[target])
    foreign = blacklists.create(world.conn, "foreign", "", is_global=False, campaign_ids=[source])
    blacklist.add(world.conn, "+79160000001", BlacklistReason.VIP, blacklist_id=own)
    blacklist.add(world.conn, "+79160000002", BlacklistReason.VIP, blacklist_id=foreign)
    assert fill(connect, target, ContactFilter((source,))).rejected == {ImportReject.BLACKLISTED: 1}
    assert names(world.conn, target) == ["2", "3", "4"]


def test_whom_the_campaigns_own_rules_refuse_is_a_contact_blocked_with_the_reason(
    world: World, connect: Connect, source: int
) -> None:
    target = campaigns.create(world.conn, world.new_campaign(requires_consent=True))
    store_foreign = store(world, (("+77012345678", "Far", "queued", None, {}, None),))
    world.conn.execute(
        "UPDATE contacts SET consent_basis = 'x', consent_at = %s, consent_source = 'y'"
        " WHERE phone IN ('+79160000001', '+77012345678')", [EARLY],
    )  # fmt: skip
    chosen = ContactFilter((source, store_foreign))
    blocked = {"consent: none": 3, "destination: not_allowed": 1}
    assert contact_fill.forecast(world.conn, target, chosen) == Forecast(5, 5, {}, blocked)
    assert fill(connect, target, chosen).accepted == 5
    stored = world.conn.execute(
        "SELECT blocked_reason, count(*) FROM contacts WHERE campaign_id = %s AND state = 'blocked' GROUP BY 1",
        [target],
    ).fetchall()
    assert dict(stored) == blocked
    assert world.value("SELECT count(*) FROM contact_blocks WHERE campaign_id = %s", target) == 4
    assert names(world.conn, target) == ["1", "2", "3", "4", "8"]


def test_it_is_recorded_like_an_import_and_audited_with_its_filter(
    world: World, connect: Connect, source: int, target: int
) -> None:
    chosen = ContactFilter((source,), states=(ContactState.RETRY,))
    report = fill(connect, target, chosen)
    (stored,) = imports.list_for(world.conn, target)
    assert (stored.id, stored.is_fill, stored.file_name, stored.state, stored.accepted) == (
        report.import_id, True, "Spring", ImportState.DONE, 1,
    )  # fmt: skip
    row = world.conn.execute(
        "SELECT entity_type, entity_id, details FROM audit_log WHERE action = 'contacts.filled'"
    ).fetchone()
    assert row is not None
    assert row[:2] == ("campaign", str(target))
    assert row[2] == {"file": "Spring", "rows": 1, "accepted": 1, "filter": row[2]["filter"]}
    assert ContactFilter.from_json(row[2]["filter"]) == chosen


def test_an_ended_campaign_takes_nobody_and_says_so(world: World, connect: Connect, source: int, target: int) -> None:
    world.conn.execute("UPDATE campaigns SET state = 'archived' WHERE id = %s", [target])
    with pytest.raises(IllegalMove):
        fill(connect, target, ContactFilter((source,)))
    (stored,) = imports.list_for(world.conn, target)
    assert (stored.state, (stored.error or "").split(":")[0]) == (ImportState.FAILED, "IllegalMove")
    assert names(world.conn, target) == []


def test_a_cancelled_one_leaves_nothing(world: World, connect: Connect, source: int, target: int) -> None:
    import_id = contact_fill.start(world.conn, target, ContactFilter((source,)))
    assert imports.cancel(world.conn, import_id)
    with pytest.raises(ImportCancelled):
        FillJob(connect(), connect(), import_id).carry_out()
    assert imports.find(world.conn, import_id).state is ImportState.CANCELLED
    assert names(world.conn, target) == []
    assert world.value("SELECT count(*) FROM contact_import_rejects") == 0


def test_it_offers_the_columns_that_others_have(world: World, source: int, target: int) -> None:
    assert contact_fill.columns(world.conn, target) == ["City", "city"]
    assert contact_fill.columns(world.conn, source) == []
