"""The panel as it is really served: its own process, found through its health page."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.ports import free_ports

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 40.0


def environment(postgres_url: str, redis_url: str, folder: Path, port: int) -> dict[str, str]:
    """Return the variables of a panel that keeps its files in `folder`."""
    ours = {
        "DIALER_DATABASE_URL": postgres_url,
        "DIALER_REDIS_URL": redis_url,
        "DIALER_SECRET_KEY": "y" * 32,
        "DIALER_ESL_PASSWORD": "unused",
        "DIALER_PANEL_PORT": str(port),
        "DIALER_PANEL_LANGUAGE": "ru",
        "DIALER_AUDIO_DIR": str(folder / "audio"),
        "DIALER_UPLOADS_DIR": str(folder / "uploads"),
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("DIALER_")}
    return others | ours


@contextmanager
def running_panel(postgres_url: str, redis_url: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve until the block ends; yield the address and the process."""
    port = free_ports(1)[0]
    log = folder / "panel.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "control_panel"],
            cwd=ROOT, env=environment(postgres_url, redis_url, folder, port), stdout=out, stderr=out,
        )  # fmt: skip
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{base}/health/ready", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the panel did not become ready:\n{log.read_text()}")
