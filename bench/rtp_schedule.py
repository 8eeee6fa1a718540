"""Measures how punctual the embedded switch's audio is: python -m bench.rtp_schedule [--calls 100] [--seconds 30].

A switch in a process of its own plays prompts to, and hears and records, that many callees at once. The callees'
kernel stamps every packet's arrival (SO_TIMESTAMPNS); lateness.py compares the stamps with the RTP timestamps.
"""

import argparse
import asyncio
import multiprocessing
import resource
import tempfile
import time
import uuid
from multiprocessing.connection import Connection
from pathlib import Path

from bench.callees import Callees
from bench.lateness import Punctuality, measure
from embedded_switch.engine import Engine
from embedded_switch.gateway import Gateway
from embedded_switch.leg import Leg
from embedded_switch.media_source import open_source
from embedded_switch.recording import FileSink

PROMPT = "tone_stream://%(400,200,350,440);%(400,200,480,620);loops=-1"
CALLS_PER_SECOND = 25
WINDOW_S = 5.0  # of every call is recorded, as answering-machine detection does


def main() -> None:
    """Run, print, and end with the line that says it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long every call lasts")
    options = parser.parse_args()
    callees = Callees()
    callees.start()
    ours, theirs = multiprocessing.Pipe()
    switch = multiprocessing.get_context("spawn").Process(
        target=run_switch, args=(callees.sip_port, options.calls, options.seconds, theirs)
    )
    switch.start()
    answered, cpu_s, took_s = ours.recv()
    switch.join()
    callees.stop()
    print(report(answered, measure(callees.streams.values()), cpu_s / took_s))


def report(answered: int, found: Punctuality, cores: float) -> str:
    """Spell the last line."""
    return (
        f"bench-rtp: {answered} calls, {found.expected} packets, {found.lost} lost, {found.late} later than 40 ms, "
        f"{100 * found.share_in_time:.3f} % within 40 ms of schedule, p99.9 {1000 * found.p999_s:.1f} ms, "
        f"worst {1000 * found.worst_s:.1f} ms, switch {100 * cores:.0f} % of a core"
    )


def run_switch(carrier_port: int, calls: int, seconds: float, result: Connection) -> None:
    """Be the switch: place the calls, play, record, hang up; tell (answered, CPU seconds, seconds it took)."""
    with tempfile.TemporaryDirectory() as folder:
        result.send(asyncio.run(_place_calls(carrier_port, calls, seconds, Path(folder))))


async def _place_calls(carrier_port: int, calls: int, seconds: float, folder: Path) -> tuple[int, float, float]:
    engine = Engine("127.0.0.1", 0, (20000, 29999), "embedded")
    await engine.start()
    gateway = Gateway("carrier", f"127.0.0.1:{carrier_port}")
    engine.add_gateway(gateway)
    started, cpu = time.monotonic(), _cpu_s()
    answered: list[Leg] = []
    tasks: list[asyncio.Task[None]] = []

    def talk(leg: Leg) -> None:
        answered.append(leg)
        tasks.append(asyncio.create_task(_talk(leg, folder, seconds)))

    legs = []
    for number in range(calls):
        leg = engine.dial(gateway, f"+7999{number:07d}", str(uuid.uuid4()), caller_id_number="+74950000000")
        leg.on_answer = talk
        legs.append(leg)
        await asyncio.sleep(1 / CALLS_PER_SECOND)
    await asyncio.gather(*(leg.wait_ended() for leg in legs))
    await asyncio.gather(*tasks)
    figures = (len(answered), _cpu_s() - cpu, time.monotonic() - started)
    await engine.stop()
    return figures


async def _talk(leg: Leg, folder: Path, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    loop.call_later(seconds, leg.hangup)
    leg.start_inband_dtmf()
    sink = FileSink(str(folder / f"{leg.uuid}.r8"))
    leg.record(sink, read_only=True)
    loop.call_later(WINDOW_S, leg.stop_record, sink)
    await leg.play(open_source(PROMPT))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
