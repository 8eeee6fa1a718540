"""Dial a whole campaign on this machine and verify it: `python -m demo`."""

import shutil
import sys
import time

import psycopg

from demo.campaign import CALLS_PER_SECOND, CHANNELS, MIX, SEED, make_campaign
from demo.report import outcome_table
from demo.run import dial, judge
from devstack.environment import ROOT
from devstack.errors import StackError
from devstack.programs import CarrierOptions
from devstack.stack import GATEWAY, StackOptions, running_stack
from devstack.supervise import adopt_orphans, die_with_make, end_descendants, stop_on_signals
from devstack.switch import chosen_switch

FOLDER = ROOT / "var" / "demo"


def main() -> int:
    """Run it; 0 when every promise was kept, 1 with the findings otherwise."""
    began = time.monotonic()
    adopt_orphans()
    die_with_make()
    try:
        with stop_on_signals():
            return _demo(began)
    except StackError as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted", file=sys.stderr)
        return 130
    finally:
        end_descendants()


def _demo(began: float) -> int:
    switch = chosen_switch()
    shutil.rmtree(FOLDER, ignore_errors=True)
    limits = {"DIALER_MAX_CHANNELS": str(CHANNELS), "DIALER_MAX_CALLS_PER_SECOND": str(CALLS_PER_SECOND)}
    options = StackOptions(FOLDER, CarrierOptions(MIX, SEED), switch, overrides=limits)
    print(
        f"Starting a private stack ({switch.kind} switch; logs in {options.folder.relative_to(ROOT)}/log)", flush=True
    )
    with running_stack(options) as stack:
        with psycopg.connect(stack.database_url) as connection:
            campaign_id = make_campaign(connection, GATEWAY, "Demo")
        dial(stack, campaign_id)
        database, findings = judge(stack)
    print(outcome_table(database, findings))
    for finding in findings.faults:
        print(f"demo: {finding}", file=sys.stderr)
    sys.stderr.flush()
    print(findings.summary("demo", time.monotonic() - began), flush=True)
    return 0 if findings.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
