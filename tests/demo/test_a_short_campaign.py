"""`make demo CALLS=50` calls the file's first fifty contacts once each, and counts the rows it read."""

import subprocess
import sys

import psycopg
import pytest

from db import campaigns
from demo.campaign import BLACKLIST, CONTACTS, NO_RETRIES, first_contacts, make_campaign
from demo.make_contacts import CALLED
from dialer.contact_file import read_rows


def table():
    return read_rows(CONTACTS.read_bytes(), CONTACTS.name)


def stored(url, calls):
    campaign_id = make_campaign(url, "demo", "Demo", calls)
    with psycopg.connect(url) as connection:
        rules = campaigns.get(connection, campaign_id).retry_rules
        (rows, accepted) = connection.execute("SELECT rows_total, accepted FROM contact_imports").fetchone()
        phones = [row[0] for row in connection.execute("SELECT phone FROM contacts ORDER BY id")]
    return rules, rows, accepted, phones


def test_it_takes_fifty_contacts_and_calls_each_once(postgres_url):
    rules, rows, accepted, phones = stored(postgres_url, 50)
    assert rules == NO_RETRIES
    assert (accepted, len(set(phones))) == (50, 50)
    assert rows > 50, "the rejects between them are rows, too"


def test_the_whole_file_is_taken_unless_told_otherwise(postgres_url):
    rules, rows, accepted, _ = stored(postgres_url, None)
    assert "busy" in rules
    assert (rows, accepted) == (120, CALLED)


def test_nobody_of_the_file_is_barred_by_a_rule(postgres_url):
    make_campaign(postgres_url, "demo", "Demo", None)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT phone, blocked_reason FROM contacts WHERE state = 'blocked'").fetchall() == []


@pytest.mark.parametrize("wanted", [1, 50, CALLED])
def test_the_rows_end_with_the_last_contact_that_is_wanted(wanted):
    listed = {row[0] for row in read_rows(BLACKLIST.read_bytes(), BLACKLIST.name).rows}
    taken = first_contacts(table(), wanted, listed)
    rows = list(taken.rows)
    assert taken.total == len(rows)
    assert rows == list(table().rows)[: len(rows)]
    fewer = list(first_contacts(table(), wanted - 1, listed).rows) if wanted > 1 else []
    assert len(fewer) < len(rows)


@pytest.mark.parametrize("wrong", ["0", "-1", "many"])
def test_a_number_of_calls_must_be_one(wrong):
    done = subprocess.run(
        [sys.executable, "-m", "demo", f"--calls={wrong}"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "is no number of calls" in done.stderr
