"""Runs the stand-in: `python -m tests.standins.bitrix24 --port 0 --journal FILE`."""

import argparse
import signal
import threading
from pathlib import Path

from tests.standins.bitrix24 import Bitrix24, Fault, Faults, Portal
from tests.standins.bitrix24.limits import BUCKET_SIZE, DRAIN_PER_S, LeakyBuckets


def _rates(text: str) -> dict[Fault, float]:
    """Read `reply_lost=0.05,server_error=0.1`."""
    return {Fault(name.strip()): float(rate) for name, _, rate in (item.partition("=") for item in text.split(","))}


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.standins.bitrix24", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--journal", type=Path, help="file for JSON lines, one a request")
    parser.add_argument("--user", default="1")
    parser.add_argument("--secret", default="s")
    parser.add_argument("--bucket", type=int, default=BUCKET_SIZE, help="size of the leaky bucket, requests")
    parser.add_argument("--drain", type=float, default=DRAIN_PER_S, help="its drain, requests per second")
    parser.add_argument("--faults", type=_rates, default={}, help=f"fault=rate,…; faults: {', '.join(Fault)}")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    parser.add_argument("--hold", type=float, default=30.0, help="how late reply_late is, s")
    options = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    portal = Portal(options.user, options.secret, buckets=LeakyBuckets(options.bucket, options.drain))
    faults = Faults(options.seed, options.faults)
    with Bitrix24(
        options.host, options.port, journal=options.journal, portal=portal, faults=faults, hold_s=options.hold
    ) as server:
        print(f"listening on {server.url}", flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
