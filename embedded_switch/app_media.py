"""Applications that play, wait, record and listen for tones."""

import logging
from typing import TYPE_CHECKING

from embedded_switch.channel import Channel, Digit
from embedded_switch.configuration import is_true
from embedded_switch.media_ops import OnDigit, play_file, sleep
from embedded_switch.record_session import start_recording, stop_recording
from embedded_switch.registry import application
from embedded_switch.status import Status

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

ANY_DIGIT = "1234567890*#"


def terminated_by(channel: Channel) -> OnDigit:
    """Return what playback does with digits: it eats them all, and playback_terminators (`*`) stop it."""
    wanted = channel.get("playback_terminators") or "*"
    terminators = {"any": ANY_DIGIT, "none": ""}.get(wanted.lower(), wanted)

    async def on_digit(digit: Digit) -> Status:
        if digit.digit not in terminators:
            return Status.SUCCESS
        channel.set("playback_terminator_used", digit.digit)
        return Status.BREAK

    return on_digit


@application("playback", "endless_playback")
async def playback(switch: "Switch", channel: Channel, data: str) -> None:
    """Play a file or a tone; current_application_response tells how it went."""
    channel.set("playback_terminator_used", None)
    path = data.partition("@@")[0]
    status = await play_file(channel, path, switch.fire_channel, terminated_by(channel))
    said = {
        Status.SUCCESS: "FILE PLAYED",
        Status.BREAK: "FILE PLAYED",
        Status.NOT_FOUND: "FILE NOT FOUND",
    }.get(status, "PLAYBACK ERROR")
    channel.set("current_application_response", said)


@application("sleep")
async def sleep_application(switch: "Switch", channel: Channel, data: str) -> None:
    """Wait so many ms. A digit that waits in the queue ends it at once, unless sleep_eat_digits is true."""
    if not data:
        channel.log(logging.ERROR, "No timeout specified.")
        return
    ms = int(data) if data.strip().isdigit() else 0
    if is_true(channel.get("sleep_eat_digits")):
        channel.set("playback_terminator_used", None)
        await sleep(channel, ms, switch.fire_channel, terminated_by(channel))
    else:
        await sleep(channel, ms, switch.fire_channel, digit_breaks=True)


@application("record_session")
async def record_session(switch: "Switch", channel: Channel, data: str) -> None:
    """Record to a file beside everything else: `path [+limit_s]`."""
    path, _, limit = data.rpartition(" +")
    if not path:
        path, limit = data, ""
    start_recording(switch, channel, path, int(limit) if limit.isdigit() else 0)


@application("stop_record_session")
async def stop_record_session(switch: "Switch", channel: Channel, data: str) -> None:
    """Stop recording to a file, or to all of them."""
    for path in list(channel.recordings) if data == "all" else [data]:
        stop_recording(switch, channel, path)


@application("start_dtmf")
async def start_dtmf(_switch: "Switch", channel: Channel, _data: str) -> None:
    """Listen for digits in the audio too."""
    if channel.leg:
        channel.leg.start_inband_dtmf()


@application("stop_dtmf")
async def stop_dtmf(_switch: "Switch", channel: Channel, _data: str) -> None:
    """No longer listen for digits in the audio."""
    if channel.leg:
        channel.leg.stop_inband_dtmf()


@application("flush_dtmf")
async def flush_dtmf(_switch: "Switch", channel: Channel, _data: str) -> None:
    """Forget the digits nobody collected."""
    channel.digits.clear()
