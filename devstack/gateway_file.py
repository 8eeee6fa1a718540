"""Writes a gateway's XML file as an engineer would."""

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr


def write_gateway(folder: Path, name: str, proxy: str, params: Mapping[str, str] | None = None) -> Path:
    """Write `<folder>/<name>.xml` for a trunk at `proxy` (host:port) that needs no registration; return its path.

    params: what differs, e.g. username, password, ping.
    """
    lines = {"proxy": proxy, "register": "false", "caller-id-in-from": "true", **(params or {})}
    written = "\n".join(f"    <param name={quoteattr(key)} value={quoteattr(value)}/>" for key, value in lines.items())
    path = folder / f"{name}.xml"
    path.write_text(f"<include>\n  <gateway name={quoteattr(name)}>\n{written}\n  </gateway>\n</include>\n", "utf-8")
    path.chmod(0o600)
    return path
