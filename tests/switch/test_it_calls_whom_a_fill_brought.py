"""Contacts that a filter took from another campaign, through real calls: each is dialled, once, and nobody else is."""

import psycopg

from db import contact_fill
from db.contact_fill import ContactFilter, FillJob
from tests.switch.calls import Call
from tests.switch.invites import calls_of
from tests.switch.scenario import invited, reject, trying

BUSY = (invited(), trying(), reject("486 Busy Here"))
CHOSEN, LEFT_ALONE = ("Anna, Kazan", "Boris, Kazan"), "Vera, Tula"
SOURCE = Call("others_are_filled_from_it", BUSY, names=(*CHOSEN, LEFT_ALONE))
FILLED = Call("filled_from_another", BUSY, names=(), answers=len(CHOSEN), is_placed_by_its_test=True)


def test_whoever_a_filter_chose_is_called_once_though_it_was_used_twice(dialled):
    chosen = {record.phone for record in dialled.records(SOURCE) if record.contact_name in CHOSEN}
    wanted = ContactFilter((dialled.placed[SOURCE.name].campaign_id,), name="kazan")

    def fill_twice(_):
        url = dialled.postgres.url
        with psycopg.connect(url, autocommit=True) as conn, psycopg.connect(url, autocommit=True) as aside:
            for accepted in (len(CHOSEN), 0):
                fill = contact_fill.start(conn, dialled.placed[FILLED.name].campaign_id, wanted)
                assert FillJob(conn, aside, fill).carry_out().accepted == accepted

    dialled.place([FILLED], before=fill_twice)
    campaign_id = dialled.placed[FILLED.name].campaign_id
    dialled.wait_for("SELECT FROM campaigns WHERE id = %s AND state = 'completed'", campaign_id)
    assert {record.contact_name for record in dialled.records(FILLED)} == set(CHOSEN)
    assert {phone: len(calls) for phone, calls in calls_of(dialled, FILLED).items()} == dict.fromkeys(chosen, 1)
    dialled.carrier_saw(SOURCE)
    assert {len(calls) for calls in calls_of(dialled, SOURCE).values()} == {1}
