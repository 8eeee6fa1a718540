"""The carrier holds more than a hundred calls at once at twenty new ones a second, and loses none."""

import subprocess
import threading
from pathlib import Path

from sipp.carrier import Carrier, CarrierOptions
from sipp.log_reader import read_calls
from sipp.process import find_sipp, free_udp_port
from sipp.report import peak_concurrency, peak_rate

CALLS, RATE = 160, 20
CALLER = Path(__file__).parent / "caller.xml"


def test_twenty_calls_a_second_are_all_answered_and_all_end_as_they_should(tmp_path):
    port = free_udp_port()
    carrier = Carrier(CarrierOptions(port, free_udp_port(count=4), "human_silent=1", tmp_path, calls=CALLS))
    carrier.start()
    try:
        command = [
            str(find_sipp()), "-sf", str(CALLER), f"127.0.0.1:{port}", "-i", "127.0.0.1", "-p", str(free_udp_port()),
            "-mp", str(free_udp_port(count=4)), "-cp", str(free_udp_port()), "-m", str(CALLS), "-r", str(RATE),
            "-l", str(CALLS), "-nostdin",
        ]  # fmt: skip
        called = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        assert called.returncode == 0, called.stderr[-2000:]
        assert carrier.run(threading.Event())
    finally:
        carrier.stop()
    calls = read_calls(tmp_path)
    assert len(calls) == len({call.call_id for call in calls}) == CALLS
    assert {(call.final_code, call.ended) for call in calls} == {(200, "bye_received")}
    assert peak_concurrency(calls) > 100
    assert peak_rate(calls) >= RATE - 2
    assert carrier.complaints() == ""
