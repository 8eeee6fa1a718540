"""Judge a finished campaign: `python -m tests.verifier --database-url … --carrier-logs DIR --crm-journal FILE`."""

import argparse
import sys
from pathlib import Path

from sipp.log_reader import read_calls
from tests.verifier.facts import read_database, read_journal
from tests.verifier.strikes import read_strikes
from tests.verifier.verify import verify


def main() -> int:
    """Print the findings and the figures; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.verifier", description=__doc__)
    parser.add_argument("--database-url", required=True, help="postgresql://…")
    parser.add_argument("--carrier-logs", required=True, type=Path, help="the folder SIPp's wrapper wrote to")
    parser.add_argument("--crm-journal", required=True, type=Path, help="the CRM stand-in's journal")
    parser.add_argument(
        "--may-end-inside", action="store_true", help="attempts may end in the switch, as where a gateway was away"
    )
    parser.add_argument("--strikes", type=Path, help="the file that says which part was killed when")
    parser.add_argument("--least-up", type=int, default=0, help="calls that each strike had to hit")
    options = parser.parse_args()
    findings = verify(
        read_calls(options.carrier_logs),
        read_database(options.database_url),
        read_journal(options.crm_journal),
        may_end_inside=options.may_end_inside,
        strikes=read_strikes(options.strikes) if options.strikes else (),
        least_up=options.least_up,
    )
    for finding in findings.faults:
        print(finding)
    print(findings.summary("verified", 0.0).rpartition(",")[0])
    print(f"{findings.calls} calls; amd agreed {findings.amd_agreed}/{findings.amd_heard}")
    return 0 if findings.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
