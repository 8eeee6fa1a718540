"""Starts SIPp, finds out when it listens, and ends it for certain."""

import ctypes
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

CAP_NET_RAW = 13
LISTENS_WITHIN_S = 10.0
ENDS_WITHIN_S = 3.0
POLL_S = 0.05
PR_SET_PDEATHSIG = 1
COMPLAINT = re.compile(r"(?:^|\n|(?=\d{4}-\d\d-\d\d\t))")
CHATTER = (
    "In pcap ",
    "max pkt length",
    "base port",
    "The following events occurred",
    "receive timeout on message",
    "There were more errors, see",
)
"""What SIPp says in the ordinary course: captures it loads, waits that end as the scenario means them to."""


class SippNotFound(Exception):
    """SIPp is not installed: `apt install sip-tester`, or set SIPP_BINARY to its path."""


class NoRawSocket(Exception):
    """SIPp may not open raw sockets, which it needs to play audio."""


class SippDied(Exception):
    """SIPp ended before it listened, or complained; the message holds what it said."""


def find_sipp() -> Path:
    """Return SIPp's path: $SIPP_BINARY, the environment's own copy, or the system's; raises SippNotFound."""
    chosen = os.environ.get("SIPP_BINARY")
    own = Path(sys.prefix) / "bin" / "sipp"
    found = chosen or (str(own) if own.exists() else shutil.which("sipp"))
    if not found or not Path(found).exists():
        raise SippNotFound(f"{chosen or 'sipp'} is not there: apt install sip-tester, or set SIPP_BINARY to its path")
    return Path(found)


def check_raw_socket(binary: Path) -> None:
    """Raise NoRawSocket, with what to do about it, unless `binary` will be able to play captures."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP).close()
    except PermissionError as error:
        if _file_has_net_raw(binary):
            return
        raise NoRawSocket(
            f"{binary} may not open raw sockets and could play no audio. Run as root, or give a copy the right:\n"
            f"  cp {binary} ./sipp-raw && sudo setcap cap_net_raw=ep ./sipp-raw && export SIPP_BINARY=$PWD/sipp-raw"
        ) from error


def _file_has_net_raw(binary: Path) -> bool:
    try:
        capability = os.getxattr(binary.resolve(), "security.capability")
    except OSError:
        return False
    (permitted,) = struct.unpack_from("<I", capability, 4)
    return bool(permitted & (1 << CAP_NET_RAW))


def free_udp_port(host: str = "127.0.0.1", count: int = 1) -> int:
    """Return the first of `count` consecutive UDP ports that are free now."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.bind((host, 0))
            port: int = first.getsockname()[1]
        if port + count < 65536 and all(_is_free(host, port + offset) for offset in range(count)):
            return port


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _holds_port(port: int) -> bool:
    wanted = f":{port:04X}"
    lines = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1].endswith(wanted) for line in lines)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Sipp:
    """A running SIPp. error_file: what it complains about; output: its standard error and screen's last words."""

    def __init__(self, scenario: Path, *, local_ip: str, port: int, media_port: int, options: Sequence[str] = (),
                 log_stem: Path, with_media: bool = True) -> None:  # fmt: skip
        binary = find_sipp()
        if with_media:
            check_raw_socket(binary)
        if _holds_port(port):
            raise SippDied(f"UDP port {port} is taken")
        self.port = port
        self.error_file = log_stem.with_suffix(".errors")
        self.output = log_stem.with_suffix(".output")
        command = [
            str(binary), "-sf", str(scenario.resolve()), "-i", local_ip, "-bind_local", "-p", str(port),
            "-mi", local_ip, "-mp", str(media_port), "-ci", "127.0.0.1", "-cp", str(free_udp_port()),
            "-nostdin", "-aa", "-watchdog_interval", "0", "-trace_err", "-error_file", str(self.error_file.resolve()),
            *options,
        ]  # fmt: skip
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                preexec_fn=_die_with_parent,
            )

    def wait_until_it_listens(self) -> None:
        """Return when the SIP port is bound; raises SippDied."""
        deadline = time.monotonic() + LISTENS_WITHIN_S
        while not _holds_port(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SippDied(f"SIPp did not listen on UDP port {self.port}: {self.complaints() or 'it said nothing'}")
            time.sleep(POLL_S)

    def complaints(self) -> str:
        """Return what SIPp said on its error channels."""
        files = (self.output, self.error_file)
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in files if path.exists()]
        said = (line.strip() for text in texts for line in COMPLAINT.split(text))
        return "\n".join(line for line in said if line and not any(chatter in line for chatter in CHATTER))

    def finish_calls(self) -> None:
        """Take no new calls and end when the last one has."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """End SIPp now; nothing of it is left afterwards."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
