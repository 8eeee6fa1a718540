"""The environment of a private stack: every address, folder and secret, made up anew."""

import atexit
import os
import secrets
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from devstack.ports import LOOPBACK, free_ports, free_udp_block

ROOT = Path(__file__).resolve().parent.parent
SHARED_MEMORY = Path("/dev/shm")
RTP_PORTS = 800  # 2 per call and as many again, for those that are being closed
KEPT_FROM_OURS = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a stack keeps what it writes; `tap` is in memory."""

    base: Path
    tap: Path

    @property
    def log(self) -> Path:
        """One log file per part."""
        return self.base / "log"

    @property
    def gateways(self) -> Path:
        """The gateways' XML files."""
        return self.base / "gateways"

    @property
    def carrier(self) -> Path:
        """What SIPp writes down of every call."""
        return self.base / "carrier"

    def make(self) -> None:
        """Create them all, for us alone."""
        for name in ("log", "gateways", "carrier", "audio", "uploads", "recordings", "spool", "freeswitch"):
            (self.base / name).mkdir(parents=True, exist_ok=True, mode=0o700)


def make_folders(base: Path) -> Folders:
    """Create a stack's folders below `base`, and one in memory."""
    in_memory = str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None
    folders = Folders(base.resolve(), Path(mkdtemp(prefix="dialer-tap-", dir=in_memory)))
    atexit.register(shutil.rmtree, folders.tap, ignore_errors=True)
    folders.make()
    return folders


def private_environment(
    folders: Folders, database_url: str, redis_url: str, overrides: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of the stack's programs: DIALER_*, PYTHONPATH and little else of ours."""
    esl_port, panel_port = free_ports(2)
    sip_port = free_udp_block(2)
    rtp_start = free_udp_block(RTP_PORTS)
    here = {name: os.environ[name] for name in KEPT_FROM_OURS if name in os.environ}
    python_path = [str(ROOT), sysconfig.get_path("purelib"), os.environ.get("PYTHONPATH", "")]
    return {
        **here,
        "PYTHONPATH": ":".join(part for part in python_path if part),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "DIALER_DATABASE_URL": database_url,
        "DIALER_REDIS_URL": redis_url,
        "DIALER_SECRET_KEY": secrets.token_urlsafe(48),
        "DIALER_ESL_HOST": LOOPBACK,
        "DIALER_ESL_PORT": str(esl_port),
        "DIALER_ESL_PASSWORD": secrets.token_urlsafe(32),
        "DIALER_SIP_IP": LOOPBACK,
        "DIALER_SIP_PORT": str(sip_port),
        "DIALER_RTP_START_PORT": str(rtp_start),
        "DIALER_RTP_END_PORT": str(rtp_start + RTP_PORTS - 1),
        "DIALER_GATEWAYS_DIR": str(folders.gateways),
        "DIALER_SOUNDS_DIR": str(ROOT / "sounds"),
        "DIALER_AUDIO_DIR": str(folders.base / "audio"),
        "DIALER_UPLOADS_DIR": str(folders.base / "uploads"),
        "DIALER_RECORDINGS_DIR": str(folders.base / "recordings"),
        "DIALER_TAP_DIR": str(folders.tap),
        "DIALER_SPOOL_DIR": str(folders.base / "spool"),
        "DIALER_PANEL_HOST": LOOPBACK,
        "DIALER_PANEL_PORT": str(panel_port),
        **overrides,
    }


def another_switch(folders: Folders, environment: Mapping[str, str], name: str) -> tuple[Folders, dict[str, str]]:
    """Return folders and environment of a further switch of the same stack: own ports, password, tap, spool and logs.

    Gateways, sounds and recordings are those of the first, as where switches share them.
    """
    own = make_folders(folders.base / name)
    rtp_start = free_udp_block(RTP_PORTS)
    return own, {
        **environment,
        "DIALER_ESL_PASSWORD": secrets.token_urlsafe(32),
        "DIALER_ESL_PORT": str(free_ports(1)[0]),
        "DIALER_SIP_PORT": str(free_udp_block(2)),
        "DIALER_RTP_START_PORT": str(rtp_start),
        "DIALER_RTP_END_PORT": str(rtp_start + RTP_PORTS - 1),
        "DIALER_TAP_DIR": str(own.tap),
        "DIALER_SPOOL_DIR": str(own.base / "spool"),
    }
