"""Dial a whole campaign on this machine and verify it: `python -m demo [--calls 50]`."""

import argparse
import fcntl
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

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


@contextmanager
def own_folder(first: Path = FOLDER) -> Iterator[Path]:
    """Take `first`, emptied; another run in this checkout that has it now keeps it, and we take the next."""
    first.parent.mkdir(exist_ok=True)
    for number in count(1):
        folder = first if number == 1 else first.with_name(f"{first.name}-{number}")
        with folder.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(folder, ignore_errors=True)
            yield folder
            return


def main() -> int:
    """Run it; 0 when every promise was kept, 1 with the findings otherwise."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--calls", type=_positive, help="only so many of the file's contacts, each called once")
    options = parser.parse_args()
    began = time.monotonic()
    adopt_orphans()
    die_with_make()
    try:
        with stop_on_signals(), own_folder() as folder:
            return _demo(began, folder, options.calls)
    except StackError as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted, everything is stopped", file=sys.stderr)
        return 130
    finally:
        end_descendants()


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of calls")
    return int(text)


def _demo(began: float, folder: Path, calls: int | None) -> int:
    switch = chosen_switch()
    limits = {"DIALER_MAX_CHANNELS": str(CHANNELS), "DIALER_MAX_CALLS_PER_SECOND": str(CALLS_PER_SECOND)}
    options = StackOptions(folder, CarrierOptions(MIX, SEED), switch, overrides=limits)
    print(
        f"Starting a private stack ({switch.kind} switch; logs in {options.folder.relative_to(ROOT)}/log)", flush=True
    )
    with running_stack(options) as stack:
        campaign_id = make_campaign(stack.database_url, GATEWAY, "Demo", calls)
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
