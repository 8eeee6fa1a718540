"""bridge: calls somebody else and lets the two talk."""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from embedded_switch.call_life import CallLife
from embedded_switch.configuration import is_true
from embedded_switch.originate import OriginateFailed, start_leg
from embedded_switch.registry import application
from embedded_switch.rtp_stream import CODECS
from embedded_switch.switch_log import NOTICE

if TYPE_CHECKING:
    from embedded_switch.channel import Channel
    from embedded_switch.switch import Switch

RING_S = 60
BACKLOG_FRAMES = 5  # 100 ms; older audio is dropped rather than heard late
SILENCE = bytes(320)


class Pipe:
    """Takes what one leg hears and gives it to the other to play: a recording's sink and an endless audio source."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque(maxlen=BACKLOG_FRAMES)

    def write(self, pcm: bytes) -> None:
        """See Sink."""
        self._frames.append(pcm)

    def close(self) -> None:
        """See Sink."""

    def payloads(self, codec: str) -> Iterator[bytes]:
        """See AudioSource."""
        encode = CODECS[codec].encode
        while True:
            yield encode(self._frames.popleft() if self._frames else SILENCE)


@application("bridge")
async def bridge(switch: "Switch", channel: "Channel", data: str) -> None:
    """Call `[variables]sofia/gateway/<gateway>/<number>`; when it is answered, connect both until one hangs up.

    originate_disposition tells SUCCESS or the cause, last_bridge_proto_specific_hangup_cause the SIP
    status that refused it. Unless continue_on_fail is true, a failure ends the call too.
    """
    try:
        other = start_leg(switch, data, channel.caller.caller_id_name, channel.caller.caller_id_number)
        cause = await _answered(channel, other)
    except OriginateFailed as failed:
        cause = str(failed)
    channel.set("originate_disposition", cause)
    if cause == "SUCCESS":
        await _connect(switch, channel, other.channel)
    elif not is_true(channel.get("continue_on_fail")):
        channel.hangup(cause)


async def _answered(channel: "Channel", other: CallLife) -> str:
    other.answered.add_done_callback(lambda _: channel.poke())
    deadline = asyncio.get_running_loop().time() + RING_S
    while not other.answered.done():
        left = deadline - asyncio.get_running_loop().time()
        if not channel.ready or left <= 0:
            other.channel.hangup("ORIGINATOR_CANCEL" if not channel.ready else "NO_ANSWER")
            await other.answered
            break
        await channel.wait_change(left)
    leg = other.channel.leg
    assert leg is not None
    if other.answered.result() and other.channel.ready:
        return "SUCCESS"
    if leg.sip_code:
        channel.set("last_bridge_proto_specific_hangup_cause", f"sip:{leg.sip_code}")
    return leg.cause


async def _connect(switch: "Switch", one: "Channel", two: "Channel") -> None:
    assert one.leg
    assert two.leg
    for here, there in ((one, two), (two, one)):
        here.set("bridge_uuid", there.uuid)
        here.set("last_bridge_to", there.uuid)
    switch.fire_channel(one, "CHANNEL_BRIDGE", (("Other-Leg-Unique-ID", two.uuid),))
    pipes = Pipe(), Pipe()
    one.leg.record(pipes[0], read_only=True)
    two.leg.record(pipes[1], read_only=True)
    playing = [asyncio.ensure_future(two.leg.play(pipes[0])), asyncio.ensure_future(one.leg.play(pipes[1]))]
    for play in playing:  # both end when a leg ends
        play.add_done_callback(lambda _: one.poke())
    while one.ready and two.ready and not one.transfer_to:
        await one.wait_change()
    one.leg.stop_record(pipes[0])
    two.leg.stop_record(pipes[1])
    one.leg.stop_play()
    two.leg.stop_play()
    await asyncio.wait(playing)
    if two.ready:
        two.hangup(one.leg.cause or "NORMAL_CLEARING")
    one.set("last_bridge_hangup_cause", two.leg.cause)
    one.log(NOTICE, "The bridge of %s and %s ended", one.name, two.name)
    switch.fire_channel(one, "CHANNEL_UNBRIDGE", (("Other-Leg-Unique-ID", two.uuid),))
    if is_true(one.get("hangup_after_bridge")):
        one.hangup(two.leg.cause or "NORMAL_CLEARING")
