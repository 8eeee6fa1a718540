"""What the switch's own log says of its hangup hooks: results held in memory, and results that none could keep."""

from collections.abc import Sequence
from pathlib import Path

from db.overflow import HELD
from fs_scripts.sentences import HOOK_FAILED
from tests.verifier.findings import Fault, Findings
from tests.verifier.strikes import Strike


def check_hooks(log: Path, strikes: Sequence[Strike], findings: Findings) -> None:
    """No hook may have failed; when the spool was full, results must have been held, else nothing was shown."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if failed := text.count(HOOK_FAILED):
        findings.add(Fault.RESULT_DROPPED, f"{failed} hangup hooks failed, see {log}")
    if any(strike.act == "fill" for strike in strikes) and HELD not in text:
        findings.add(Fault.NOT_DONE, "the spool was filled, and no result was held in memory")
