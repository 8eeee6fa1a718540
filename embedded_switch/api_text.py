"""API commands that make text: variables, times, identifiers."""

import hashlib
import time
import uuid as uuids
from typing import TYPE_CHECKING

from embedded_switch.events import Event, encode
from embedded_switch.expand import Lookup, expand
from embedded_switch.registry import command
from embedded_switch.switch_log import level_of, log

if TYPE_CHECKING:
    from embedded_switch.switch import Switch


@command("create_uuid")
async def create_uuid(_switch: "Switch", _arguments: str, _event: Event) -> str:
    """Make a UUID."""
    return str(uuids.uuid4())


@command("global_getvar")
async def global_getvar(switch: "Switch", arguments: str, _event: Event) -> str:
    """Return a global variable, or all of them."""
    if arguments:
        return switch.variables.get(arguments.strip(), "")
    return "".join(f"{name}={value}\n" for name, value in switch.variables.items()) + "\n"


@command("global_setvar")
async def global_setvar(switch: "Switch", arguments: str, _event: Event) -> str:
    """`name=value`; without a value the variable is removed."""
    name, _, value = arguments.partition("=")
    if value:
        switch.variables[name] = value
    else:
        switch.variables.pop(name, None)
    return "+OK"


@command("eval")
async def eval_text(switch: "Switch", arguments: str, _event: Event) -> str:
    """Expand variables; `uuid:<uuid> text` with those of a channel."""
    lookup: Lookup = switch.variables.get
    if arguments.startswith("uuid:"):
        uuid, _, arguments = arguments[5:].partition(" ")
        channel = switch.channels.get(uuid)
        if channel is None:
            return f"-ERR invalid session id [{uuid}]\n"
        lookup = channel.get
    return await expand(arguments, lookup, switch.run_command)


@command("expand")
async def expand_command(switch: "Switch", arguments: str, _event: Event) -> str:
    """Run a command whose arguments are expanded first."""
    name, _, rest = arguments.partition(" ")
    return await switch.run_command(name, await expand(rest, switch.variables.get, switch.run_command))


@command("echo")
async def echo(_switch: "Switch", arguments: str, _event: Event) -> str:
    """Return what was said."""
    return arguments


@command("strftime")
async def strftime(_switch: "Switch", arguments: str, _event: Event) -> str:
    """`[epoch|][format]`: a local time."""
    at, bar, form = arguments.rpartition("|")
    moment = time.localtime(int(at) if bar and at.isdigit() else None)
    return time.strftime(form or "%Y-%m-%d %T", moment)


@command("strepoch")
async def strepoch(_switch: "Switch", _arguments: str, _event: Event) -> str:
    """Return the epoch second."""
    return str(int(time.time()))


@command("md5")
async def md5(_switch: "Switch", arguments: str, _event: Event) -> str:
    """Return a digest."""
    return hashlib.md5(arguments.encode(), usedforsecurity=False).hexdigest()


@command("url_encode")
async def url_encode(_switch: "Switch", arguments: str, _event: Event) -> str:
    """Percent-encode."""
    return encode(arguments)


@command("log")
async def log_command(_switch: "Switch", arguments: str, _event: Event) -> str:
    """`level text`."""
    level, _, text = arguments.partition(" ")
    log.log(level_of(level), "%s", text)
    return "+OK\n"
