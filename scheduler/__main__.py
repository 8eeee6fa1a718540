"""Runs the scheduler: `python -m scheduler`. SIGTERM or SIGINT lets live calls end first, the second leaves at once."""

import os
import signal
import sys

from dialer.errors import SettingsError
from dialer.settings import settings
from scheduler import log
from scheduler.app import Scheduler


def main() -> int:
    """Run until told to stop; return the process's exit status."""
    try:
        read = settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    log.set_up(read.log_level)
    scheduler = Scheduler(read)
    is_stopping = False

    def on_signal(_number: int, _frame: object) -> None:
        nonlocal is_stopping
        if is_stopping:
            os._exit(1)  # asked twice: even a thread that hangs is left behind
        is_stopping = True
        scheduler.stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    scheduler.run()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # no thread that waits for a frozen server keeps the process
