"""Each line that the carrier's log or the CRM's journal lacks, or has twice, makes the verdict fail."""

import json

import pytest

from tests.verifier.clean_campaign import clean
from tests.verifier.written_down import write_down

LINES = [
    (call, event)
    for call, events in enumerate(["iade", "iade", "iae", "ie", "iae", "ie"])
    for event in ({"i": "invite", "a": "answered", "d": "digit", "e": "ended"}[letter] for letter in events)
]
"""Every line of the clean campaign's log: the call's place and the event."""
FOUND_BY = {
    "invite": {"attempt without call"},
    "answered": {"wrong disposition"},
    "digit": {"lead unowed", "wrong disposition"},
    "ended": {"call still up"},
}
"""Event → the faults of which at least one is found when its line is missing."""


@pytest.fixture
def files(tmp_path):
    return write_down(clean(), tmp_path)


def _is(line, call, event):
    return line.split()[2:4] == [f"call-{call}", event]


def test_it_passes_the_files_of_a_clean_campaign(files):
    assert files.faults() == set()
    assert len(files.log.read_text().splitlines()) == len(LINES)


@pytest.mark.parametrize(("call", "event"), LINES)
def test_it_finds_each_line_that_the_carriers_log_lacks(files, call, event):
    lines = files.log.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not _is(line, call, event)]
    assert len(kept) == len(lines) - 1
    files.log.write_text("".join(kept))
    assert files.faults() & FOUND_BY[event]


@pytest.mark.parametrize("call", range(6))
def test_it_finds_each_invite_that_came_twice(files, call):
    lines = files.log.read_text().splitlines(keepends=True)
    again = [line.replace(f"call-{call} ", "again ") for line in lines if line.split()[2] == f"call-{call}"]
    files.log.write_text("".join([*lines, *again]))
    assert files.faults() == {"called twice"}


def test_it_takes_a_packet_that_was_sent_again_for_no_second_call(files):
    lines = files.log.read_text().splitlines(keepends=True)
    files.log.write_text("".join([*lines, *(line for line in lines if " invite " in line)]))
    assert files.faults() == set()


def test_it_finds_a_log_whose_last_line_was_cut_off(files):
    files.log.write_text(files.log.read_text()[:-1])
    assert files.faults() == {"call still up"}


@pytest.mark.parametrize("left", ["an empty log", "no log", "no folder"])
def test_it_finds_a_carrier_that_nobody_called(files, left):
    files.log.write_text("")
    if left != "an empty log":
        files.log.unlink()
    if left == "no folder":
        files.carrier.rmdir()
    assert {"nobody called", "attempt without call"} <= files.faults()


def _journal(files):
    return [json.loads(line) for line in files.journal.read_text().splitlines()]


def _write(files, entries):
    files.journal.write_text("".join(json.dumps(entry) + "\n" for entry in entries))


def test_it_finds_a_lead_that_the_journal_lacks(files):
    _write(files, [entry for entry in _journal(files) if entry["method"] != "crm.item.add"])
    assert files.faults() == {"lead missing"}


def test_it_finds_a_journal_that_was_never_written(files):
    files.journal.unlink()
    assert files.faults() == {"lead missing"}


def test_it_takes_a_lead_that_the_crm_refused_for_none(files):
    refused = {"result": None, "error": "QUERY_LIMIT_EXCEEDED", "status": 503}
    _write(files, [entry | refused if entry["result"] else entry for entry in _journal(files)])
    assert files.faults() == {"lead missing"}


def test_it_finds_a_lead_that_the_journal_has_twice(files):
    entries = _journal(files)
    _write(files, [*entries, entries[-1] | {"result": 78}])
    assert "lead doubled" in files.faults()


def test_it_finds_a_lead_of_an_attempt_that_never_was(files):
    entries = _journal(files)
    _write(files, [*entries, entries[-1] | {"fields": {"originId": "somebody", "originatorId": "x"}, "result": 78}])
    assert files.faults() == {"lead unowed"}
