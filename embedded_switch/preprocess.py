"""FreeSWITCH's XML pre-processing: set, env-set, exec-set, include and $${variables}, then one parsed document."""

import os
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from embedded_switch.switch_log import log

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
DIRECTIVE = re.compile(r"<X-PRE-PROCESS\b(?P<attributes>[^>]*?)/?>(?:\s*</X-PRE-PROCESS>)?")
ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*("[^"]*"|'[^']*')""")
WRAPPER = re.compile(r"</?include\s*>|<\?xml[^>]*\?>")
GLOBAL = re.compile(r"\$\$\{(?P<name>[^}]+)\}")
DEPTH_MAX = 10
EXEC_TIMEOUT_S = 10


class ConfigurationUnusable(ValueError):
    """The configuration cannot be read: no freeswitch.xml, or what it includes is no XML. The message says where."""


def default_globals(conf_dir: Path, log_dir: Path, run_dir: Path, script_dir: Path) -> dict[str, str]:
    """Return the variables a switch has before it reads its configuration."""
    return {
        "hostname": socket.gethostname(),
        "local_ip_v4": "127.0.0.1",
        "base_dir": str(conf_dir.parent),
        "conf_dir": str(conf_dir),
        "log_dir": str(log_dir),
        "run_dir": str(run_dir),
        "db_dir": str(run_dir),
        "script_dir": str(script_dir),
        "sounds_dir": str(script_dir / "sounds"),
        "temp_dir": "/tmp",  # noqa: S108 - only the variable's value
    }


def load(conf_dir: Path, variables: dict[str, str]) -> ElementTree.Element:
    """Read freeswitch.xml with everything it includes; `set` and its kin add to `variables`.

    Raises ConfigurationUnusable.
    """
    text = _expanded_file(conf_dir / "freeswitch.xml", variables, 0)
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - the engineer's own files
    except ElementTree.ParseError as error:
        line = text.split("\n")[error.position[0] - 1 : error.position[0]]
        raise ConfigurationUnusable(f"{conf_dir}/freeswitch.xml: {error}: {''.join(line).strip()!r}") from error


def expand_globals(text: str, variables: dict[str, str]) -> str:
    """Replace every $${name}; unknown names become nothing."""
    return GLOBAL.sub(lambda match: variables.get(match["name"], ""), text)


def _expanded_file(path: Path, variables: dict[str, str], depth: int) -> str:
    if depth > DEPTH_MAX:
        raise ConfigurationUnusable(f"{path}: files include each other more than {DEPTH_MAX} levels deep")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationUnusable(f"{path}: {error.strerror}") from error
    return "".join(_pieces(COMMENT.sub("", text), path, variables, depth))


def _pieces(text: str, path: Path, variables: dict[str, str], depth: int) -> Iterator[str]:
    at = 0
    text = WRAPPER.sub("", text)
    for match in DIRECTIVE.finditer(text):
        yield expand_globals(text[at : match.start()], variables)
        at = match.end()
        attributes = {name: value[1:-1] for name, value in ATTRIBUTE.findall(match["attributes"])}
        data = expand_globals(attributes.get("data", ""), variables)
        yield from _obey(attributes.get("cmd", ""), data, path, variables, depth)
    yield expand_globals(text[at:], variables)


def _obey(command: str, data: str, path: Path, variables: dict[str, str], depth: int) -> Iterator[str]:
    name, _, value = data.partition("=")
    if command == "set":
        variables[name] = value.strip("\"'") if value[:1] in "\"'" else value
    elif command == "env-set":
        found = os.environ.get(value[1:]) if value.startswith("$") else None
        if found is not None:  # a variable that is not there leaves what was set before; an empty one removes it
            variables[name] = found
    elif command == "exec-set":
        variables[name] = _output_of(value)
    elif command == "include":
        for included in _matching(path.parent, data):
            yield _expanded_file(included, variables, depth + 1)
    else:
        log.error("%s: X-PRE-PROCESS cmd %r is unknown to the embedded switch", path, command)


def _matching(folder: Path, pattern: str) -> list[Path]:
    absolute = Path(pattern) if Path(pattern).is_absolute() else folder / pattern
    if not any(char in absolute.name for char in "*?["):
        return [absolute]
    return sorted(absolute.parent.resolve().glob(absolute.name))


def _output_of(command: str) -> str:
    done = subprocess.run(  # noqa: S603 - the engineer's own configuration, as in FreeSWITCH
        shlex.split(command), capture_output=True, text=True, timeout=EXEC_TIMEOUT_S, check=False
    )
    return done.stdout.strip()
