"""Holds the rows that two switches left of the same calls against each other."""

from collections.abc import Mapping
from typing import Any

EXACT = ("disposition", "hangup_cause", "sip_code", "digits", "answered")
BILLSEC_MAY_DIFFER_BY = 1

Rows = Mapping[str, list[dict[str, Any]]]


def differences(one: Rows, other: Rows) -> list[str]:
    """Return a sentence per disagreement: a call only one of them made, a column, or billsec by more than a second."""
    found = [f"{name}: only one switch made this call" for name in sorted(one.keys() ^ other.keys())]
    for name in sorted(one.keys() & other.keys()):
        if len(one[name]) != len(other[name]):
            found.append(f"{name}: {len(one[name])} attempts and {len(other[name])}")
            continue
        for mine, theirs in zip(one[name], other[name], strict=True):
            found += [f"{name}: {key} {mine[key]!r} and {theirs[key]!r}" for key in EXACT if mine[key] != theirs[key]]
            if abs(mine["billsec"] - theirs["billsec"]) > BILLSEC_MAY_DIFFER_BY:
                found.append(f"{name}: billsec {mine['billsec']} and {theirs['billsec']}")
    return found
