"""Applications about the call itself: answer, hang up, park, variables, scripts, logging."""

import logging
from typing import TYPE_CHECKING

from embedded_switch.causes_by_name import cause_named
from embedded_switch.registry import application
from embedded_switch.schedule import schedule_hangup
from embedded_switch.separate import separate
from embedded_switch.switch_log import LEVELS, level_of

if TYPE_CHECKING:
    from embedded_switch.channel import Channel
    from embedded_switch.switch import Switch


@application("answer", "pre_answer", "ring_ready")
async def answer(_switch: "Switch", _channel: "Channel", _data: str) -> None:
    """Nothing to do: every leg here is outbound, its callee answers."""


@application("hangup")
async def hangup(_switch: "Switch", channel: "Channel", data: str) -> None:
    """End the call with a cause, NORMAL_CLEARING by default."""
    channel.hangup(cause_named(data))


@application("respond")
async def respond(_switch: "Switch", channel: "Channel", data: str) -> None:
    """Refuse an inbound call: there are none, so this only says so."""
    channel.log(logging.ERROR, "respond %s: the embedded switch has no inbound calls", data)


@application("park")
async def park(switch: "Switch", channel: "Channel", _data: str) -> None:
    """Stay up, doing nothing, until the call ends or is transferred."""
    switch.fire_channel(channel, "CHANNEL_PARK")
    while channel.ready and not channel.transfer_to:
        await channel.wait_change()
    switch.fire_channel(channel, "CHANNEL_UNPARK")


@application("set", "export")
async def set_variable(_switch: "Switch", channel: "Channel", data: str) -> None:
    """Set a variable by `name=value`; without a value it is removed."""
    name, _, value = data.partition("=")
    if not name:
        channel.log(logging.ERROR, "No variable name specified.")
        return
    if value == "_undef_":
        value = ""
    channel.log(logging.DEBUG, "SET [%s]=[%s]", name, value or "UNDEF")
    channel.set(name.strip(), value)


@application("multiset")
async def multiset(switch: "Switch", channel: "Channel", data: str) -> None:
    """Set several variables by `a=b c=d`."""
    for pair in separate(data, " "):
        await set_variable(switch, channel, pair)


@application("unset", "multiunset")
async def unset(_switch: "Switch", channel: "Channel", data: str) -> None:
    """Remove variables."""
    for name in separate(data, " "):
        channel.set(name, None)


@application("log")
async def log(_switch: "Switch", channel: "Channel", data: str) -> None:
    """Write `level text` to the log."""
    level, _, text = data.partition(" ")
    known = level.lower() in LEVELS and bool(text)
    channel.log(level_of(level) if known else logging.DEBUG, "%s", text if text else data)


@application("info")
async def info(_switch: "Switch", channel: "Channel", _data: str) -> None:
    """Write the channel's variables to the log."""
    lines = "\n".join(f"variable_{name}: [{value}]" for name, value in channel.variables.items())
    channel.log(logging.INFO, "CHANNEL_DATA:\n%s", lines)


@application("sched_hangup")
async def sched_hangup(_switch: "Switch", channel: "Channel", data: str) -> None:
    """Hang up at a time: `+seconds [cause]`, ALLOTTED_TIMEOUT by default."""
    words = separate(data, " ", 5)
    if not words:
        channel.log(logging.ERROR, "No time specified.")
        return
    schedule_hangup(channel, words[0], cause_named(words[1] if len(words) > 1 else None, "ALLOTTED_TIMEOUT"))


@application("transfer")
async def transfer(_switch: "Switch", channel: "Channel", data: str) -> None:
    """Go on at `extension [dialplan] [context]`."""
    words = [*separate(data, " ", 4), "", "", ""]
    channel.transfer_to = (words[0], words[1] or "XML", words[2] or channel.caller.context)
    channel.poke()


@application("python")
async def python(switch: "Switch", channel: "Channel", data: str) -> None:
    """Run `handler(session, args)` of a module."""
    if switch.scripts is None:
        channel.log(logging.ERROR, "No interpreter: mod_python3 is not loaded, or its process ended")
        return
    await switch.scripts.handler(channel, data)


@application("system", "bgsystem")
async def system(switch: "Switch", channel: "Channel", data: str) -> None:
    """Refuse a shell command, and record that it was asked for."""
    switch.shell_refused(data, channel)
