"""API commands about the switch itself: status, fsctl, scripts, configuration."""

import asyncio
import time
from typing import TYPE_CHECKING

from embedded_switch.events import HOSTNAME, Event
from embedded_switch.heartbeat import VERSION, uptime_text
from embedded_switch.preprocess import ConfigurationUnusable
from embedded_switch.registry import COMMANDS, command

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

FSCTL_USAGE = "-USAGE: [hupall|pause|resume|pause_check|ready_check|shutdown [elegant|asap|now]|sps|max_sessions]\n"


@command("status")
async def status(switch: "Switch", _arguments: str, _event: Event) -> str:
    """Say how long the switch is up, what it carries, and how often a shell was refused."""
    limits = switch.limits
    return (
        f"UP {uptime_text(int((time.time() - switch.started_at) * 1_000_000))}\n"
        f"FreeSWITCH (Version {VERSION} stand-in for development) is ready\n"
        f"{limits.total} session(s) since startup\n"
        f"{len(switch.channels)} session(s) - peak {limits.peak}, last 5min {limits.peak} \n"
        f"{limits.last_second} session(s) per Sec out of max {limits.per_second}, peak {limits.peak_per_second}, "
        f"last 5min {limits.peak_per_second} \n"
        f"{limits.max_sessions} session(s) max\n"
        "min idle cpu 0.00/100.00\n"
        "Current Stack Size/Max 240K/8192K\n"
        f"shell commands refused {switch.shell_commands_refused}\n"
    )


@command("version")
async def version(_switch: "Switch", _arguments: str, _event: Event) -> str:
    """Say which switch this is."""
    return f"FreeSWITCH Version {VERSION} (a stand-in for development, never for production)\n"


@command("uptime")
async def uptime(switch: "Switch", _arguments: str, _event: Event) -> str:
    """Seconds since the start."""
    return f"{int(time.time() - switch.started_at)}\n"


@command("hostname", "switchname")
async def hostname(_switch: "Switch", _arguments: str, _event: Event) -> str:
    """Say on which machine."""
    return HOSTNAME


@command("fsctl")
async def fsctl(switch: "Switch", arguments: str, event: Event) -> str:
    """Control the switch."""
    words = arguments.split()
    match words:
        case ["shutdown", *_]:
            switch.stopping.set()
            return "+OK\n"
        case ["hupall", *rest]:
            return await COMMANDS["hupall"](switch, " ".join(rest), event)
        case ["pause", *_]:
            switch.paused = True
            return "+OK\n"
        case ["resume", *_]:
            switch.paused = False
            return "+OK\n"
        case ["pause_check", *_]:
            return "true" if switch.paused else "false"
        case ["ready_check"]:
            return "true"
        case ["sps" | "max_sessions" as what, *rest]:
            return _limit(switch, what, rest)
    return FSCTL_USAGE


def _limit(switch: "Switch", what: str, rest: list[str]) -> str:
    limits = switch.limits
    wanted = int(rest[0]) if rest and rest[0].isdigit() else 0
    if what == "sps":
        limits.per_second = wanted or limits.per_second
        return f"+OK sessions per second: {limits.per_second}\n"
    limits.max_sessions = wanted or limits.max_sessions
    return f"+OK max sessions: {limits.max_sessions}\n"


@command("shutdown")
async def shutdown(switch: "Switch", _arguments: str, _event: Event) -> str:
    """End the switch."""
    switch.stopping.set()
    return "+OK\n"


@command("reloadxml")
async def reloadxml(switch: "Switch", _arguments: str, _event: Event) -> str:
    """Read the configuration's files again."""
    try:
        switch.reload_xml()
    except ConfigurationUnusable as error:
        return f"-ERR [{error}]\n"
    return "+OK [Success]\n"


@command("msleep")
async def msleep(_switch: "Switch", arguments: str, _event: Event) -> str:
    """Do nothing for so many ms."""
    await asyncio.sleep(int(arguments) / 1000 if arguments.isdigit() else 0)
    return "+OK"


@command("python")
async def python(switch: "Switch", arguments: str, event: Event) -> str:
    """Run `fsapi` of a module; its stream is the answer."""
    if switch.scripts is None:
        return "INVALID COMMAND!\n"
    return await switch.scripts.fsapi(arguments, event)


@command("pyrun")
async def pyrun(switch: "Switch", arguments: str, _event: Event) -> str:
    """Run `runtime` of a module in a thread of its own."""
    if not arguments:
        return "USAGE: python </path/to/script>\n"
    if switch.scripts is None:
        return "INVALID COMMAND!\n"
    switch.scripts.runtime(arguments)
    return "OK\n"


@command("system", "bg_system", "bgsystem", "spawn", "bg_spawn", "spawn_stream")
async def system(switch: "Switch", arguments: str, _event: Event) -> str:
    """Refuse a shell command, and record that it was asked for."""
    switch.shell_refused(arguments)
    return "-ERR The embedded switch runs no shell commands\n"


@command("module_exists")
async def module_exists(switch: "Switch", arguments: str, _event: Event) -> str:
    """Say whether a module is loaded."""
    return "true" if switch.conf.loads(arguments.strip()) else "false"


@command("acl")
async def acl(switch: "Switch", arguments: str, _event: Event) -> str:
    """`ip list`: say whether a list allows an address."""
    address, _, name = arguments.partition(" ")
    allows = switch.conf.acls.get(name.strip())
    return "true" if allows and allows(address) else "false"


@command("bgapi")
async def bgapi(switch: "Switch", arguments: str, _event: Event) -> str:
    """Run a command beside; its answer is a BACKGROUND_JOB event."""
    name, _, rest = arguments.partition(" ")
    return f"+OK Job-UUID: {switch.start_job(name, rest)}\n"
