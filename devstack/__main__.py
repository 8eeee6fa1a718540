"""Leave the stack running, or stop it: `python -m devstack up|down|run`."""

import argparse
import sys

from devstack.daemon import down, run, up
from devstack.errors import StackError
from devstack.supervise import adopt_orphans, die_with_make, end_descendants, stop_on_signals


def main() -> int:
    """Do what the command line asks; 1 with a message when it can't be done."""
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    parser.add_argument("action", choices=("up", "down", "run"), help="run: stay in the foreground until stopped")
    action = parser.parse_args().action
    try:
        if action == "down":
            return down()
        if action == "up":
            die_with_make()
            return up()
        adopt_orphans()
        try:
            with stop_on_signals():
                return run()
        finally:
            end_descendants()
    except StackError as failure:
        print(f"devstack: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
