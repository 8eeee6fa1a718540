"""The verdict on a finished campaign."""

from collections.abc import Mapping, Sequence

from sipp.log_reader import CarrierCall
from tests.verifier.carrier import check_calls, check_struck_calls
from tests.verifier.crashes import STOPS_WITHIN_S, check_strikes
from tests.verifier.facts import Database, Posted
from tests.verifier.findings import Fault, Findings
from tests.verifier.leads import check_leads
from tests.verifier.leaks import check_leases
from tests.verifier.matching import Match, match
from tests.verifier.retries import check_retries
from tests.verifier.roll_ups import check_roll_ups
from tests.verifier.strikes import Strike, switch_kills

ENDED = frozenset({"concluded", "blocked"})


def verify(
    calls: Sequence[CarrierCall],
    database: Database,
    posted: Sequence[Posted],
    leases: int = 0,
    *,
    may_end_inside: bool = False,
    strikes: Sequence[Strike] = (),
    least_up: int = 0,
    stops_within_s: float = STOPS_WITHIN_S,
    held_until: Mapping[str, float] | None = None,
) -> Findings:
    """Compare what the three witnesses say. leases: channels still reserved in Redis.

    may_end_inside: allow attempts that ended in the switch and rang nobody, as where a gateway was away on purpose.
    strikes: what was done to the parts, each with at least `least_up` calls up. Only of calls that were up when a
    switch was killed may nobody know the end. stops_within_s: how long calls may leave after a store went away.
    held_until: attempt's id → when its channel was last seen reserved, where somebody looked all the time.
    """
    findings = Findings(calls=len(calls), leases=leases)
    if not calls:
        findings.add(Fault.NOBODY_CALLED, f"{len(database.attempts)} attempts, and not one call came")
    _check_conclusions(database, findings)
    _check_imports(database, findings)
    check_roll_ups(database, findings)
    kills = switch_kills(strikes)
    matches = match(calls, database, findings, may_end_inside=may_end_inside, strikes=strikes)
    _check_lost(matches, findings)
    check_retries(matches, database, findings)
    check_calls([each for each in matches if not each.was_struck], database, findings)
    check_struck_calls([each for each in matches if each.was_struck], database, kills, findings)
    check_strikes(calls, strikes, least_up, findings, stops_within_s)
    check_leads(matches, database, posted, findings)
    check_leases(database.attempts, held_until or {}, strikes, findings)
    if leases:
        findings.add(Fault.LEASE_LEFT, f"{leases} channels are still reserved")
    return findings


def _check_conclusions(database: Database, findings: Findings) -> None:
    findings.contacts = len(database.contacts)
    for attempt in database.attempts:
        if attempt.concluded_at is None:
            findings.add(Fault.NOT_CONCLUDED, f"attempt {attempt.id} to {attempt.phone} is open")
    last = {attempt.contact_id: attempt for attempt in database.attempts}  # in order of number
    for contact in database.contacts:
        if contact.state in ENDED:
            findings.concluded += 1
        else:
            findings.add(Fault.CONTACT_STUCK, f"{contact.phone} is {contact.state}")
        if contact.state == "blocked" and contact.phone not in database.blacklist:
            findings.add(Fault.WRONG_DISPOSITION, f"{contact.phone} is blocked, and is on no blacklist")
        latest = last.get(contact.id)
        if contact.state == "concluded" and (latest is None or latest.disposition != contact.disposition):
            how = latest.disposition if latest else "never made"
            findings.add(
                Fault.WRONG_DISPOSITION, f"{contact.phone} is {contact.disposition}, and its last attempt was {how}"
            )


def _check_lost(matches: Sequence[Match], findings: Findings) -> None:
    for each in matches:
        if each.attempt.disposition == "lost":
            findings.lost += 1
            findings.lost_unseen += each.call is None
            if not each.was_struck:
                findings.add(
                    Fault.LOST,
                    f"attempt {each.attempt.id} to {each.attempt.phone}, originated {each.attempt.originated_at}, "
                    f"concluded {each.attempt.concluded_at}",
                )


def _check_imports(database: Database, findings: Findings) -> None:
    findings.rows = sum(each.rows_total for each in database.imports)
    for each in database.imports:
        if each.accepted + each.rejected != each.rows_total:
            findings.add(
                Fault.ROWS_UNACCOUNTED,
                f"{each.rows_total} rows became {each.accepted} contacts and {each.rejected} rejects",
            )
    accepted = sum(each.accepted for each in database.imports)
    if database.imports and accepted != len(database.contacts):
        findings.add(
            Fault.ROWS_UNACCOUNTED, f"{accepted} rows were accepted, and there are {findings.contacts} contacts"
        )
