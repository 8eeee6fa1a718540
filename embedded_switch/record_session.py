"""record_session: a recording that runs beside everything else the channel does."""

import asyncio
import logging
from typing import TYPE_CHECKING

from embedded_switch.configuration import is_true
from embedded_switch.recording import FileSink

if TYPE_CHECKING:
    from embedded_switch.channel import Channel
    from embedded_switch.switch import Switch


def start_recording(switch: "Switch", channel: "Channel", path: str, limit_s: int = 0) -> bool:
    """Record the call to a file, with RECORD_READ_ONLY only what the callee says; say whether it began."""
    if channel.leg is None or not channel.media_ready:
        channel.log(logging.ERROR, "Can not record session.  Media not enabled on channel")
        return False
    if path in channel.recordings:
        channel.log(logging.ERROR, "Already recording [%s]", path)
        return False
    try:
        sink = FileSink(path)
    except OSError as error:
        channel.log(logging.ERROR, "Error opening %s: %s", path, error)
        channel.hangup("DESTINATION_OUT_OF_ORDER")
        return False
    channel.recordings[path] = sink
    channel.leg.record(sink, read_only=is_true(channel.get("RECORD_READ_ONLY")))
    if limit_s:
        timer = asyncio.get_running_loop().call_later(limit_s, stop_recording, switch, channel, path)
        channel.timers.append(timer)
    switch.fire_channel(channel, "RECORD_START", (("Record-File-Path", path),))
    return True


def stop_recording(switch: "Switch", channel: "Channel", path: str) -> bool:
    """Stop recording to a file; False: it was not being recorded to."""
    sink = channel.recordings.pop(path, None)
    if sink is None or channel.leg is None:
        return False
    channel.leg.stop_record(sink)
    sink.close()
    switch.fire_channel(channel, "RECORD_STOP", (("Record-File-Path", path),))
    return True
