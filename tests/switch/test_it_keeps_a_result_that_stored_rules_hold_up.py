"""A result whose campaign's stored rules can't be followed waits on the switch's disk; the others' are written down."""

import psycopg

from tests.switch.calls import Call, Row
from tests.switch.scenario import invited, pause, reject, ringing, trying

BUSY_SOON = (invited(), trying(), ringing(), pause(3000), reject("486 Busy Here"))
HELD_UP = Call("rules_of_old", BUSY_SOON, is_placed_by_its_test=True)
BESIDE_IT = Call("rules_of_today", (invited(), trying(), reject("486 Busy Here")), is_placed_by_its_test=True)


def set_rules(suite, rules: str) -> None:
    with psycopg.connect(suite.postgres.url) as conn:
        conn.execute(
            "UPDATE campaigns SET retry_rules = %s WHERE id = %s", [rules, suite.placed[HELD_UP.name].campaign_id]
        )


def test_it_is_kept_until_they_can_be_followed_and_keeps_no_other_waiting(dialled):
    dialled.place([HELD_UP])
    of_it = "SELECT id FROM attempts WHERE campaign_id = %s AND originated_at IS NOT NULL"
    dialled.wait_for(of_it, dialled.placed[HELD_UP.name].campaign_id)
    set_rules(dialled, '{"of old": 1}')
    dialled.wait_for("SELECT name FROM switches WHERE kept_results = 1")
    assert [path.name.split("-")[1] for path in (dialled.folder("DIALER_SPOOL_DIR") / "kept").iterdir()] == [
        "concluded"
    ]
    dialled.place([BESIDE_IT])
    assert dialled(BESIDE_IT) == Row("busy", "USER_BUSY", 486)
    assert dialled.select(f"{of_it} AND concluded_at IS NULL", dialled.placed[HELD_UP.name].campaign_id)
    set_rules(dialled, "{}")
    assert dialled(HELD_UP) == Row("busy", "USER_BUSY", 486)
    dialled.wait_for("SELECT name FROM switches WHERE kept_results = 0")
