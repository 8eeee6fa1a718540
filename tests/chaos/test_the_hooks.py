"""The switch's log must show that results were held, and that no hook failed."""

import pytest

from chaos.hooks import check_hooks
from db.overflow import HELD
from fs_scripts.sentences import HOOK_FAILED
from tests.verifier.findings import Findings
from tests.verifier.strikes import Strike

FULL = [Strike("fill", "postgres", 1.0, 20, 9.0)]


@pytest.mark.parametrize(
    ("said", "strikes", "found"),
    [
        (HELD, FULL, []),
        ("call scripts ready", FULL, ["not done"]),
        ("call scripts ready", [], []),
        (f"{HELD}\n{HOOK_FAILED}", FULL, ["result dropped"]),
    ],
)
def test_it_finds_what_hooks_did_not_keep(tmp_path, said, strikes, found):
    log = tmp_path / "switch.console.log"
    log.write_text(f'{{"event": "{said}"}}\n', encoding="utf-8")
    findings = Findings()
    check_hooks(log, strikes, findings)
    assert [str(finding.fault) for finding in findings.faults] == found
