"""Python's enums and the database's types say the same, and migrations run once."""

from enum import StrEnum

import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation

from db.blacklist import BlacklistReason
from db.imports import ImportState
from db.leads import LeadState
from db.migrate import MIGRATIONS, migrate
from db.sql import QUERIES, load
from db.users import UserRole
from dialer.adaptive_pacing import PacingMode
from dialer.back_off import BreakerState
from dialer.caller_id import CallerIdChoice
from dialer.campaign import CampaignState, PauseReason
from dialer.contact import ContactState, ImportReject
from dialer.outcome import BY_PEOPLE, Disposition, Outcome, Witness
from dialer.schedule import RunResult, ScheduleAction
from tests.db.conftest import World

TYPES: dict[str, type[StrEnum]] = {
    "blacklist_reason": BlacklistReason,
    "breaker_state": BreakerState,
    "caller_id_choice": CallerIdChoice,
    "campaign_state": CampaignState,
    "contact_state": ContactState,
    "disposition": Disposition,
    "import_reject": ImportReject,
    "import_state": ImportState,
    "lead_state": LeadState,
    "outcome": Outcome,
    "pacing_mode": PacingMode,
    "pause_reason": PauseReason,
    "run_result": RunResult,
    "schedule_action": ScheduleAction,
    "user_role": UserRole,
    "witness": Witness,
}


@pytest.mark.parametrize("name", TYPES)
def test_an_enum_has_the_labels_of_its_sql_type_in_the_same_order(conn: Connection, name: str) -> None:
    labels = [row[0] for row in conn.execute(f"SELECT unnest(enum_range(NULL::{name}))::text")]
    assert labels == [member.value for member in TYPES[name]]


def test_every_sql_enum_has_its_python_enum(conn: Connection) -> None:
    names = {row[0] for row in conn.execute("SELECT typname FROM pg_type WHERE typtype = 'e'")}
    assert names == set(TYPES)


def test_every_outcome_is_a_disposition() -> None:
    assert {outcome.value for outcome in Outcome} <= {disposition.value for disposition in Disposition}


def test_both_know_which_ends_are_a_persons(conn: Connection) -> None:
    said = conn.execute(
        "SELECT d::text FROM unnest(enum_range(NULL::disposition)) d WHERE answered_by_person(d, now())"
    )
    assert {row[0] for row in said} == BY_PEOPLE
    assert conn.execute("SELECT answered_by_person('hung_up', NULL)").fetchone() == (False,)


def test_a_migration_keeps_verdicts_and_lets_no_other_in(world: World) -> None:
    dialled = world.dial(world.campaign(contacts=5), 5)
    given = dict(zip((one.attempt_id for one in dialled), ("human", "machine", "fax", "unsure", None), strict=True))
    world.conn.execute(
        "DROP TRIGGER attempts_stay ON attempts; DROP FUNCTION refuse_writing, overtaken;"
        "ALTER TABLE attempts ALTER COLUMN amd_verdict TYPE text, ADD CONSTRAINT attempts_amd_verdict_check"
        " CHECK (amd_verdict IN ('human', 'machine', 'fax', 'unsure'));"
        "DROP DOMAIN amd_verdict;"
        "DROP TRIGGER contacts_keep_blocked_out ON contacts; ALTER TABLE contacts DROP COLUMN lists_asked;"
        "CREATE TRIGGER contacts_keep_blocked_out BEFORE UPDATE OF state ON contacts"
        " FOR EACH ROW EXECUTE FUNCTION keep_blocked_contact_out();"
        "CREATE FUNCTION count_abandoned() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER attempts_count_abandoned AFTER UPDATE OF disposition ON attempts"
        " FOR EACH ROW EXECUTE FUNCTION count_abandoned();"
        "CREATE TRIGGER attempts_stay BEFORE UPDATE OF project_id ON attempts"
        " FOR EACH ROW EXECUTE FUNCTION refuse_moving('project_id')"
    )
    for attempt_id, verdict in given.items():
        world.conn.execute("UPDATE attempts SET amd_verdict = %s WHERE id = %s", [verdict, attempt_id])
    migration = next(MIGRATIONS.glob("*_less_for_a_conclusion_again.sql"))
    world.conn.execute(migration.read_text(encoding="utf-8"))  # type: ignore[arg-type]
    assert dict(world.conn.execute("SELECT id::text, amd_verdict FROM attempts").fetchall()) == given
    with pytest.raises(CheckViolation):
        world.conn.execute("UPDATE attempts SET amd_verdict = 'nobody'")


@pytest.mark.parametrize(("basis", "source"), [("", "form 17"), ("offers", ""), ("offers", None), (None, "form 17")])
def test_a_consent_says_what_it_rests_on(world: World, basis: str | None, source: str | None) -> None:
    world.campaign(contacts=1)
    consent = "UPDATE contacts SET consent_basis = %s, consent_at = now(), consent_source = %s"
    with pytest.raises(CheckViolation):
        world.conn.execute(consent, [basis, source])
    assert world.conn.execute(consent, ["offers", "form 17"]).rowcount == 1
    new = (
        "INSERT INTO contacts (campaign_id, phone, zone_set_id, consent_basis, consent_at, consent_source)"
        " SELECT campaign_id, %s, zone_set_id, %s, now(), %s FROM contacts LIMIT 1"
    )
    with pytest.raises(CheckViolation):
        world.conn.execute(new, ["+79170000001", basis, source])
    assert world.conn.execute(new, ["+79170000001", "offers", "form 17"]).rowcount == 1


def test_migrating_again_changes_nothing(postgres_url: str) -> None:
    assert migrate(postgres_url) == []


def test_every_table_carries_its_project(conn: Connection) -> None:
    tables = conn.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        " AND table_name !~ '^_?yoyo' AND table_name NOT IN ('projects', 'zone_sets')"
        " EXCEPT SELECT table_name FROM information_schema.columns WHERE column_name = 'project_id'"
    ).fetchall()
    assert tables == []


@pytest.mark.parametrize("path", sorted(QUERIES.glob("*.sql")), ids=lambda path: path.stem)
def test_every_query_of_a_file_has_a_name_and_a_comment(path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("-- ")
    queries = load(path.stem)
    assert queries
    assert all(query.strip() for query in queries.values())
    assert len(queries) == sum(line.startswith("-- ") and " -- " in line[3:] for line in text.splitlines())
