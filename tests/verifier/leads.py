"""Everyone who pressed the key for "interested" is exactly one lead in the CRM, and nobody else is."""

from collections import Counter
from collections.abc import Sequence

from tests.verifier.facts import Database, Posted
from tests.verifier.findings import Fault, Findings
from tests.verifier.matching import Match


def check_leads(matches: Sequence[Match], database: Database, posted: Sequence[Posted], findings: Findings) -> None:
    """Compare the CRM's journal with the attempts and with the keys that the carrier pressed."""
    made = Counter(each.attempt_id for each in posted)
    findings.leads = len(made)
    by_id = {each.attempt.id: each for each in matches}
    for attempt_id, count in made.items():
        if count > 1:
            findings.add(Fault.LEAD_DOUBLED, f"the CRM made {count} leads of attempt {attempt_id}")
        source = by_id.get(attempt_id)
        if source is None or source.attempt.disposition != "interested":
            what = source.attempt.disposition if source else "unknown"
            findings.add(Fault.LEAD_UNOWED, f"the CRM has a lead of attempt {attempt_id}, which is {what}")
    rows = {lead.attempt_id: lead for lead in database.leads}
    external = {each.attempt_id: each.external_id for each in posted}
    for each in matches:
        if each.attempt.disposition == "interested" and each.attempt.id not in made:
            findings.add(Fault.LEAD_MISSING, f"{each.attempt.phone}, attempt {each.attempt.id}, is not in the CRM")
    for attempt_id in set(made) & set(by_id):
        row = rows.get(attempt_id)
        if row is None or row.state != "delivered" or row.external_id != external[attempt_id]:
            findings.add(Fault.LEAD_MISSING, f"the CRM has attempt {attempt_id}, and our outbox doesn't know it: {row}")
    for attempt_id in set(rows) - {each.attempt.id for each in matches if each.attempt.disposition == "interested"}:
        findings.add(Fault.LEAD_UNOWED, f"our outbox holds a lead of attempt {attempt_id}, which is not interested")
