"""The originate command: reads the dial string, makes the channel, waits for the answer, says how it went."""

import asyncio
import logging
import uuid as uuids
from typing import TYPE_CHECKING

from embedded_switch.call_life import CallLife
from embedded_switch.causes import Q850
from embedded_switch.channel import CallerProfile, Channel
from embedded_switch.gateway import Gateway, GatewayStatus
from embedded_switch.separate import ParseError, brackets, separate
from embedded_switch.switch_log import NOTICE, log

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

USAGE = (
    "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] "
    "[<cid_name>] [<cid_num>] [<timeout_sec>]\n"
)
TIMEOUT_S = 60
ARGUMENTS_MAX = 7


class OriginateFailed(Exception):
    """No channel came of it; the message is the cause of the -ERR reply."""


async def originate(switch: "Switch", arguments: str) -> str:
    """Place a call and return FreeSWITCH's reply: `+OK <uuid>` once it is answered, `-ERR <CAUSE>`, or the usage."""
    words = separate(arguments, " ", 10)
    if not 2 <= len(words) <= ARGUMENTS_MAX:
        return USAGE
    given = [None if word.lower() == "undef" else word for word in words]
    given += [None] * (ARGUMENTS_MAX - len(given))
    target, extension, dialplan, context, name, number, timeout = given
    try:
        life = start_leg(switch, target or "", name, number)
    except OriginateFailed as failed:
        log.info("Originate Resulted in Error Cause: %s [%s]", Q850.get(str(failed), 0), failed)
        return f"-ERR {failed}\n"
    channel = life.channel
    wait_s = _seconds(channel.get("originate_timeout") or channel.get("leg_timeout") or timeout)
    if not await _answered(life, wait_s):
        cause = channel.leg.cause if channel.leg else "NORMAL_TEMPORARY_FAILURE"
        log.info("Originate Resulted in Error Cause: %s [%s]", Q850.get(cause, 0), cause)
        return f"-ERR {cause}\n"
    channel.transfer_to = _destination(extension or "", dialplan or "XML", context or "default")
    life.routed.set()
    return f"+OK {channel.uuid}\n"


async def _answered(life: CallLife, wait_s: float) -> bool:
    done, _ = await asyncio.wait((life.answered,), timeout=wait_s)
    if not done:
        life.channel.hangup("NO_ANSWER")
    return await life.answered


def _seconds(value: str | None) -> float:
    return float(value) if value and value.isdigit() and int(value) > 0 else TIMEOUT_S


def _destination(extension: str, dialplan: str, context: str) -> tuple[str, str, str]:
    """Return what the channel executes: an extension, or the one application of `&application(data)`."""
    if extension.startswith("&") and len(extension) > 1:
        application, _, data = extension[1:].partition(")")[0].partition("(")
        return application, "&", data
    return extension, dialplan, context


def start_leg(switch: "Switch", target: str, caller_name: str | None, caller_number: str | None) -> CallLife:
    """Read a dial string, make its channel and send the INVITE. Raises OriginateFailed: then there is no channel."""
    try:
        variables, url = brackets(target, "{", "}")
        of_leg, url = brackets(url, "[", "]")
    except ParseError as error:
        log.error("%s", error)
        raise OriginateFailed("DESTINATION_OUT_OF_ORDER") from error
    variables |= of_leg
    kind, _, rest = url.partition("/")
    if kind != "sofia" or not switch.conf.loads("mod_sofia"):
        log.error("Could not locate channel type %s", kind)
        raise _cannot_create(kind, "CHAN_NOT_IMPLEMENTED")
    uuid = variables.get("origination_uuid") or str(uuids.uuid4())
    _admit(switch, uuid)
    gateway, number, profile_name = _endpoint(switch, rest)
    caller = CallerProfile(
        caller_id_name=variables.get("origination_caller_id_name") or caller_name or "",
        caller_id_number=variables.get("origination_caller_id_number") or caller_number or "0000000000",
        destination_number=number,
        dialed_number=number,
    )
    channel = Channel(uuid, profile_name, gateway, caller, switch.variables.get)
    channel.variables.update(_first_variables(channel, number))
    channel.variables.update(variables)
    channel.variables["origination_caller_id_name"] = caller.caller_id_name
    channel.variables["origination_caller_id_number"] = caller.caller_id_number
    return _dial(switch, channel, number, variables)


