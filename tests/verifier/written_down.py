"""Writes a campaign's witnesses as the files that the carrier and the CRM leave, for tests that damage those."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sipp.log_reader import CarrierCall, read_calls
from tests.standins.bitrix24.journal import Journal
from tests.verifier.clean_campaign import Witnesses
from tests.verifier.facts import read_journal

LOG_NAME = "calls-1.log"


@dataclass(frozen=True, slots=True)
class Files:
    """A campaign whose carrier and CRM are known through their files alone."""

    witnesses: Witnesses
    carrier: Path
    journal: Path

    @property
    def log(self) -> Path:
        """SIPp's log."""
        return self.carrier / LOG_NAME

    def faults(self) -> set[str]:
        """Read the files as they are now and return the kinds of faults that the verifier finds."""
        read = replace(self.witnesses, calls=read_calls(self.carrier), posted=read_journal(self.journal))
        return read.faults()


def write_down(witnesses: Witnesses, folder: Path) -> Files:
    """Write SIPp's log and the CRM's journal, the journal by the stand-in's own hand."""
    files = Files(witnesses, folder / "carrier", folder / "crm.jsonl")
    files.carrier.mkdir()
    lines = sorted((at, line) for call in witnesses.calls for at, line in log_lines(call))
    files.log.write_text("".join(line for _, line in lines), encoding="utf-8")
    journal = Journal(files.journal)
    journal.write("profile", {})
    for lead in witnesses.posted:
        fields = {"originId": lead.attempt_id, "originatorId": lead.originator}
        journal.write("crm.item.add", {"fields": fields}, result=int(lead.external_id))
    journal.close()
    return files


def log_lines(call: CarrierCall) -> Iterator[tuple[float, str]]:
    """Yield what SIPp logs of one call, each line with its time."""
    assert call.ended_at is not None
    yield call.invited_at, _line(call.invited_at, call, f"invite {call.number} {call.kind}")
    if call.answered_at is not None:
        yield call.answered_at, _line(call.answered_at, call, f"answered {call.final_code}")
    for digit, at in zip(call.digits_sent, call.digit_times, strict=True):
        yield at, _line(at, call, f"digit {digit} events")
    yield call.ended_at, _line(call.ended_at, call, f"ended {call.ended} {call.final_code}")


def _line(at: float, call: CarrierCall, facts: str) -> str:
    seconds, fraction = divmod(at, 1)
    return f"{seconds:.6f} {fraction * 1e6:.6f} {call.call_id} {facts}\n"
