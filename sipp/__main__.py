"""The command line: `python -m sipp carrier|report|kinds`."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from sipp.carrier import Carrier, CarrierOptions
from sipp.kinds import described
from sipp.log_reader import read_calls
from sipp.mix import InvalidMix
from sipp.process import NoRawSocket, SippDied, SippNotFound, free_udp_port
from sipp.report import report

MIX = "human1=30,human2=20,machine=25,busy=10,noanswer=10,congestion=5"


def main() -> int:
    """Run the chosen command; 0: well, 1: SIPp failed, 2: wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m sipp", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    carrier = commands.add_parser("carrier", help="answer calls as a carrier with a mix of callees")
    carrier.add_argument("--port", type=int, default=5070, help="UDP port for SIP (default 5070)")
    carrier.add_argument("--media-port", type=int, help="UDP port for RTP (default: a free one)")
    carrier.add_argument("--mix", default=MIX, help=f"kind=weight,… (default {MIX})")
    carrier.add_argument("--seed", type=int, default=7, help="the same seed answers in the same order")
    carrier.add_argument("--calls", type=int, help="end when so many calls have ended")
    carrier.add_argument("--duration", type=float, help="end after so many seconds")
    carrier.add_argument("--longest-call", type=float, help="callees leave after so many seconds (default 600)")
    carrier.add_argument("--log-dir", type=Path, default=Path("var/carrier"))
    carrier.add_argument("--local-ip", default="127.0.0.1")
    carrier.add_argument("--trace-messages", action="store_true", help="write every SIP message to the log folder")
    told = commands.add_parser("report", help="say what the carrier saw")
    told.add_argument("--log-dir", type=Path, default=Path("var/carrier"))
    commands.add_parser("kinds", help="list the kinds of callees")
    options = parser.parse_args()
    match options.command:
        case "carrier":
            return run_carrier(options)
        case "report":
            print(report(read_calls(options.log_dir)))
        case "kinds":
            print(described())
    return 0


def run_carrier(options: argparse.Namespace) -> int:
    """Answer calls until told to stop or the wanted number has ended."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    carrier = Carrier(
        CarrierOptions(
            port=options.port,
            media_port=options.media_port or free_udp_port(options.local_ip, 4),
            mix=options.mix,
            log_dir=options.log_dir,
            seed=options.seed,
            calls=options.calls,
            duration_s=options.duration,
            local_ip=options.local_ip,
            trace_messages=options.trace_messages,
            longest_call_s=options.longest_call,
        )
    )
    try:
        carrier.start()
        print(f"carrier listening on {options.local_ip}:{options.port}", flush=True)
        ended_well = carrier.run(stopped)
    except InvalidMix as error:
        print(f"--mix: {error}", file=sys.stderr)
        return 2
    except (SippDied, SippNotFound, NoRawSocket) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        carrier.stop()
    print(f"carrier: {carrier.progress.invited} calls, {carrier.progress.ended} ended", flush=True)
    if not ended_well:
        print(f"SIPp ended by itself: {carrier.complaints()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