def _endpoint(switch: "Switch", url: str) -> tuple[Gateway, str, str]:
    profile, _, rest = url.partition("/")
    if profile != "gateway":
        log.error("The embedded switch dials sofia/gateway/<gateway>/<number> only, not sofia/%s", url)
        raise _cannot_create("sofia", "INVALID_PROFILE" if rest else "INVALID_URL")
    name, slash, number = rest.partition("/")
    if not slash:
        log.error("Invalid URL '%s'", rest)
        raise _cannot_create("sofia", "INVALID_URL")
    gateway = switch.gateway(name)
    if gateway is None:
        log.error("Invalid Gateway '%s'", name)
        raise _cannot_create("sofia", "INVALID_GATEWAY")
    if gateway.status is GatewayStatus.DOWN:
        log.error("Gateway '%s' is down!", name)
        raise _cannot_create("sofia", "GATEWAY_DOWN")
    return gateway, number, switch.profile_of(name)


def _cannot_create(kind: str, cause: str) -> OriginateFailed:
    log.log(NOTICE, "Cannot create outgoing channel of type [%s] cause: [%s]", kind, cause)
    return OriginateFailed(cause)


def _admit(switch: "Switch", uuid: str) -> None:
    """Refuse a uuid that is taken and what max-sessions and sessions-per-second do not allow."""
    if uuid in switch.channels:
        log.critical("Duplicate UUID!")
        raise _cannot_create("sofia", "DESTINATION_OUT_OF_ORDER")
    if not switch.limits.take():
        log.critical("Throttle Error! %d", len(switch.channels))
        raise _cannot_create("sofia", "DESTINATION_OUT_OF_ORDER")
    if len(switch.channels) + 1 > switch.limits.max_sessions:
        log.critical("Over Session Limit! %d", switch.limits.max_sessions)
        raise _cannot_create("sofia", "DESTINATION_OUT_OF_ORDER")


def _first_variables(channel: Channel, number: str) -> dict[str, str]:
    gateway = channel.gateway
    return {
        "direction": "outbound",
        "is_outbound": "true",
        "uuid": channel.uuid,
        "call_uuid": channel.uuid,
        "sip_gateway_name": gateway.name,
        "sip_profile_name": "gateway",
        "channel_name": channel.name,
        "sip_destination_url": f"sip:{number}@{gateway.proxy}",
        "originate_early_media": "false",
        "originate_endpoint": "sofia",
        "sofia_profile_name": channel.profile_name,
        "sip_req_uri": f"{number}@{gateway.proxy}",
        "sip_to_user": number,
        "sip_network_ip": gateway.host,
        "sip_network_port": str(gateway.port),
    }


def _dial(switch: "Switch", channel: Channel, number: str, variables: dict[str, str]) -> CallLife:
    codecs = variables.get("absolute_codec_string") or variables.get("codec_string") or ""
    headers = [(name[6:], value) for name, value in variables.items() if name.startswith("sip_h_")]
    life = CallLife(switch, channel)
    switch.remember(channel)
    channel.log(NOTICE, "New Channel %s [%s]", channel.name, channel.uuid)
    try:
        leg = switch.engine_of(channel.gateway).dial(
            channel.gateway,
            number,
            channel.uuid,
            caller_id_number=channel.caller.caller_id_number,
            caller_id_name=channel.caller.caller_id_name,
            codecs=separate(codecs, ",") if codecs else (),
            extra_headers=headers,
        )
    except OSError as error:  # no RTP port left, or the gateway's name has no address
        channel.log(logging.CRITICAL, "Cannot dial: %s", error)
        switch.forget(channel)
        raise _cannot_create("sofia", "DESTINATION_OUT_OF_ORDER") from error
    life.attach(leg)
    for name in ("CHANNEL_OUTGOING", "CHANNEL_CREATE", "CHANNEL_ORIGINATE"):
        switch.fire_channel(channel, name)
    channel.log(logging.DEBUG, "sending invite to %s", channel.gateway.proxy)
    switch.spawn(life.run())
    return life
