"""`python -m sipp` as load testers use it: it says what is wrong, ends when told and leaves no process behind."""

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sipp import process
from sipp.callee import Callee
from sipp.process import NoRawSocket, SippDied, check_raw_socket, find_sipp, free_udp_port
from tests.sipp.caller import Caller

REFUSES = """<?xml version="1.0"?>
<scenario name="refuses"><recv request="INVITE"/>
<send><![CDATA[

SIP/2.0 606 Not Acceptable
[last_Via:]
[last_From:]
[last_To:];tag=x
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<recv request="ACK"/></scenario>
"""


def run(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "sipp", *arguments], capture_output=True, text=True, timeout=30, **more
    )


def start(folder, *arguments):
    port = free_udp_port()
    command = [sys.executable, "-m", "sipp", "carrier", "--port", str(port), "--log-dir", str(folder), *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == f"carrier listening on 127.0.0.1:{port}\n"
    return child, port


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_carrier_and_its_sipp(tmp_path, number):
    child, port = start(tmp_path, "--mix", "human_silent=1")
    (sipp,) = children_of(child.pid)
    caller = Caller(port, "+79160000001", hold_s=0.5).start()
    child.send_signal(number)
    output, errors = child.communicate(timeout=10)
    assert (child.returncode, errors) == (0, "")
    assert not Path(f"/proc/{sipp}").exists()
    assert output.startswith("carrier: ")
    caller.give_up()


def test_sipp_does_not_outlive_a_carrier_that_was_killed(tmp_path):
    child, _ = start(tmp_path, "--mix", "busy=1")
    (sipp,) = children_of(child.pid)
    watched = os.pidfd_open(int(sipp))
    child.kill()
    child.communicate(timeout=10)
    assert select.select([watched], [], [], 10)[0], "SIPp is still there"
    os.close(watched)


def test_it_ends_after_the_wanted_calls_and_reports_them(tmp_path):
    child, port = start(tmp_path, "--mix", "busy=1,congestion=1", "--calls", "4")
    callers = [Caller(port, f"+7916000000{number}").start() for number in range(4)]
    output, _ = child.communicate(timeout=15)
    assert sorted(caller.join().final for caller in callers) == [486, 486, 503, 503]
    assert (child.returncode, output) == (0, "carrier: 4 calls, 4 ended\n")
    told = run("report", "--log-dir", str(tmp_path)).stdout
    assert "busy        2" in told
    assert "4 calls to 4 numbers (0 repeated)" in told


def test_it_ends_after_the_wanted_time(tmp_path):
    child, _ = start(tmp_path, "--mix", "busy=1", "--duration", "0.3")
    output, _ = child.communicate(timeout=15)
    assert (child.returncode, output) == (0, "carrier: 0 calls, 0 ended\n")


def test_a_wrong_mix_is_named(tmp_path):
    told = run("carrier", "--mix", "humann=1", "--log-dir", str(tmp_path))
    assert told.returncode == 2
    assert "'humann' is no kind of callee; there are human1, human2" in told.stderr


def test_a_taken_port_is_named(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        told = run("carrier", "--mix", "busy=1", "--port", str(port), "--log-dir", str(tmp_path))
    assert (told.returncode, told.stderr.strip()) == (1, f"UDP port {port} is taken")


def test_a_missing_sipp_is_named(tmp_path):
    told = run("carrier", "--mix", "busy=1", "--log-dir", str(tmp_path), env={**os.environ, "SIPP_BINARY": "/no/sipp"})
    assert told.returncode == 1
    assert "/no/sipp is not there: apt install sip-tester" in told.stderr


def test_without_the_right_to_raw_sockets_it_says_how_to_get_it(monkeypatch):
    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(process.socket, "socket", refused)
    with pytest.raises(NoRawSocket, match="setcap cap_net_raw=ep"):
        check_raw_socket(find_sipp())


def test_the_kinds_are_listed():
    told = run("kinds").stdout
    assert "human_info" in told
    assert "503 Service Unavailable" in told


def test_a_callee_plays_one_kind():
    with Callee("unreachable") as callee:
        caller = Caller(callee.port, "+79160000001").start().join()
        assert callee.wait(10)
        (call,) = callee.calls()
        assert (caller.final, call.final_code, call.kind) == (480, 480, "unreachable")
        assert "480 Temporarily Unavailable" in callee.messages()


def test_a_callee_plays_any_scenario_given_as_text_or_file(tmp_path):
    path = tmp_path / "refuses.xml"
    path.write_text(REFUSES)
    for scenario in (REFUSES, path):
        with Callee(scenario, folder=tmp_path / "callee") as callee:
            assert Caller(callee.port, "100").start().join().final == 606
            assert callee.wait(10)
        assert "INVITE sip:100@" in callee.messages()


def test_a_callee_that_cannot_start_says_why():
    with pytest.raises(SippDied, match="Unable to load or parse"), Callee("<scenario>"):
        pass
