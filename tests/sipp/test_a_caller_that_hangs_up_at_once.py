"""Who hangs up in the moment of the answer is confirmed and written down like everybody else."""

import threading

from sipp.carrier import Carrier, CarrierOptions
from sipp.log_reader import read_calls
from sipp.process import free_udp_port
from tests.sipp.caller import Caller

CALLS = 20


def test_a_bye_on_the_heels_of_the_ack_ends_the_call_in_the_log_too(tmp_path):
    port = free_udp_port()
    carrier = Carrier(CarrierOptions(port, free_udp_port(count=4), "brief_silent=1,human1=1", tmp_path, calls=CALLS))
    carrier.start()
    over = threading.Thread(target=carrier.run, args=(threading.Event(),))
    over.start()
    try:
        callers = [Caller(port, f"+79160000{number:03}", hold_s=-1).start() for number in range(CALLS)]
        for caller in callers:
            caller.join()
        over.join(10)
    finally:
        carrier.stop()
    assert [call.ended for call in read_calls(tmp_path)] == ["bye_received"] * CALLS
