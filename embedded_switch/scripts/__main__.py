"""`python -m embedded_switch.scripts SOCKET CORE_UUID`: the script process; only the switch starts it."""

import _thread
import json
import os
import signal
import sys
import threading
from typing import Any

from embedded_switch.scripts.freeswitch_module import make_module
from embedded_switch.scripts.link import Link
from embedded_switch.scripts.runner import Runner, set_limits

STACK_BYTES = 256 * 1024  # FreeSWITCH's threads have 240 KB


def main(path: str, core_uuid: str) -> None:
    """Start a thread for every piece of work the switch sends; end with the switch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the switch's to handle; it ends us when calls are over
    link = Link(path)
    sys.modules["freeswitch"] = make_module(link, core_uuid)
    runner = Runner(link)
    threading.stack_size(STACK_BYTES)
    set_limits()
    for line in link.control.makefile("rb"):
        start(runner, json.loads(line))
    os._exit(0)  # threads of scripts would keep the process alive without a switch


def start(runner: Runner, work: dict[str, Any]) -> None:
    """Start a bare thread, which `threading` sees as a dummy one, as in FreeSWITCH."""
    match work["do"]:
        case "handler":
            _thread.start_new_thread(runner.handler, (work["args"], work["uuid"], work["run"]))
        case "fsapi":
            _thread.start_new_thread(runner.fsapi, (work["args"], work["env"], work["body"], work["run"]))
        case "runtime":
            _thread.start_new_thread(runner.runtime, (work["args"],))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
