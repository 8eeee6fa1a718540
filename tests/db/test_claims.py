"""The dial boundary: every rule holds for every attempt, and nobody is ever claimed twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Barrier

import pytest
from psycopg.errors import ForeignKeyViolation, IntegrityConstraintViolation, UniqueViolation

from bench import plan_reader
from db import attempts, blacklist, campaigns, claims, gateways
from db.blacklist import BlacklistReason
from dialer.campaign import CampaignState
from tests.db.conftest import CORE, Connect, World, new_ids


def test_a_claim_takes_the_first_due_contacts_and_freezes_what_the_dial_string_needs(world: World) -> None:
    campaign_id = world.campaign(contacts=5, ring_timeout_s=20, max_call_s=60)
    ids = new_ids(2)
    campaign = world.dialing(campaign_id)
    claimed = claims.claim(world.conn, campaign, campaign.gateways[0], ids, [world.zone_set_id])
    assert [(c.attempt_id, c.phone, c.number, c.caller_id) for c in claimed] == [
        (ids[0], "+79160000000", 1, "+74950000001"),
        (ids[1], "+79160000001", 1, "+74950000001"),
    ]
    assert [world.contact(c.contact_id) for c in claimed] == [("dialing", None, 1)] * 2
    written = str(claimed[0].dial_string())
    assert f"origination_uuid={ids[0]}" in written
    assert written.endswith(" 20")  # the longest ring
    assert "sofia/gateway/carrier/+79160000000" in written


def test_contacts_are_dialled_in_the_order_they_are_due_and_then_of_their_ids(world: World) -> None:
    campaign_id = world.campaign(contacts=3)
    world.conn.execute("UPDATE contacts SET due_at = due_at - interval '1 hour' WHERE phone = '+79160000002'")
    assert [c.phone for c in world.claim(campaign_id, 3)] == ["+79160000002", "+79160000000", "+79160000001"]


def test_whoever_rings_elsewhere_leaves_the_head_by_the_clock_that_the_claim_was_asked_at(world: World) -> None:
    """Schedulers and PostgreSQL never have quite the same time: else the contact stayed there and held up the rest."""
    elsewhere, campaign_id = world.campaign(contacts=1), world.campaign(contacts=2)
    world.claim(elsewhere, 1)
    campaign, ahead = world.dialing(campaign_id), datetime.now(UTC) + timedelta(minutes=10)
    claimed = claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(1), [world.zone_set_id], ahead)
    assert [attempt.phone for attempt in claimed] == ["+79160000001"]
    due = world.value("SELECT due_at FROM contacts WHERE campaign_id = %s AND phone = '+79160000000'", campaign_id)
    assert due == ahead + timedelta(seconds=claims.POSTPONE_S)


def test_contacts_that_are_due_later_wait(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    world.conn.execute("UPDATE contacts SET due_at = now() + interval '1 minute', state = 'retry'")
    assert world.claim(campaign_id, 2) == []
    campaign = world.dialing(campaign_id)
    later = datetime.now(UTC) + timedelta(minutes=2)
    claimed = claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(2), [world.zone_set_id], later)
    assert len(claimed) == 2


def test_only_contacts_of_open_zone_sets_are_claimed(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    siberia = world.zone_set("Asia/Omsk", "Asia/Novosibirsk")
    world.add_contacts(campaign_id, 2, 79130000000, siberia)
    campaign = world.dialing(campaign_id)
    claimed = claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(9), [siberia])
    assert [c.phone for c in claimed] == ["+79130000000", "+79130000001"]
    assert claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(9), []) == []


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.COMPLETED])
def test_a_campaign_that_is_not_active_claims_nothing(world: World, state: CampaignState) -> None:
    campaign_id = world.campaign(contacts=2)
    campaign = world.dialing(campaign_id)
    campaigns.move(world.conn, campaign_id, state)
    assert claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(2), [world.zone_set_id]) == []


def test_a_pause_waits_for_a_claim_under_way_and_none_succeeds_after_it(world: World, connect: Connect) -> None:
    campaign_id = world.campaign(contacts=4)
    campaign = world.dialing(campaign_id)
    other = connect()
    with ThreadPoolExecutor() as pool, other.transaction():
        assert claims.claim(other, campaign, campaign.gateways[0], new_ids(1), [world.zone_set_id])
        pausing = pool.submit(campaigns.move, world.conn, campaign_id, CampaignState.PAUSED)
        waiting = connect()
        while not waiting.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            pass
        assert not pausing.done()
    pausing.result(timeout=5)
    assert claims.claim(other, campaign, campaign.gateways[0], new_ids(1), [world.zone_set_id]) == []


def test_a_disabled_gateway_or_a_foreign_caller_id_claims_nothing_and_leaves_the_queue_alone(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    campaign = world.dialing(campaign_id)
    gateways.update(world.conn, gateways.Gateway(world.gateway_id, "carrier", 100, 50, None, is_enabled=False))
    assert claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(1), [world.zone_set_id]) == []
    assert world.value("SELECT count(*) FROM contacts WHERE state = 'queued' AND due_at < now()") == 1


def test_a_number_listed_behind_our_back_is_blocked_at_the_boundary(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    world.conn.execute("INSERT INTO blacklist (phone, reason) VALUES ('+79160000000', 'complaint')")
    assert [c.phone for c in world.claim(campaign_id, 2)] == ["+79160000001"]
    state, disposition, reason = world.conn.execute(
        "SELECT state::text, disposition::text, blocked_reason FROM contacts WHERE phone = '+79160000000'"
    ).fetchone() or ("", "", "")
    assert (state, disposition, reason) == ("blocked", "blocked", "blacklist: complaint")


def test_an_expired_entry_of_the_blacklist_blocks_nobody(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    world.conn.execute(
        "INSERT INTO blacklist (phone, reason, expires_at) VALUES ('+79160000000', 'other', now() - interval '1 s')"
    )
    assert len(world.claim(campaign_id)) == 1


def test_listing_a_number_blocks_its_queued_contacts_in_every_campaign(world: World) -> None:
    first, second = world.campaign(contacts=2), world.campaign(contacts=2)
    assert blacklist.add(world.conn, "+79160000001", BlacklistReason.CUSTOMER_REQUEST) == 2
    assert [c.phone for c in world.claim(first, 2)] == ["+79160000000"]
    assert world.value("SELECT count(*) FROM contacts WHERE campaign_id = %s AND state = 'blocked'", second) == 1


def test_a_number_that_rings_in_one_campaign_is_not_rung_by_another(world: World) -> None:
    first, second = world.campaign(contacts=1), world.campaign(contacts=2)
    assert [c.phone for c in world.claim(first)] == ["+79160000000"]
    assert [c.phone for c in world.claim(second, 2)] == ["+79160000001"]
    state, is_later = world.conn.execute(
        "SELECT state::text, due_at > now() FROM contacts WHERE campaign_id = %s AND phone = '+79160000000'", [second]
    ).fetchone() or ("", False)
    assert (state, is_later) == ("queued", True)


def test_a_contact_without_attempts_left_is_concluded_instead_of_dialled(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    world.conn.execute(
        "UPDATE contacts SET state = 'retry', attempt_count = 3, disposition = 'busy' WHERE phone = '+79160000000'"
    )
    assert [c.phone for c in world.claim(campaign_id, 2)] == ["+79160000001"]
    assert world.value("SELECT state::text FROM contacts WHERE phone = '+79160000000'") == "concluded"


def test_concurrent_claimers_share_the_queue_and_never_take_the_same_number(world: World, connect: Connect) -> None:
    campaigns_ids = [world.campaign(contacts=120), world.campaign(contacts=120)]
    claimers = [(campaign_id, connect()) for campaign_id in campaigns_ids for _ in range(3)]
    barrier = Barrier(len(claimers))
    work = {campaign_id: world.dialing(campaign_id) for campaign_id in campaigns_ids}

    def claim_on(campaign_id: int, conn) -> list[str]:
        campaign, phones = work[campaign_id], []
        barrier.wait()
        for _ in range(8):
            found = claims.claim(conn, campaign, campaign.gateways[0], new_ids(10), [world.zone_set_id])
            phones += [c.phone for c in found]
        return phones

    with ThreadPoolExecutor(len(claimers)) as pool:
        phones = [phone for found in pool.map(lambda c: claim_on(*c), claimers) for phone in found]
    assert len(phones) == len(set(phones)) == 120


def test_two_schedulers_side_by_side_each_get_contacts(world: World, connect: Connect) -> None:
    campaign_id = world.campaign(contacts=10)
    other = connect()
    with other.transaction():
        first = world.claim(campaign_id, 5, other)
        second = world.claim(campaign_id, 5)
    assert len(first) == len(second) == 5


def test_an_attempt_id_is_never_used_for_two_attempts(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    campaign = world.dialing(campaign_id)
    ids = new_ids(1)
    claims.claim(world.conn, campaign, campaign.gateways[0], ids, [world.zone_set_id])
    with pytest.raises(UniqueViolation):
        claims.claim(world.conn, campaign, campaign.gateways[0], ids, [world.zone_set_id])


def test_an_attempt_is_marked_as_originated_once_only(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    ids = [c.attempt_id for c in world.claim(campaign_id, 2)]
    assert claims.mark_originated(world.conn, ids[:1], CORE) == ids[:1]
    assert claims.mark_originated(world.conn, ids, CORE) == ids[1:]


def test_what_was_paused_or_blacklisted_after_the_claim_does_not_go_to_the_wire(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    ids = [c.attempt_id for c in world.claim(campaign_id, 2)]
    blacklist.add(world.conn, "+79160000000", BlacklistReason.LEGAL)
    assert claims.mark_originated(world.conn, ids[:1], CORE) == []
    campaigns.move(world.conn, campaign_id, CampaignState.PAUSED)
    assert claims.mark_originated(world.conn, ids, CORE) == []


def test_a_released_claim_leaves_the_contact_as_it_was(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    claimed = world.claim(campaign_id)[0]
    assert claims.release(world.conn, [claimed.attempt_id]) == 1
    assert world.contact(claimed.contact_id) == ("queued", None, 0)
    assert claims.mark_originated(world.conn, [claimed.attempt_id], CORE) == []
    assert [c.phone for c in world.claim(campaign_id)] == [claimed.phone]


def test_what_went_to_the_wire_is_never_released(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    claimed = world.dial(campaign_id)[0]
    assert claims.release(world.conn, [claimed.attempt_id]) == 0
    assert claims.release_stale(world.conn, 0) == []
    assert world.contact(claimed.contact_id) == ("dialing", None, 1)


def test_what_was_marked_but_surely_not_sent_can_be_withdrawn_until_it_is_answered(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    unsent, answered = world.dial(campaign_id, 2)
    attempts.mark_answered(world.conn, answered.attempt_id, datetime.now(UTC))
    assert claims.withdraw(world.conn, [unsent.attempt_id, answered.attempt_id]) == 1
    assert world.contact(unsent.contact_id) == ("queued", None, 0)
    assert world.contact(answered.contact_id) == ("dialing", None, 1)


def test_claims_of_a_scheduler_that_died_are_released_after_a_while(world: World) -> None:
    campaign_id = world.campaign(contacts=1)
    claimed = world.claim(campaign_id)[0]
    assert claims.release_stale(world.conn, older_than_s=30) == []
    assert claims.release_stale(world.conn, older_than_s=0) == [claimed.attempt_id]
    assert world.contact(claimed.contact_id) == ("queued", None, 0)


def test_due_contacts_are_counted_up_to_a_bound(world: World) -> None:
    campaign_id = world.campaign(contacts=7)
    campaign = world.dialing(campaign_id)
    assert claims.due_count(world.conn, campaign, [world.zone_set_id], 100) == 7
    assert claims.due_count(world.conn, campaign, [world.zone_set_id], 3) == 3
    assert claims.due_count(world.conn, campaign, [], 3) == 0


@pytest.mark.parametrize("seed", range(5))
def test_over_all_open_zone_sets_the_first_due_are_claimed_first(world: World, seed: int) -> None:
    chance = Random(seed)
    campaign_id = world.campaign()
    sets = [world.zone_set(zone) for zone in ("Europe/Moscow", "Asia/Omsk", "Asia/Tomsk", "Asia/Chita")]
    for place, zone_set_id in enumerate(sets):
        world.add_contacts(campaign_id, chance.choice([0, 3, 40]), 79160000000 + 1000 * place, zone_set_id)
    world.conn.execute("SELECT setseed(%s)", [seed / 10])
    world.conn.execute("UPDATE contacts SET due_at = now() - random() * interval '1 hour'")
    shut = sets.pop()
    expected = world.conn.execute(
        "SELECT phone FROM contacts WHERE zone_set_id <> %s ORDER BY due_at, id LIMIT 20", [shut]
    ).fetchall()
    campaign = world.dialing(campaign_id)
    claimed = claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(20), sets)
    assert [(c.phone,) for c in claimed] == expected


@pytest.mark.parametrize("open_sets", [1, 3])
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_the_claim_reads_the_head_of_the_queue_from_its_index_alone(world: World, open_sets: int, mode: str) -> None:
    campaign_id = world.campaign(contacts=20_000)
    zones = ("Europe/Moscow", "Asia/Omsk", "Asia/Tomsk")[:open_sets]
    sets = [world.zone_set(zone) for zone in zones]
    world.conn.execute("UPDATE contacts SET zone_set_id = (%s::int[])[1 + id %% %s]", [sets, open_sets])
    world.conn.execute("UPDATE contacts SET state = 'concluded' WHERE id % 4 = 0")
    world.conn.execute("VACUUM ANALYZE contacts")
    campaign = world.dialing(campaign_id)
    values = claims.claim_values(campaign, campaign.gateways[0], new_ids(50), sets, None)
    world.conn.execute(f"SET plan_cache_mode = {mode}")
    explain = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) " + claims.claim_query(open_sets)
    with world.conn.transaction(force_rollback=True):
        row = world.conn.execute(explain, values, prepare=True).fetchone()
    assert row is not None
    found = plan_reader.scans(row[0][0]["Plan"])
    of_size = [scan for scan in found if scan.relation in ("contacts", "attempts")]
    assert {scan.node for scan in of_size} <= {"Index Scan", "Index Only Scan"}
    assert "contacts_due" in {scan.index for scan in of_size}
    assert plan_reader.rows_read(row[0][0]["Plan"], "contacts") <= 3 * 50 + open_sets


@pytest.mark.parametrize("state", ["queued", "retry"])
def test_no_contact_enters_the_queue_while_its_number_is_listed(world: World, state: str) -> None:
    campaign_id = world.campaign(contacts=1)
    blacklist.add(world.conn, "+79160000005", BlacklistReason.COMPLAINT)
    blacklist.add(world.conn, "+79160000006", BlacklistReason.VIP, expires_at=datetime.now(UTC) - timedelta(days=1))
    world.add_contacts(campaign_id, 2, 79160000005)
    world.conn.execute("UPDATE contacts SET state = 'concluded' WHERE phone = '+79160000005'")
    world.conn.execute("UPDATE contacts SET state = %s::contact_state, blocked_reason = NULL", [state])
    rows = world.conn.execute("SELECT phone, state::text, blocked_reason FROM contacts ORDER BY phone").fetchall()
    assert rows == [
        ("+79160000000", state, None),
        ("+79160000005", "blocked", "blacklist: complaint"),
        ("+79160000006", state, None),
    ]


def test_a_number_listed_in_any_way_leaves_every_queue(world: World) -> None:
    first, second = world.campaign(contacts=3), world.campaign(contacts=3)
    world.conn.execute(
        "INSERT INTO blacklist (phone, reason) SELECT phone, 'legal' FROM contacts"
        " WHERE campaign_id = %s AND phone <> '+79160000002'",
        [first],
    )
    assert [c.phone for c in world.claim(first, 3)] == ["+79160000002"]
    blocked = "SELECT count(*) FROM contacts WHERE state = 'blocked' AND blocked_reason = 'blacklist: legal'"
    assert world.value(blocked) == 4
    assert world.value(blocked + " AND campaign_id = %s", second) == 2


def test_the_claim_refuses_a_number_that_slipped_into_the_queue(world: World) -> None:
    """As when a contact and its number's entry are committed side by side: neither sees the other."""
    campaign_id = world.campaign(contacts=2)
    with world.conn.transaction():
        world.conn.execute("SET LOCAL session_replication_role = replica")
        world.conn.execute("INSERT INTO blacklist (phone, reason) VALUES ('+79160000000', 'legal')")
    assert [c.phone for c in world.claim(campaign_id, 2)] == ["+79160000001"]
    assert world.value("SELECT blocked_reason FROM contacts WHERE phone = '+79160000000'") == "blacklist: legal"


