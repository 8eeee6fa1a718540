"""The applications read and play_and_get_digits."""

import logging
from typing import TYPE_CHECKING

from embedded_switch.digit_reading import Wanted, play_and_get_digits, read
from embedded_switch.registry import application
from embedded_switch.separate import separate
from embedded_switch.switch_log import log

if TYPE_CHECKING:
    from embedded_switch.channel import Channel
    from embedded_switch.switch import Switch

TIMEOUT_MIN_MS = 1000


def _number(word: str) -> int:
    digits = word.strip()
    return int(digits) if digits.lstrip("-").isdigit() else 0


@application("read")
async def read_application(switch: "Switch", channel: "Channel", data: str) -> None:
    """`min max file variable timeout terminators [digit_timeout]`."""
    words = separate(data, " ", 7)
    if not words:
        channel.log(logging.ERROR, "No arguments specified.")
        return
    words += [""] * (7 - len(words))
    wanted = Wanted(
        least=max(_number(words[0]), 0),
        most=_number(words[1]),
        timeout=max(_number(words[4]), TIMEOUT_MIN_MS),
        terminators=words[5] or "#",
        prompt=words[2],
        variable=words[3],
        digit_timeout=_number(words[6]),
    )
    await read(channel, wanted, switch.fire_channel)


@application("play_and_get_digits")
async def play_and_get_digits_application(switch: "Switch", channel: "Channel", data: str) -> None:
    """`min max tries timeout terminators file bad_file variable regex [digit_timeout] ['exten dialplan context']`."""
    words = separate(data, " ", 11)
    if not words:
        channel.log(logging.ERROR, "No arguments specified.")
        return
    words += [""] * (11 - len(words))
    wanted = Wanted(
        least=max(_number(words[0]), 0),
        most=_number(words[1]),
        timeout=max(_number(words[3]), TIMEOUT_MIN_MS),
        terminators=words[4] or "#",
        prompt=words[5],
        variable=words[7],
        digit_timeout=_number(words[9]),
    )
    found = await play_and_get_digits(channel, wanted, _number(words[2]), words[6], words[8], switch.fire_channel)
    if found is None and words[10]:
        transfer_on_failure(channel, words[10])


def transfer_on_failure(channel: "Channel", target: str) -> None:
    """Send the call where play_and_get_digits was told to when nobody pressed what it wanted."""
    to = [*separate(target, " ", 4), "", "", ""]
    log.warning("PAGD failure! Transfer to: %s / %s / %s", *to[:3], extra={"uuid": channel.uuid})
    channel.transfer_to = (to[0], to[1] or "XML", to[2] or channel.caller.context)
    channel.poke()
