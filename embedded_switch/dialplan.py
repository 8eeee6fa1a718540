"""The XML dialplan: which applications a call executes for its destination."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from embedded_switch.expand import Lookup, RunCommand, expand
from embedded_switch.switch_log import log

CAPTURE = re.compile(r"\$(\d{1,2})|\$\{(\d{1,2})\}")
NOT_SUPPORTED = ("wday", "hour", "date-time", "time-of-day", "year", "mon", "mday", "yday", "week", "mweek", "minute")


@dataclass(frozen=True, slots=True)
class Action:
    """One application to execute; its data is expanded when its turn comes."""

    application: str
    data: str


RunInline = Callable[[Action], Awaitable[None]]


async def route(
    contexts: Iterable[Element],
    context: str,
    lookup: Lookup,
    run_command: RunCommand | None = None,
    run_inline: RunInline | None = None,
) -> list[Action] | None:
    """Return the actions of the first extension that matches (and of those before it with continue="true").

    None: there is no such context. An empty list: no extension matched. Lookup gives fields and variables.
    """
    found = next((element for element in contexts if element.get("name") == context), None)
    if found is None:
        return None
    actions: list[Action] = []
    for extension in found.findall("./extension"):
        matched = await _extension(extension, lookup, run_command, run_inline)
        if matched is not None:
            actions += matched
            if extension.get("continue") != "true":
                break
    return actions


async def _extension(
    extension: Element, lookup: Lookup, run_command: RunCommand | None, run_inline: RunInline | None
) -> list[Action] | None:
    actions: list[Action] = []
    matched_all = False
    for condition in extension.findall("./condition"):
        match = await _test(condition, lookup, run_command)
        matched_all = match is not None
        chosen = condition.findall("./action" if matched_all else "./anti-action")
        for element in chosen:
            action = Action(element.get("application", ""), _captures(element.get("data", ""), match))
            if element.get("inline") == "true" and run_inline:
                await run_inline(action)
            else:
                actions.append(action)
        stop = condition.get("break", "on-false")
        if stop == "always" or stop == ("on-true" if matched_all else "on-false"):
            break
    return actions if matched_all or actions else None


async def _test(condition: Element, lookup: Lookup, run_command: RunCommand | None) -> re.Match[str] | None:
    """Return the match of a condition's expression; a condition without a field always matches."""
    for attribute in NOT_SUPPORTED:
        if condition.get(attribute) is not None:
            log.error("The embedded switch's dialplan has no condition %r: it counts as not met", attribute)
            return None
    name = condition.get("field")
    if name is None:
        return re.match("", "")
    value = await expand(name, lookup, run_command) if "${" in name else lookup(name) or ""
    expression = condition.get("expression")
    if expression is None:
        child = condition.find("./expression")
        expression = child.text or "" if child is not None else ""
    try:
        return re.search(expression, value)
    except re.error as error:
        log.error("COMPILE ERROR: %s [%s]", error, expression)
        return None


def _captures(data: str, match: re.Match[str] | None) -> str:
    if match is None:
        return data

    def captured(found: re.Match[str]) -> str:
        index = int(found[1] or found[2])
        groups = match.groups()
        if index == 0:
            return match[0]
        return (groups[index - 1] or "") if index <= len(groups) else ""

    return CAPTURE.sub(captured, data)
