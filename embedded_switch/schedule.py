"""Hang-ups at a time."""

import asyncio
import time

from embedded_switch.channel import Channel


def schedule_hangup(channel: Channel, when: str, cause: str) -> None:
    """Hang up at `+seconds` or at an epoch second; `+0` is now."""
    digits = when.lstrip("+")
    seconds = int(digits) if digits.isdigit() else 0
    if seconds == 0 or not when:
        channel.hangup(cause)
        return
    delay = seconds if when.startswith("+") else seconds - time.time()
    channel.timers.append(asyncio.get_running_loop().call_later(max(delay, 0), channel.hangup, cause))
