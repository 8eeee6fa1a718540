"""What the verifier found, and the figures it counted on the way."""

from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """A promise that was not kept."""

    NOT_CONCLUDED = "not concluded"
    """An attempt was left open."""
    CONTACT_STUCK = "contact stuck"
    """A contact neither ended nor was blocked."""
    LOST = "lost"
    """Nobody can say how an attempt ended, although no switch was killed."""
    CALL_WITHOUT_ATTEMPT = "call without attempt"
    """The carrier was rung and no attempt explains it."""
    ATTEMPT_WITHOUT_CALL = "attempt without call"
    """An attempt claims a call that the carrier never saw."""
    NOBODY_CALLED = "nobody called"
    """The carrier was not rung once, so there is nothing to be content with."""
    CALL_STILL_UP = "call still up"
    """The carrier never saw a call end that was concluded."""
    CALLED_TWICE = "called twice"
    """A number was rung again and no retry rule said so."""
    CALLED_BLACKLISTED = "called although blacklisted"
    """A number was rung that was on the blacklist."""
    WRONG_DISPOSITION = "wrong disposition"
    """The conclusion disagrees with what the carrier did."""
    PRESS_LOST = "press lost"
    """A key was pressed and the attempt doesn't say so."""
    LEAD_MISSING = "lead missing"
    """An interested callee has no lead in the CRM."""
    LEAD_UNOWED = "lead unowed"
    """The CRM has a lead that no press explains."""
    LEAD_DOUBLED = "lead doubled"
    """The CRM has two leads of one attempt."""
    ROWS_UNACCOUNTED = "rows unaccounted"
    """Rows of the file became neither a contact nor a listed reject."""
    ROLL_UP_WRONG = "roll-up wrong"
    """A campaign's tallies or the day's abandoned calls do not add up to its attempts."""
    LEASE_LEFT = "lease left"
    """A channel is still reserved although nothing is dialled."""
    HIT_TOO_FEW = "hit too few"
    """A part was killed when hardly a call was up, which shows little."""
    DIALED_ON = "dialled on"
    """Calls left although a store was away."""
    RESULT_DROPPED = "result dropped"
    """A hangup hook could keep its result nowhere."""
    NOT_DONE = "not done"
    """The run ended before all was done that it was to show."""


MISSING = frozenset(
    {
        Fault.NOT_CONCLUDED,
        Fault.LOST,
        Fault.CALL_WITHOUT_ATTEMPT,
        Fault.ATTEMPT_WITHOUT_CALL,
        Fault.PRESS_LOST,
        Fault.LEAD_MISSING,
    }
)
"""What somebody should have known, and nobody does."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise, with whom it concerns."""

    fault: Fault
    text: str

    def __str__(self) -> str:
        """Return it as a line for a person."""
        return f"{self.fault}: {self.text}"


@dataclass(slots=True)
class Findings:
    """The verdict. amd_agreed of amd_heard: answered calls in which the detector was right about who answered.

    lost_unseen: of the lost ones, those that died with their switch before the carrier saw them.
    """

    rows: int = 0
    contacts: int = 0
    concluded: int = 0
    leads: int = 0
    lost: int = 0
    lost_unseen: int = 0
    called_twice: int = 0
    calls: int = 0
    kills: int = 0
    leases: int = 0
    amd_agreed: int = 0
    amd_heard: int = 0
    faults: list[Finding] = field(default_factory=list)

    def add(self, fault: Fault, text: str) -> None:
        """Note a broken promise."""
        self.faults.append(Finding(fault, text))

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not self.faults

    def summary(self, name: str, seconds: float) -> str:
        """Return the last line of a run."""
        return (
            f"{name}: {self.rows} rows, {self.contacts} contacts, {self.concluded} concluded, {self.leads} leads, "
            f"{self.lost} lost, {self.called_twice} called twice, {seconds:.1f} s"
        )

    def crash_summary(self, seed: int) -> str:
        """Return the last line of a run in which parts were killed."""
        kinds = [finding.fault for finding in self.faults]
        missing = sum(kind in MISSING for kind in kinds)
        leaked = self.leases + kinds.count(Fault.CALL_STILL_UP)
        stuck = self.contacts - self.concluded
        counted = MISSING | {Fault.CALL_STILL_UP, Fault.CALLED_TWICE, Fault.LEASE_LEFT, Fault.CONTACT_STUCK}
        others = sum(kind not in counted for kind in kinds)
        return (
            f"chaos: seed {seed}, {self.kills} kills, {missing} missing, {self.called_twice} called twice, "
            f"{leaked} leaked, {stuck} stuck" + (f", {others} other faults" if others else "")
        )
