"""Prompts that collect digits: read and play_and_get_digits, with the corners FreeSWITCH's have."""

import logging
import re
from dataclasses import dataclass

from embedded_switch.channel import Channel, Digit
from embedded_switch.media_ops import Fire, collect_count, play_file
from embedded_switch.status import Status

BUFFER_DIGITS_MAX = 127


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a read asks for. Times in ms; digit_timeout 0: the same as timeout."""

    least: int
    most: int
    timeout: int
    terminators: str
    prompt: str
    variable: str = ""
    digit_timeout: int = 0


async def read(channel: Channel, wanted: Wanted, fire: Fire) -> tuple[Status, str]:
    """Play the prompt, which a digit cuts off, and collect; sets read_result and the wanted variable."""
    terminators = wanted.terminators
    most = max(wanted.most, wanted.least)
    if most > BUFFER_DIGITS_MAX:
        channel.log(logging.ERROR, "Buffer too small!")
        return Status.FALSE, ""
    channel.set("read_result", None)
    if wanted.variable:
        channel.set(wanted.variable, None)
    status, digits, used = Status.SUCCESS, "", ""
    pressed: list[str] = []
    if wanted.prompt and wanted.prompt.lower() != "silence":

        async def stop_at(digit: Digit) -> Status:
            pressed.append(digit.digit)
            return Status.BREAK

        status = await play_file(channel, wanted.prompt, fire, stop_at)
        if status not in (Status.SUCCESS, Status.BREAK):
            return _finish(channel, wanted, status, "")
        status, digits = Status.SUCCESS, "".join(pressed)
    if len(digits) < most:
        digit_timeout = wanted.digit_timeout or wanted.timeout
        first = digit_timeout if digits else wanted.timeout
        status, digits, used = await collect_count(channel, digits, most, terminators, fire, first, digit_timeout)
    if used:
        channel.set("read_terminator_used", used)
        before = terminators[terminators.find(used) - 1 : terminators.find(used)]
        if before and before in "+x":
            digits += used
    elif terminators.startswith("="):
        status = Status.TOO_SMALL
    if len(digits) < wanted.least:
        status = Status.TOO_SMALL
    words = {Status.SUCCESS: "success", Status.TIMEOUT: "timeout"}
    channel.set("read_result", words.get(status, "failure"))
    return _finish(channel, wanted, status, digits)


def _finish(channel: Channel, wanted: Wanted, status: Status, digits: str) -> tuple[Status, str]:
    """A single digit that is itself a terminator counts as no digit."""
    if wanted.most == 1 and len(digits) == 1 and digits in wanted.terminators:
        digits = ""
    if wanted.variable and digits:
        channel.set(wanted.variable, digits)
    return status, digits


async def play_and_get_digits(
    channel: Channel, wanted: Wanted, tries: int, bad_input: str, pattern: str, fire: Fire
) -> str | None:
    """Ask up to `tries` times until the digits match the pattern. None: they never did (transfer_on_failure's case)."""
    if pattern and wanted.variable:
        channel.set(f"{wanted.variable}_invalid", None)
    while channel.ready and tries > 0:
        status, digits = await read(channel, wanted, fire)
        if status is Status.TIMEOUT and len(digits) >= wanted.least:
            status = Status.SUCCESS
        if not wanted.least and not digits and channel.get("read_terminator_used"):
            return ""
        if status is Status.SUCCESS and digits:
            if not pattern or _matches(channel, pattern, digits):
                return digits
            if wanted.variable:
                channel.set(wanted.variable, None)
                channel.set(f"{wanted.variable}_invalid", digits)
        if not channel.ready:
            break
        await play_file(channel, bad_input, fire)
        tries -= 1
    return None


def _matches(channel: Channel, pattern: str, digits: str) -> bool:
    try:
        return re.search(pattern, digits) is not None
    except re.error as error:
        channel.log(logging.ERROR, "COMPILE ERROR: %s [%s]", error, pattern)
        return False
