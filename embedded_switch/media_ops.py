"""What a session does with audio and digits: play, sleep, collect, read. Each ends at once when the call ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from embedded_switch.channel import Channel, Digit
from embedded_switch.leg_media import Playback
from embedded_switch.media_source import SourceNotFound, open_source
from embedded_switch.status import Status

OnDigit = Callable[[Digit], Awaitable[Status]]
Fire = Callable[[Channel, str, tuple[tuple[str, str], ...]], None]


def take_digit(channel: Channel, fire: Fire) -> Digit:
    """Take the oldest queued digit. Only now the DTMF event tells of it, as in FreeSWITCH."""
    digit = channel.digits.popleft()
    channel.digits_dialed += digit.digit
    headers = (("DTMF-Digit", digit.digit), ("DTMF-Duration", str(digit.duration)), ("DTMF-Source", digit.source))
    fire(channel, "DTMF", headers)
    return digit


async def play_file(channel: Channel, path: str, fire: Fire, on_digit: OnDigit | None = None) -> Status:
    """Play a file, tone or silence to its end.

    on_digit is asked for every queued and coming digit, and anything but SUCCESS stops; without it digits stay queued.
    """
    if not path or not channel.media_ready or channel.leg is None:
        return Status.FALSE
    try:
        source = open_source(path)
    except SourceNotFound as error:
        channel.log(logging.ERROR, "File [%s] not found: %s", path, error)
        return Status.NOT_FOUND
    kind = (("Playback-File-Type", "tone_stream"),) if path.startswith("tone_stream:") else ()
    fire(channel, "PLAYBACK_START", (*kind, ("Playback-File-Path", path)))
    playing = asyncio.ensure_future(channel.leg.play(source))
    playing.add_done_callback(lambda _: channel.poke())
    status = await _watch(channel, playing, fire, on_digit)
    if not playing.done():
        channel.leg.stop_play()
    played = await playing
    channel.set("playback_last_offset_pos", str(played.samples))
    channel.set("playback_seconds", str(played.samples // 8000))
    channel.set("playback_ms", str(played.ms))
    channel.set("playback_samples", str(played.samples))
    ended = "break" if status is Status.BREAK else "done"
    fire(channel, "PLAYBACK_STOP", (*kind, ("Playback-File-Path", path), ("Playback-Status", ended)))
    return status


async def _watch(channel: Channel, playing: asyncio.Future[Playback], fire: Fire, on_digit: OnDigit | None) -> Status:
    while not playing.done():
        if not channel.ready:
            return Status.FALSE
        if channel.take_break():
            return Status.BREAK
        if on_digit and channel.digits:
            status = await on_digit(take_digit(channel, fire))
            if status is not Status.SUCCESS:
                return status
            continue
        await channel.wait_change()
    return Status.SUCCESS if channel.ready else Status.FALSE


async def sleep(
    channel: Channel,
    ms: int,
    fire: Fire,
    on_digit: OnDigit | None = None,
    *,
    digit_breaks: bool = False,
) -> Status:
    """Wait. digit_breaks: a queued digit ends it at once and stays queued, as in the sleep application."""
    if not channel.media_ready:
        return Status.SUCCESS if not channel.ready else await _sleep_without_media(channel, ms)
    loop = asyncio.get_running_loop()
    until = loop.time() + ms / 1000
    while (left := until - loop.time()) > 0:
        if not channel.ready:
            return Status.FALSE
        if channel.take_break():
            return Status.BREAK
        if channel.digits and digit_breaks:
            return Status.BREAK
        if channel.digits and on_digit:
            status = await on_digit(take_digit(channel, fire))
            if status is not Status.SUCCESS:
                return status
            continue
        await channel.wait_change(left)
    return Status.SUCCESS if channel.ready else Status.FALSE


async def _sleep_without_media(channel: Channel, ms: int) -> Status:
    loop = asyncio.get_running_loop()
    until = loop.time() + ms / 1000
    while channel.ready and (left := until - loop.time()) > 0:
        if channel.take_break():
            return Status.BREAK
        await channel.wait_change(left)
    return Status.SUCCESS


async def collect_callback(
    channel: Channel, digit_timeout_ms: int, abs_timeout_ms: int, fire: Fire, on_digit: OnDigit
) -> Status:
    """Give every digit to the callback until it stops, nothing comes for digit_timeout, or abs_timeout passed.

    A time-out of 0 is none.
    """
    loop = asyncio.get_running_loop()
    started = digit_at = loop.time()
    while channel.ready:
        if channel.take_break():
            return Status.BREAK
        left = _left(loop.time(), (started, abs_timeout_ms), (digit_at, digit_timeout_ms))
        if left is not None and left <= 0:
            return Status.TIMEOUT
        if channel.digits:
            status = await on_digit(take_digit(channel, fire))
            digit_at = loop.time()
            if status is not Status.SUCCESS:
                return status
            continue
        await channel.wait_change(left)
    return Status.FALSE


async def collect_count(
    channel: Channel,
    already: str,
    most: int,
    terminators: str,
    fire: Fire,
    first_timeout_ms: int,
    digit_timeout_ms: int,
    abs_timeout_ms: int = 0,
) -> tuple[Status, str, str]:
    """Collect up to `most` digits; return how it ended, the digits with those already there, and the terminator."""
    if len(already) >= most:
        return Status.FALSE, already, ""
    for index, char in enumerate(already):
        if char in terminators:
            return Status.SUCCESS, already[:index], char
    timeout_ms = first_timeout_ms or digit_timeout_ms
    digit_timeout_ms = digit_timeout_ms or first_timeout_ms
    loop = asyncio.get_running_loop()
    started = digit_at = loop.time()
    found = already
    while channel.ready:
        left = _left(loop.time(), (started, abs_timeout_ms), (digit_at, timeout_ms))
        if left is not None and left <= 0:
            return Status.TIMEOUT, found, ""
        if channel.digits:
            timeout_ms, digit_at = digit_timeout_ms, loop.time()
            digit = take_digit(channel, fire).digit
            if digit in terminators:
                return Status.SUCCESS, found, digit
            found += digit
            if len(found) >= most:
                return Status.SUCCESS, found, ""
            continue
        await channel.wait_change(left)
    return Status.FALSE, found, ""


def _left(now: float, *timeouts: tuple[float, int]) -> float | None:
    """Return the seconds until the first of the time-outs (start, ms); None: there is none."""
    ends = [start + ms / 1000 for start, ms in timeouts if ms]
    return min(ends) - now if ends else None
