"""A call of the switch suite: what the callee does, what the campaign says, and what must be on record after."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One campaign with one contact (or several) against one callee.

    name: unique over the suite; the gateway and the campaign are named after it. steps: the callee, built by
    tests.switch.scenario; empty when nobody is to listen. flow: overrides of the default definition.
    gateway: attributes of the gateway's XML that differ (`username`, `ping`, `proxy`), None: no such gateway in
    the switch. names: a contact per name. ring_timeout_s, max_call_s: as in the campaign. is_flow_broken: `flow` is the
    whole definition, stored unchecked. is_placed_by_its_test: it needs something broken first. is_heard: its audio is
    listened to on the wire (`Suite.sound`). campaign: further settings of the campaign. phones: the contacts' numbers,
    else they get some. zones: where the contacts are, else in Moscow. consenting: names of those whose consent is on
    record.
    """

    name: str
    steps: tuple[str, ...] = ()
    flow: Mapping[str, Any] = field(default_factory=dict)
    gateway: Mapping[str, str] | None = field(default_factory=dict)
    names: tuple[str, ...] = ("",)
    ring_timeout_s: int = 15
    max_call_s: int = 60
    sipp_options: tuple[str, ...] = ()
    is_flow_broken: bool = False
    is_placed_by_its_test: bool = False
    is_heard: bool = False
    campaign: Mapping[str, Any] = field(default_factory=dict)
    phones: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    consenting: tuple[str, ...] = ()
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What the database must say of an attempt, the same on every switch."""

    disposition: str
    hangup_cause: str
    sip_code: int | None
    answered: bool = False
    digits: str = ""
    leads: int = 0


def answered(disposition: str, digits: str = "", leads: int = 0, cause: str = "NORMAL_CLEARING") -> Row:
    """Return the row of an answered call that ended in the ordinary way."""
    return Row(disposition, cause, 200, answered=True, digits=digits, leads=leads)
