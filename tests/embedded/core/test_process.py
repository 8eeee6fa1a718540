"""`python -m embedded_switch` as a process: what it says, what it refuses, how it ends."""

import os
import signal
import subprocess
import sys

import pytest

from tests.embedded.core.rig import write_conf


def started(folder, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "embedded_switch", "--conf", folder, "--log", folder / "switch.log"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def wait_for(process, text):
    """Read the log up to a line that holds the text."""
    seen = ""
    for line in process.stderr:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"ended without {text!r}:\n{seen}")


def with_sip_ip(folder, address):
    path = folder / "freeswitch.xml"
    given = f'<param name="sip-ip" value="{address}"/><param name="sip-port" value="0"/>'
    path.write_text(path.read_text().replace('<param name="sip-ip" value="127.0.0.1"/>', given))


def test_it_says_what_it_is_and_ends_on_sigterm(tmp_path):
    write_conf(tmp_path, python=True)
    with_sip_ip(tmp_path, "127.0.0.1")
    process = started(tmp_path)
    log = wait_for(process, "Started")
    assert "stand-in for FreeSWITCH" in log
    assert "not for production" in log
    assert "[ERR]" not in log
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert (tmp_path / "switch.log").read_text() == log + process.stderr.read()


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", ""])
def test_it_refuses_to_be_reached_from_outside(tmp_path, address):
    write_conf(tmp_path)
    with_sip_ip(tmp_path, address)
    process = started(tmp_path)
    log = process.stderr.read()
    assert process.wait(10) == 1
    assert "EMBEDDED_SWITCH_ALLOW_NON_LOOPBACK=1" in log


def test_a_closed_test_network_may_be_allowed(tmp_path):
    write_conf(tmp_path)
    with_sip_ip(tmp_path, "0.0.0.0")
    process = started(tmp_path, EMBEDDED_SWITCH_ALLOW_NON_LOOPBACK="1")
    wait_for(process, "Started")
    process.terminate()
    assert process.wait(10) == 0


def test_a_configuration_that_is_not_there_is_said(tmp_path):
    process = started(tmp_path)
    assert "freeswitch.xml" in process.stderr.read()
    assert process.wait(10) == 1
