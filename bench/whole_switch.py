"""Places a measurement's calls on the whole switch, as the product starts it, through its Event Socket."""

import os
import tempfile
import time
import uuid
import wave
from pathlib import Path

from bench.event_socket import EventSocket
from devstack.environment import ROOT, make_folders, private_environment
from devstack.gateway_file import write_gateway
from devstack.switch import chosen_switch, running_switch

PROMPT = ROOT / "sounds" / "ru" / "greeting.wav"
CALLS_PER_SECOND = 25
WINDOW_S = 5  # of every call is recorded, as answering-machine detection does
SETTLE_S = 2.0


def place_calls(carrier_port: int, calls: int, seconds: float) -> tuple[int, float, float]:
    """Start a switch (SWITCH and FREESWITCH_BINARY say which), place the calls, hold them for so long, end them.

    Returns (calls up at once, the switch's CPU seconds, seconds measured).
    """
    with tempfile.TemporaryDirectory() as base:
        folders = make_folders(Path(base))
        environment = private_environment(folders, "postgresql://127.0.0.1:9/none", "redis://127.0.0.1:9/0", {})
        write_gateway(folders.gateways, "bench", f"127.0.0.1:{carrier_port}")
        with running_switch(chosen_switch(), folders, environment) as switch:
            time.sleep(SETTLE_S)
            events = EventSocket(environment)
            prompt = _long_prompt(folders.tap, seconds + calls / CALLS_PER_SECOND + SETTLE_S)
            started, cpu = time.monotonic(), cpu_s(switch.pid)
            for number in range(calls):
                events.bgapi(f"originate {_dial_string(number, folders.tap)} &playback({prompt})")
                time.sleep(1 / CALLS_PER_SECOND)
            time.sleep(seconds)
            up = int(events.api("show channels count").split()[0])
            figures = (up, cpu_s(switch.pid) - cpu, time.monotonic() - started)
            events.api("hupall")
            events.close()
    return figures


def _long_prompt(folder: Path, seconds: float) -> Path:
    """Say the greeting again and again for so long."""
    path = folder / "prompt.wav"
    with wave.open(str(PROMPT)) as once, wave.open(str(path), "wb") as out:
        out.setparams(once.getparams())
        said = once.readframes(once.getnframes())
        out.writeframes(said * (1 + int(seconds * once.getframerate() / once.getnframes())))
    return path


def _dial_string(number: int, folder: Path) -> str:
    call = str(uuid.uuid4())
    variables = (
        f"origination_uuid={call},ignore_early_media=true,originate_timeout=20,RECORD_READ_ONLY=true,"
        "enable_file_write_buffering=false,absolute_codec_string='PCMA,PCMU',"
        f"execute_on_answer='record_session {folder / call}.r8 {WINDOW_S}'"
    )
    return f"{{{variables}}}sofia/gateway/bench/+7999{number:07d}"


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process and its children so far."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(path.parent.name) == pid or int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
