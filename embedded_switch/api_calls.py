"""API commands about calls: originate, uuid_…, show, hupall."""

import json
import time
from typing import TYPE_CHECKING

from embedded_switch.causes_by_name import cause_named
from embedded_switch.channel import Channel, Digit
from embedded_switch.channel_headers import call_state, channel_headers
from embedded_switch.events import HOSTNAME, Event
from embedded_switch.originate import originate
from embedded_switch.record_session import start_recording, stop_recording
from embedded_switch.registry import command
from embedded_switch.schedule import schedule_hangup
from embedded_switch.separate import separate

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

NO_CHANNEL = "-ERR No such channel!\n"
OK = "+OK\n"
TONES = "0123456789*#ABCDabcd"


def live(switch: "Switch", uuid: str) -> Channel | None:
    """Find a channel that is not hung up: one whose hook still runs is no channel any more."""
    channel = switch.channels.get(uuid)
    return channel if channel and not channel.ended else None


@command("originate")
async def originate_command(switch: "Switch", arguments: str, _event: Event) -> str:
    """Place a call."""
    if switch.paused:
        return "-ERR DESTINATION_OUT_OF_ORDER\n"
    return await originate(switch, arguments)


@command("uuid_exists")
async def uuid_exists(switch: "Switch", arguments: str, _event: Event) -> str:
    """Say whether a channel lives."""
    return "true" if live(switch, arguments.strip()) else "false"


@command("uuid_kill")
async def uuid_kill(switch: "Switch", arguments: str, _event: Event) -> str:
    """`uuid [cause]`: hang up."""
    uuid, _, cause = arguments.partition(" ")
    if not uuid:
        return "-USAGE: <uuid> [cause]\n"
    channel = live(switch, uuid)
    if channel is None:
        return NO_CHANNEL
    channel.hangup(cause_named(cause.strip()))
    return OK


@command("uuid_getvar")
async def uuid_getvar(switch: "Switch", arguments: str, _event: Event) -> str:
    """`uuid name`: the variable's value, `_undef_` when there is none."""
    words = separate(arguments, " ", 4)
    if len(words) < 2:
        return "-USAGE: <uuid> <var>\n"
    channel = live(switch, words[0])
    if channel is None:
        return NO_CHANNEL
    return channel.get(words[1]) or "_undef_"


@command("uuid_setvar")
async def uuid_setvar(switch: "Switch", arguments: str, _event: Event) -> str:
    """`uuid name [value]`."""
    words = separate(arguments, " ", 3)
    if not 2 <= len(words) <= 3:
        return "-USAGE: <uuid> <var> [value]\n"
    channel = live(switch, words[0])
    if channel is None:
        return NO_CHANNEL
    channel.set(words[1], words[2] if len(words) == 3 else None)
    return OK


@command("uuid_dump")
async def uuid_dump(switch: "Switch", arguments: str, _event: Event) -> str:
    """`uuid [plain|json]`: everything known about a channel."""
    uuid, _, form = arguments.partition(" ")
    channel = live(switch, uuid)
    if channel is None:
        return NO_CHANNEL
    event = switch.bus.new("CHANNEL_DATA")
    event.headers.extend(channel_headers(channel))
    return event.json() if form.strip() == "json" else event.plain()


@command("uuid_break")
async def uuid_break(switch: "Switch", arguments: str, _event: Event) -> str:
    """Cut off what plays or sleeps."""
    channel = live(switch, arguments.partition(" ")[0])
    if channel is None:
        return NO_CHANNEL
    channel.break_requested = True
    channel.poke()
    return OK


@command("uuid_recv_dtmf")
async def uuid_recv_dtmf(switch: "Switch", arguments: str, _event: Event) -> str:
    """`uuid digits[@ms]`: as if the callee had pressed them."""
    uuid, _, rest = arguments.partition(" ")
    channel = live(switch, uuid)
    if channel is None:
        return "-ERR Operation failed\n"
    digits, _, ms = rest.strip().partition("@")
    for digit in digits:
        if digit in TONES:
            channel.queue_digit(Digit(digit, int(ms) * 8 if ms.isdigit() else 2000, "APP"))
    return OK


@command("uuid_record")
async def uuid_record(switch: "Switch", arguments: str, _event: Event) -> str:
    """`uuid start|stop path [limit_s]`."""
    words = separate(arguments, " ", 5)
    if len(words) < 3:
        return "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"
    channel = live(switch, words[0])
    if channel is None:
        return "-ERR Cannot locate session!\n"
    if words[1] == "start":
        limit = int(words[3]) if len(words) > 3 and words[3].isdigit() else 0
        done = start_recording(switch, channel, words[2], limit)
        return "+OK Success\n" if done else "-ERR Cannot record session!\n"
    if words[1] == "stop":
        done = stop_recording(switch, channel, words[2])
        return "+OK Success\n" if done else "-ERR Cannot stop record session!\n"
    return "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"


