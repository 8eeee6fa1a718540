"""What is added up while calls end agrees with the attempts: no conclusion is counted twice, and none is left out."""

from collections.abc import Mapping
from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

from tests.verifier.carrier import PRESSED, WITHOUT_PRESS
from tests.verifier.facts import Database, RollUps
from tests.verifier.findings import Fault, Findings

BY_PEOPLE = PRESSED | WITHOUT_PRESS | {"cancelled"}
"""Of an answered call: a person was on the line."""


def check_roll_ups(database: Database, findings: Findings) -> None:
    """Count the attempts anew and compare."""
    counted = counted_anew(database)
    _compare("attempts and seconds", counted.ended, database.roll_ups.ended, findings)
    _compare("answered by people and abandoned", counted.people, database.roll_ups.people, findings)


def counted_anew(database: Database) -> RollUps:
    """Return what the roll-ups should say."""
    ended: dict[tuple[int, date, str], tuple[int, int]] = {}
    people: dict[tuple[int, date], tuple[int, int]] = {}
    for attempt in database.attempts:
        if attempt.concluded_at is None or attempt.disposition is None or attempt.claimed_at is None:
            continue
        zone = ZoneInfo(database.campaigns[attempt.campaign_id].time_zone)
        of_day = (attempt.campaign_id, attempt.claimed_at.astimezone(zone).date(), attempt.disposition)
        attempts, seconds = ended.get(of_day, (0, 0))
        ended[of_day] = (attempts + 1, seconds + (attempt.billsec or 0))
        if attempt.answered_at is not None and attempt.disposition in BY_PEOPLE:
            in_utc = (attempt.campaign_id, attempt.claimed_at.astimezone(UTC).date())
            answered, abandoned = people.get(in_utc, (0, 0))
            people[in_utc] = (answered + 1, abandoned + (attempt.disposition == "abandoned"))
    return RollUps(ended, people)


def _compare(
    what: str, counted: Mapping[Any, tuple[int, int]], stored: Mapping[Any, tuple[int, int]], findings: Findings
) -> None:
    for key in sorted(counted.keys() | stored.keys(), key=str):
        anew, said = counted.get(key, (0, 0)), stored.get(key, (0, 0))
        if anew != said:
            scope = ", ".join(map(str, key))
            findings.add(Fault.ROLL_UP_WRONG, f"campaign {scope}: {said} {what} are rolled up, the attempts say {anew}")
