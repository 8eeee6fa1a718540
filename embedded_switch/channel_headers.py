"""The headers that describe a channel in events, dumps and hooks, in FreeSWITCH's order and spelling."""

import time
from collections.abc import Iterator

from embedded_switch.channel import Channel
from embedded_switch.leg import Leg, LegState

STATE_NUMBERS = {
    "CS_NEW": 0,
    "CS_INIT": 1,
    "CS_ROUTING": 2,
    "CS_SOFT_EXECUTE": 3,
    "CS_EXECUTE": 4,
    "CS_EXCHANGE_MEDIA": 5,
    "CS_PARK": 6,
    "CS_CONSUME_MEDIA": 7,
    "CS_HIBERNATE": 8,
    "CS_RESET": 9,
    "CS_HANGUP": 10,
    "CS_REPORTING": 11,
    "CS_DESTROY": 12,
}
CALL_STATES = {
    LegState.CALLING: "DOWN",
    LegState.RINGING: "RINGING",
    LegState.EARLY: "EARLY",
    LegState.ANSWERED: "ACTIVE",
    LegState.ENDED: "HANGUP",
}
ANSWER_STATES = {LegState.EARLY: "early", LegState.ANSWERED: "answered", LegState.ENDED: "hangup"}


def call_state(channel: Channel) -> str:
    """Return Channel-Call-State."""
    return CALL_STATES[channel.leg.state] if channel.leg else "DOWN"


def channel_headers(channel: Channel) -> Iterator[tuple[str, str]]:
    """Give everything an event says about a channel: its state, its caller profile, its variables."""
    leg = channel.leg
    yield "Channel-State", channel.state
    yield "Channel-Call-State", call_state(channel)
    yield "Channel-State-Number", str(STATE_NUMBERS.get(channel.state, 0))
    yield "Channel-Name", channel.name
    yield "Unique-ID", channel.uuid
    yield "Call-Direction", "outbound"
    yield "Presence-Call-Direction", "outbound"
    yield "Channel-HIT-Dialplan", "true" if channel.hit_dialplan else "false"
    yield "Channel-Call-UUID", channel.uuid
    yield "Answer-State", ANSWER_STATES.get(leg.state, "ringing") if leg else "ringing"
    if leg and leg.state is LegState.ENDED:
        yield "Hangup-Cause", leg.cause
    elif leg and leg.read_codec:
        for way in ("Read", "Write"):
            yield f"Channel-{way}-Codec-Name", leg.read_codec
            yield f"Channel-{way}-Codec-Rate", "8000"
            yield f"Channel-{way}-Codec-Bit-Rate", "64000"
    yield from _caller_headers(channel, leg)
    for name, value in channel.variables.items():
        yield f"variable_{name}", value


def _caller_headers(channel: Channel, leg: Leg | None) -> Iterator[tuple[str, str]]:
    caller = channel.caller
    flipped = caller.profile_index > 1  # a transfer shows the callee as the caller
    ours = (caller.caller_id_name, caller.caller_id_number)
    theirs = ("Outbound Call", caller.dialed_number)
    shown, other = (theirs, ours) if flipped else (ours, theirs)
    yield "Caller-Direction", "outbound"
    yield "Caller-Logical-Direction", "outbound"
    if caller.dialplan:
        yield "Caller-Dialplan", caller.dialplan
    yield "Caller-Caller-ID-Name", shown[0]
    yield "Caller-Caller-ID-Number", shown[1]
    yield "Caller-Orig-Caller-ID-Name", ours[0]
    yield "Caller-Orig-Caller-ID-Number", ours[1]
    yield "Caller-Callee-ID-Name", other[0]
    yield "Caller-Callee-ID-Number", other[1]
    if leg and leg.state is not LegState.CALLING:
        yield "Caller-Network-Addr", channel.gateway.host
    yield "Caller-ANI", caller.caller_id_number
    yield "Caller-Destination-Number", caller.destination_number
    yield "Caller-Unique-ID", channel.uuid
    yield "Caller-Source", "src/switch_ivr_originate.c"
    yield "Caller-Context", caller.context
    if flipped:
        yield "Caller-RDNIS", caller.dialed_number
    yield "Caller-Channel-Name", channel.name
    yield "Caller-Profile-Index", str(caller.profile_index)
    yield "Caller-Profile-Created-Time", str(caller.created_at)
    times = {
        "Created": leg.created_at if leg else channel.created_at,
        "Answered": leg.answered_at if leg else 0,
        "Progress": leg.progress_at if leg else 0,
        "Progress-Media": leg.progress_media_at if leg else 0,
        "Hangup": leg.ended_at if leg else 0,
        "Transfer": 0,
        "Resurrect": 0,
        "Bridged": 0,
    }
    for name, at in times.items():
        yield f"Caller-Channel-{name}-Time", str(at)
    yield "Caller-Channel-Last-Hold", "0"
    yield "Caller-Channel-Hold-Accum", "0"
    yield "Caller-Screen-Bit", "true"
    yield "Caller-Privacy-Hide-Name", "false"
    yield "Caller-Privacy-Hide-Number", "false"