def test_attempts_belong_to_what_is_there_and_keep_it_there(world: World) -> None:
    campaign_id = world.campaign(contacts=2)
    world.claim(campaign_id, 1)
    copied = (
        "INSERT INTO attempts (id, project_id, campaign_id, contact_id, gateway_id, flow_version_id, phone, caller_id,"
        " number) SELECT gen_random_uuid(), {project_id}, {campaign_id}, {contact_id}, {gateway_id}, {flow_version_id},"
        " '+79169999999', caller_id, 1 FROM attempts"
    )
    own = {name: name for name in ("project_id", "campaign_id", "contact_id", "gateway_id", "flow_version_id")}
    for column in own:
        with pytest.raises(ForeignKeyViolation):
            world.conn.execute(copied.format(**own | {column: "999"}))
        with pytest.raises(IntegrityConstraintViolation):
            world.conn.execute(f"UPDATE attempts SET {column} = {column} + 1")
    for table in ("projects", "campaigns", "gateways", "flow_versions"):
        trigger = f"{table}_keep_for_attempts"
        assert world.value("SELECT tgenabled FROM pg_trigger WHERE tgname = %s", trigger) == "O"
    world.conn.execute("DELETE FROM campaign_caller_ids")
    world.conn.execute("DELETE FROM caller_ids")
    for table in ("contacts", "gateways", "flow_versions"):
        with pytest.raises(ForeignKeyViolation):
            world.conn.execute(f"DELETE FROM {table}")
    world.conn.execute(copied.format(**own))
    world.conn.execute("DELETE FROM contacts WHERE id NOT IN (SELECT contact_id FROM attempts)")
    assert world.value("SELECT count(*) FROM contacts") == 1


def test_a_claim_leaves_the_disk_to_the_mark_unless_it_is_part_of_something_else(world: World) -> None:
    campaign = world.dialing(world.campaign(contacts=4))
    sets = [world.value("SELECT zone_set_id FROM contacts LIMIT 1")]
    seen: list[str] = []

    def claim() -> None:
        claims.claim(world.conn, campaign, campaign.gateways[0], new_ids(1), sets)

    world.conn.execute(
        "CREATE FUNCTION note_durability() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE NOTICE '%', current_setting('synchronous_commit'); RETURN NULL; END $$"
    )
    world.conn.execute(
        "CREATE TRIGGER note AFTER INSERT OR UPDATE OF originated_at ON attempts"
        " FOR EACH STATEMENT EXECUTE FUNCTION note_durability()"
    )
    world.conn.execute("SET synchronous_commit = on")
    world.conn.add_notice_handler(lambda notice: seen.append(notice.message_primary or ""))
    claim()
    ids = [row[0] for row in world.conn.execute("SELECT id::text FROM attempts").fetchall()]
    claims.mark_originated(world.conn, ids, None)
    with world.conn.transaction():
        claim()
    assert seen == ["off", "on", "on"]
