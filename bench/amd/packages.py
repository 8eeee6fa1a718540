"""Fetches speech synthesisers, prompts and music from Debian's packages, without installing any of them.

They are unpacked under var/ with an apt configuration of their own: the machine's sources stay as they are.
"""

import os
import shutil
import subprocess
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / "var" / "bench" / "amd"
ROOT = HOME / "packages"
"""The packages' files, as if this were `/`."""

SOURCES = """\
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} bookworm main contrib non-free
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} bookworm-backports main contrib non-free
"""
MIRROR = "http://deb.debian.org/debian"
BACKPORTS = ["rhvoice", "rhvoice-russian", "rhvoice-english"]
STABLE = [
    "espeak-ng", "flite", "festival", "festvox-kdlpc16k", "festvox-don", "festvox-us2", "mbrola-us2", "festvox-en1",
    "mbrola-en1", "festvox-us-slt-hts", "libttspico-utils", "libttspico-data", "asterisk-moh-opsound-wav",
    *(f"asterisk-core-sounds-{language}-wav" for language in ("en", "ru", "es", "fr", "it")),
]  # fmt: skip
USED_FILES = ("usr/bin", "usr/lib", "usr/share")
FIXED_PREFIX, RELATIVE_PREFIX = b"/usr/share/", b"././/share/"
"""Programs have the first compiled in; the second, equally long, is found from usr/ as the working directory."""


def fetch() -> Path:
    """Return ROOT, filled on the first call; needs the network and apt then."""
    done = ROOT / "complete"
    if not done.exists():
        shutil.rmtree(ROOT, ignore_errors=True)
        for archive in sorted(_download()):
            subprocess.run(["dpkg", "-x", str(archive), str(ROOT)], check=True)
        _relocate()
        done.touch()
    return ROOT


def environment() -> dict[str, str]:
    """Return the environment in which the unpacked programs find their libraries."""
    libraries = f"{ROOT}/usr/lib/x86_64-linux-gnu:{ROOT}/usr/lib"
    return {
        **os.environ,
        "LD_LIBRARY_PATH": libraries,
        "PATH": f"{ROOT}/usr/bin:{os.environ['PATH']}",
        "ESPEAK_DATA_PATH": f"{ROOT}/usr/lib/x86_64-linux-gnu",
    }


def _download() -> list[Path]:
    apt = HOME / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / "sources.list").write_text(SOURCES.format(mirror=MIRROR))
    configuration = apt / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::sourcelist "{apt}/sources.list";\nDir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{apt}/lists";\nDir::Cache "{apt}/cache";\n'
    )
    private = {**os.environ, "APT_CONFIG": str(configuration)}
    only_download = ["apt-get", "install", "-qq", "-y", "--download-only", "--no-install-recommends"]
    subprocess.run(["apt-get", "update", "-qq"], env=private, check=True)
    subprocess.run([*only_download, "-t", "bookworm-backports", *BACKPORTS], env=private, check=True)
    subprocess.run([*only_download, *STABLE], env=private, check=True)
    return list((apt / "cache" / "archives").glob("*.deb"))


def _relocate() -> None:
    for folder in USED_FILES:
        for path in (ROOT / folder).rglob("*"):
            if path.is_symlink() or not path.is_file() or path.suffix in {".wav", ".data", ".bin"}:
                continue
            content = path.read_bytes()
            if FIXED_PREFIX in content:
                path.write_bytes(content.replace(FIXED_PREFIX, RELATIVE_PREFIX))
