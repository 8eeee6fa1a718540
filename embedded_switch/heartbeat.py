"""The HEARTBEAT event, every 20 s."""

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

HEARTBEAT_S = 20
VERSION = "1.10.0-embedded-switch"


async def beat(switch: "Switch") -> None:
    """Tell the world every 20 s that the switch is there, and how much it carries."""
    limits = switch.limits
    while True:
        event = switch.bus.new("HEARTBEAT")
        uptime_us = int((time.time() - switch.started_at) * 1_000_000)
        event.add("Event-Info", "System Ready")
        event.add("Up-Time", uptime_text(uptime_us))
        event.add("FreeSWITCH-Version", VERSION)
        event.add("Uptime-msec", uptime_us // 1000)
        event.add("Session-Count", len(switch.channels))
        event.add("Max-Sessions", limits.max_sessions)
        event.add("Session-Per-Sec", limits.per_second)
        event.add("Session-Per-Sec-Last", limits.last_second)
        event.add("Session-Per-Sec-Max", limits.peak_per_second)
        event.add("Session-Since-Startup", limits.total)
        event.add("Session-Peak-Max", limits.peak)
        event.add("Idle-CPU", "100.000000")
        switch.bus.fire(event)
        await asyncio.sleep(HEARTBEAT_S)


def uptime_text(us: int) -> str:
    """Spell a time span as `status` and HEARTBEAT do."""
    seconds, rest = divmod(us, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    years, days = divmod(days, 365)
    parts = (
        (years, "year"),
        (days, "day"),
        (hours, "hour"),
        (minutes, "minute"),
        (seconds, "second"),
        (rest // 1000, "millisecond"),
        (rest % 1000, "microsecond"),
    )
    return ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts)