def media_variables(leg: Leg) -> dict[str, str]:
    """Return the variables that appear when audio is negotiated."""
    found = {"sip_call_id": leg.sip_call_id, "read_codec": leg.read_codec, "write_codec": leg.read_codec}
    if leg.read_codec:
        found |= {"read_rate": "8000", "write_rate": "8000", "rtp_use_codec_name": leg.read_codec}
        found |= {"rtp_use_codec_rate": "8000", "rtp_use_codec_ptime": "20"}
    if leg.remote_sdp:
        found["switch_r_sdp"] = leg.remote_sdp
        found["dtmf_type"] = "rfc2833" if "telephone-event" in leg.remote_sdp.lower() else "info"
    if leg.remote_media:
        found |= {"remote_media_ip": leg.remote_media[0], "remote_media_port": str(leg.remote_media[1])}
    if leg.local_media:
        found |= {"local_media_ip": leg.local_media[0], "local_media_port": str(leg.local_media[1])}
    return {name: value for name, value in found.items() if value}


def final_variables(channel: Channel, leg: Leg) -> dict[str, str]:
    """Return the variables a channel gets when it is hung up: cause, stamps, durations."""
    found = media_variables(leg) | {"hangup_cause": leg.cause, "hangup_cause_q850": str(leg.q850)}
    if leg.hangup_disposition:
        found["sip_hangup_disposition"] = leg.hangup_disposition
    if leg.hangup_disposition == "send_cancel":
        found |= {"sip_invite_failure_status": "487", "sip_invite_failure_phrase": "CANCEL"}
    if leg.sip_code:
        found["sip_term_status"] = str(leg.sip_code)
        found["proto_specific_hangup_cause"] = f"sip:{leg.sip_code}"
        found["sip_term_cause"] = str(leg.q850)
        if leg.sip_code >= 400:
            found["sip_invite_failure_status"] = str(leg.sip_code)
            found["sip_invite_failure_phrase"] = leg.sip_reason
    found["digits_dialed"] = channel.digits_dialed or "none"
    moments = {
        "start": leg.created_at,
        "profile_start": channel.caller.created_at,
        "answer": leg.answered_at,
        "progress": leg.progress_at,
        "progress_media": leg.progress_media_at,
        "end": leg.ended_at,
    }
    for name, at in moments.items():
        if at:
            found[f"{name}_stamp"] = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at // 1_000_000))
    for name, at in moments.items():
        found[f"{name}_epoch"] = str(at // 1_000_000)
        found[f"{name}_uepoch"] = str(at)
    caller = channel.caller
    found["caller_id"] = f'"{caller.caller_id_name}" <{caller.caller_id_number}>'
    spans = {
        "duration": (leg.created_at, leg.ended_at),
        "bill": (leg.answered_at, leg.ended_at),
        "progress": (leg.created_at, leg.progress_at),
        "answer": (leg.created_at, leg.answered_at),
        "wait": (0, 0),
    }
    for name, (start, end) in spans.items():
        found |= _span(name, start, end) if start and end else _span(name, 0, 0)
    return found


def _span(name: str, start: int, end: int) -> dict[str, str]:
    """FreeSWITCH's seconds are differences of whole seconds: 0.9 s over a second's edge are billsec 1."""
    seconds, us = end // 1_000_000 - start // 1_000_000, end - start
    if name == "duration":
        return {"duration": str(seconds), "mduration": str(us // 1000), "uduration": str(us)}
    return {f"{name}sec": str(seconds), f"{name}msec": str(us // 1000), f"{name}usec": str(us)}
