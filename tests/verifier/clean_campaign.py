"""A small campaign in which every promise was kept, for tests that break one at a time."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sipp.log_reader import CarrierCall
from tests.verifier.carrier import DECIDED_BY_THE_CALL
from tests.verifier.facts import Attempt, Campaign, Contact, Database, Import, Lead, Posted, RollUps
from tests.verifier.findings import Findings
from tests.verifier.roll_ups import counted_anew
from tests.verifier.strikes import Strike
from tests.verifier.verify import verify

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
KEYS = {"1": "interested", "2": "not_interested", "9": "opt_out", "0": "repeat"}
RULES = {"max_attempts": 3, "busy": {"delay_s": 2, "growth": 2.0, "max_attempts": 2}}


@dataclass(slots=True)
class Witnesses:
    """What each witness wrote down; tests change it and ask for the verdict."""

    calls: list[CarrierCall]
    database: Database
    posted: list[Posted]
    leases: int = 0
    strikes: list[Strike] = field(default_factory=list)
    least_up: int = 0
    held_until: dict[str, float] = field(default_factory=dict)
    roll_ups: RollUps | None = None
    """None: they agree with the attempts, whatever a test makes of those."""

    def verdict(self, *, may_end_inside: bool = False) -> Findings:
        """Let the verifier judge it."""
        roll_ups = counted_anew(self.database) if self.roll_ups is None else self.roll_ups
        return verify(
            self.calls,
            replace(self.database, roll_ups=roll_ups),
            self.posted,
            self.leases,
            may_end_inside=may_end_inside,
            strikes=self.strikes,
            least_up=self.least_up,
            held_until=self.held_until,
        )

    def faults(self, *, may_end_inside: bool = False) -> set[str]:
        """Return the kinds of faults it finds."""
        return {str(finding.fault) for finding in self.verdict(may_end_inside=may_end_inside).faults}

    def change_attempt(self, place: int, **changes: Any) -> None:
        """Replace fields of one attempt. Its outcome follows its disposition, unless it is given, too."""
        if "disposition" in changes:
            decided = changes["disposition"] if changes["disposition"] in DECIDED_BY_THE_CALL else None
            changes = {"outcome": decided} | changes
        attempts = list(self.database.attempts)
        attempts[place] = replace(attempts[place], **changes)
        self.database = replace(self.database, attempts=attempts)

    def change_contact(self, place: int, **changes: Any) -> None:
        """Replace fields of one contact."""
        contacts = list(self.database.contacts)
        contacts[place] = replace(contacts[place], **changes)
        self.database = replace(self.database, contacts=contacts)


INTERESTED, REFUSING, MACHINE, BUSY_FIRST, BUSY_THEN_SILENT, UNANSWERED = range(6)
"""Places of the attempts below."""


def clean() -> Witnesses:
    """Return five contacts and six attempts: interested, not interested, a machine, busy and then silent, no answer."""
    story = [
        (1, 1, "interested", "human1", "1", 200, 0.0),
        (2, 1, "not_interested", "human2", "2", 200, 0.1),
        (3, 1, "machine", "machine", "", 200, 0.2),
        (4, 1, "busy", "busy", "", 486, 0.3),
        (4, 2, "no_input", "silent", "", 200, 5.0),
        (5, 1, "no_answer", "noanswer", "", 487, 0.4),
    ]
    attempts, calls = [], []
    for place, (contact, number, disposition, kind, digits, code, at_s) in enumerate(story):
        began = START + timedelta(seconds=at_s)
        answered = began + timedelta(seconds=0.5) if code == 200 else None
        ended = began + timedelta(seconds=1)
        phone = f"+7916000000{contact}"
        verdict = None if answered is None else ("machine" if kind == "machine" else "human")
        attempts.append(
            Attempt(
                str(UUID(int=place + 1)),
                contact,
                1,
                phone,
                number,
                began,
                answered,
                ended,
                ended,
                disposition,
                digits,
                verdict,
                code,
                disposition if disposition in DECIDED_BY_THE_CALL else None,
                claimed_at=began,
                billsec=1 if answered else 0,
            )
        )
        calls.append(
            CarrierCall(
                call_id=f"call-{place}",
                number=phone,
                kind=kind,
                invited_at=began.timestamp() + 0.02,
                answered_at=answered.timestamp() if answered else None,
                digits_sent=digits,
                digit_times=(answered.timestamp() + 0.1,) if digits and answered else (),
                ended_at=ended.timestamp(),
                ended={200: "bye_received", 487: "cancelled"}.get(code, "rejected"),
                final_code=code,
            )
        )
    last = {attempt.contact_id: attempt for attempt in attempts}
    contacts = [
        Contact(contact, 1, attempt.phone, "concluded", attempt.disposition, attempt.number)
        for contact, attempt in sorted(last.items())
    ]
    lead = attempts[INTERESTED].id
    database = Database(
        campaigns={1: Campaign(1, RULES, KEYS)},
        contacts=contacts,
        attempts=attempts,
        leads=[Lead(lead, "delivered", "77")],
        imports=[Import(rows_total=7, accepted=5, rejected=2)],
        blacklist={"+79160000099": START},
    )
    return Witnesses(calls, database, [Posted(lead, "voice-dialer", "77")])
