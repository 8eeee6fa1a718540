"""Nobody is rung again unless the campaign's retry rules said so, and never sooner than they said."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tests.verifier.facts import Attempt, Database
from tests.verifier.findings import Fault, Findings
from tests.verifier.matching import CLOCK_SLACK_S, Match


def check_retries(matches: list[Match], database: Database, findings: Findings) -> None:
    """Compare each contact's calls, in their order, with the rules."""
    by_contact: dict[int, list[Match]] = defaultdict(list)
    for each in matches:
        if each.attempt.originated_at is not None:
            by_contact[each.attempt.contact_id].append(each)
    for chain in by_contact.values():
        chain.sort(key=lambda each: each.attempt.number)
        rules = database.campaigns[chain[0].attempt.campaign_id].retry_rules
        for earlier, later in pairwise(chain):
            reason = _forbidden(earlier.attempt, later, rules)
            if reason:
                findings.called_twice += later.call is not None
                findings.add(Fault.CALLED_TWICE, f"{later.attempt.phone} by attempt {later.attempt.id}: {reason}")


def _forbidden(earlier: Attempt, later: Match, rules: Mapping[str, Any]) -> str | None:
    """Say why the later attempt should not have been, None when a rule asked for it."""
    if earlier.concluded_at is None or earlier.disposition is None:
        return f"attempt {earlier.number} was still open"
    rule = rules.get(earlier.disposition)
    if not isinstance(rule, dict):
        return f"no rule retries {earlier.disposition}"
    made = earlier.number
    if made >= min(rule["max_attempts"], rules.get("max_attempts", rule["max_attempts"])):
        return f"{made} attempts had been made, which is all that the rule for {earlier.disposition} allows"
    ended = (earlier.ended_at or earlier.concluded_at).timestamp()
    due = ended + rule["delay_s"] * rule.get("growth", 1.0) ** (made - 1)
    assert later.attempt.originated_at is not None
    rung = later.call.invited_at if later.call else later.attempt.originated_at.timestamp()
    if rung < due - CLOCK_SLACK_S:
        return f"{due - rung:.1f} s before the rule for {earlier.disposition} allowed it"
    return None
