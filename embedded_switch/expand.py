"""Expansion of ${variables}, ${name:offset:length} and ${command(arguments)} in what applications are told."""

import re
from collections.abc import Awaitable, Callable

Lookup = Callable[[str], str | None]
RunCommand = Callable[[str, str], Awaitable[str]]

SLICE = re.compile(r"(?P<name>[^:]+):(?P<offset>-?\d+)(?::(?P<length>-?\d+))?")
CALL = re.compile(r"(?P<command>[\w]+)\((?P<arguments>.*)\)", re.DOTALL)


async def expand(text: str, lookup: Lookup, run_command: RunCommand | None = None) -> str:
    """Return the text with every ${…} replaced; unknown variables become nothing.

    `\\${` keeps a literal `${`. Commands run with their output in place: that is how FreeSWITCH gives whoever writes
    an application's argument a shell (`${system(…)}`).
    """
    if "${" not in text:
        return text
    out: list[str] = []
    at = 0
    while (found := text.find("${", at)) >= 0:
        if found and text[found - 1] == "\\":
            out.append(text[at : found - 1] + "${")
            at = found + 2
            continue
        end = _closing(text, found + 2)
        if end < 0:
            break
        start = found - 1 if found and text[found - 1] == "$" else found  # $${name} is the same here
        out.append(text[at:start])
        inner = await expand(text[found + 2 : end], lookup, run_command)
        out.append(await _value(inner, lookup, run_command))
        at = end + 1
    out.append(text[at:])
    return "".join(out)


def _closing(text: str, at: int) -> int:
    depth = 1
    for index in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if not depth:
            return index
    return -1


async def _value(inner: str, lookup: Lookup, run_command: RunCommand | None) -> str:
    call = CALL.fullmatch(inner)
    if call:
        return await run_command(call["command"], call["arguments"]) if run_command else ""
    cut = SLICE.fullmatch(inner)
    if not cut:
        return lookup(inner) or ""
    value = (lookup(cut["name"]) or "")[int(cut["offset"]) :]
    length = int(cut["length"] or 0)
    if length < 0:
        return value[:length]
    return value[:length] if length else value