@command("uuid_transfer")
async def uuid_transfer(switch: "Switch", arguments: str, _event: Event) -> str:
    """`uuid extension [dialplan] [context]`."""
    words = separate(arguments, " ", 5)
    if len(words) < 2:
        return "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n"
    channel = live(switch, words[0])
    if channel is None:
        return NO_CHANNEL
    words += ["", ""]
    channel.transfer_to = (words[1], words[2] or "XML", words[3] or channel.caller.context)
    channel.break_requested = True
    channel.poke()
    return OK


@command("sched_hangup")
async def sched_hangup(switch: "Switch", arguments: str, _event: Event) -> str:
    """`[+]time uuid [cause]`."""
    words = separate(arguments, " ", 4)
    if not words:
        return "-USAGE: [+]<time> <uuid> [<cause>]\n"
    channel = live(switch, words[1] if len(words) > 1 else "")
    if channel is None:
        return NO_CHANNEL
    schedule_hangup(channel, words[0], cause_named(words[2] if len(words) > 2 else None, "ALLOTTED_TIMEOUT"))
    return OK


@command("hupall")
async def hupall(switch: "Switch", arguments: str, _event: Event) -> str:
    """`[cause [variable value]]`: hang up every channel, or those with that variable."""
    words = [*separate(arguments, " ", 3), "", "", ""]
    cause = cause_named(words[0], "MANAGER_REQUEST")
    for channel in tuple(switch.channels.values()):
        if not words[1] or channel.get(words[1]) == words[2]:
            channel.hangup(cause)
    if words[1]:
        return f"+OK hangup all channels matching [{words[1]}]=[{words[2]}] with cause: {cause}\n"
    return f"+OK hangup all channels with cause {cause}\n"


@command("show")
async def show(switch: "Switch", arguments: str, _event: Event) -> str:
    """`channels|calls [count] [as json]`."""
    words = arguments.split()
    if not words or words[0] not in ("channels", "calls"):
        return "-USAGE: calls|channels [count] [as json]\n"
    rows = [_row(channel) for channel in switch.channels.values()]
    as_json = words[-2:] == ["as", "json"]
    if "count" in words[1:]:
        return json.dumps({"row_count": len(rows)}) if as_json else f"\n{len(rows)} total.\n"
    if as_json:
        if not rows:
            return '{"row_count": 0}\n'
        return json.dumps({"row_count": len(rows), "rows": rows}, separators=(",", ":"), ensure_ascii=False)
    if not rows:
        return "\n0 total.\n"
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "\n".join(lines) + f"\n\n{len(rows)} total.\n"


def _row(channel: Channel) -> dict[str, str]:
    caller = channel.caller
    ours, theirs = (caller.caller_id_name, caller.caller_id_number), ("Outbound Call", caller.dialed_number)
    flipped = caller.profile_index > 1  # a transfer shows the callee as the caller
    shown, other = (theirs, ours) if flipped else (ours, theirs)
    codec = channel.leg.read_codec if channel.leg else ""
    rate, bits = ("8000", "64000") if codec else ("", "")
    created = channel.created_at // 1_000_000
    return {
        "uuid": channel.uuid,
        "direction": "outbound",
        "created": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(created)),
        "created_epoch": str(created),
        "name": channel.name,
        "state": channel.state,
        "cid_name": shown[0],
        "cid_num": shown[1],
        "ip_addr": channel.gateway.host,
        "dest": caller.destination_number,
        "application": channel.application,
        "application_data": channel.application_data,
        "dialplan": caller.dialplan,
        "context": caller.context,
        "read_codec": codec,
        "read_rate": rate,
        "read_bit_rate": bits,
        "write_codec": codec,
        "write_rate": rate,
        "write_bit_rate": bits,
        "secure": "",
        "hostname": HOSTNAME,
        "presence_id": "",
        "presence_data": "",
        "accountcode": "",
        "callstate": call_state(channel),
        "callee_name": other[0],
        "callee_num": other[1],
        "callee_direction": "RECV" if flipped else "",
        "call_uuid": channel.uuid,
        "sent_callee_name": "",
        "sent_callee_num": "",
        "initial_cid_name": caller.caller_id_name,
        "initial_cid_num": caller.caller_id_number,
        "initial_ip_addr": "",
        "initial_dest": caller.dialed_number,
        "initial_dialplan": "",
        "initial_context": "default",
    }
