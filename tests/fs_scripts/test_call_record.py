"""The verdict on its way out: the variable first, then whoever watches, and a correction of what is kept."""

from types import SimpleNamespace

import pytest

from fs_scripts.amd.detector import Verdict
from fs_scripts.call_record import CallRecord

EVIDENCE = {"score": 0.91, "reason": "speech", "heard_ms": 1400, "features": {"speech": 1.0}}


class Rig:
    """A record whose every move is written down in order; what waits for the background runs when it is asked to."""

    def __init__(self):
        self.did, self.jobs = [], []

        def note(name):
            return lambda *values, **facts: self.did.append((name, *values, *facts.items()))

        self.record = CallRecord(
            SimpleNamespace(remember=note("variable")),
            "attempt",
            7,
            SimpleNamespace(evidence=note("evidence"), verdict=note("correction"), message_started=note("started")),
            SimpleNamespace(announce=note("event")),
            SimpleNamespace(put=self.jobs.append),
        )

    def run_jobs(self):
        for job in self.jobs:
            job()
        self.jobs.clear()


@pytest.fixture
def rig():
    return Rig()


def test_whoever_watches_hears_the_verdict_and_how_it_came(rig):
    rig.record.evidence(Verdict.MACHINE, EVIDENCE)
    rig.record.verdict(Verdict.MACHINE)
    assert rig.did == [
        ("variable", "dialer_amd_verdict", "machine"),
        (
            "event", "amd.detected", ("attempt_id", "attempt"), ("campaign_id", 7), ("verdict", "machine"),
            ("score", 0.91), ("reason", "speech"), ("heard_ms", 1400),
        ),
    ]  # fmt: skip
    rig.run_jobs()
    assert rig.did[-1] == ("evidence", "attempt", "machine", EVIDENCE), "the same verdict needs no correction"


def test_a_key_corrects_what_was_kept_after_it_was_kept(rig):
    rig.record.evidence(Verdict.MACHINE, EVIDENCE)
    rig.record.verdict(Verdict.HUMAN)
    rig.run_jobs()
    assert [one[0] for one in rig.did[-2:]] == ["evidence", "correction"]
    assert rig.did[-1] == ("correction", "attempt", "human")


def test_a_message_to_a_machine_begins_without_waiting_for_any_store(rig):
    rig.record.voicemail_started()
    assert rig.did == [("variable", "dialer_message_started", "true")]
    rig.run_jobs()
    assert rig.did[-1][:2] == ("started", "attempt")
