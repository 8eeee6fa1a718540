"""The table of outcomes at the end of a run."""

from collections import Counter

from tests.verifier.facts import Database
from tests.verifier.findings import Findings

GLOSSES = {
    "interested": "pressed 1: a lead in the CRM",
    "not_interested": "pressed 2",
    "opted_out": "pressed 9: on the blacklist",
    "no_input": "listened and pressed nothing",
    "hung_up": "hung up",
    "machine": "an answering machine, cut off",
    "busy": "busy to the last attempt",
    "no_answer": "nobody answered",
    "congestion": "no capacity to the last attempt",
    "unreachable": "switched off or out of coverage",
    "invalid_number": "no such number",
    "blocked": "a rule forbade the call",
}


def outcome_table(database: Database, findings: Findings) -> str:
    """Return how the contacts ended and how the calls did, a line each."""
    contacts = Counter(contact.disposition or contact.state for contact in database.contacts)
    attempts = Counter(attempt.disposition or "open" for attempt in database.attempts)
    width = max(map(len, [*contacts, *attempts]), default=0)
    lines = [f"{'outcome':<{width}}  contacts  attempts"]
    by_size = sorted({*contacts, *attempts}, key=lambda each: (-contacts[each], -attempts[each], each))
    lines += [
        f"{name:<{width}}  {contacts[name]:>8}  {attempts[name]:>8}  {GLOSSES.get(name, '')}".rstrip()
        for name in by_size
    ]
    lines.append(f"{'in all':<{width}}  {contacts.total():>8}  {attempts.total():>8}")
    if findings.amd_heard:
        lines.append(f"the detector was right about {findings.amd_agreed} of {findings.amd_heard} who answered")
    return "\n".join(lines)
