"""Measures how punctual a switch's audio is: python -m bench.rtp_schedule [--calls 100] [--seconds 30].

The switch, started as the product starts it, plays prompts to, hears and records that many callees at once. The
callees' kernel stamps every packet's arrival (SO_TIMESTAMPNS); lateness.py compares the stamps with the RTP timestamps.
"""

import argparse

from bench.callees import Callees
from bench.lateness import Punctuality, measure
from bench.whole_switch import place_calls


def main() -> None:
    """Run, print, and end with the line that says it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long all of them are up")
    options = parser.parse_args()
    callees = Callees()
    callees.start()
    up, cpu_s, took_s = place_calls(callees.sip_port, options.calls, options.seconds)
    callees.stop()
    print(report(up, measure(callees.streams.values()), cpu_s / took_s))


def report(answered: int, found: Punctuality, cores: float) -> str:
    """Spell the last line."""
    return (
        f"bench-rtp: {answered} calls, {found.expected} packets, {found.lost} lost, {found.late} later than 40 ms, "
        f"{100 * found.share_in_time:.3f} % within 40 ms of schedule, p99.9 {1000 * found.p999_s:.1f} ms, "
        f"worst {1000 * found.worst_s:.1f} ms, switch {100 * cores:.0f} % of a core"
    )


if __name__ == "__main__":
    main()
