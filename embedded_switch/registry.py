"""Where applications and API commands enter themselves by name."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_switch.channel import Channel
    from embedded_switch.events import Event
    from embedded_switch.switch import Switch

Application = Callable[["Switch", "Channel", str], Awaitable[None]]
Command = Callable[["Switch", str, "Event"], Awaitable[str]]

APPLICATIONS: dict[str, Application] = {}
COMMANDS: dict[str, Command] = {}


def application(*names: str) -> Callable[[Application], Application]:
    """Enter a dialplan application under its names."""

    def enter(function: Application) -> Application:
        APPLICATIONS.update(dict.fromkeys(names, function))
        return function

    return enter


def command(*names: str) -> Callable[[Command], Command]:
    """Enter an API command under its names; it gets the switch, its arguments and the event that asked for it."""

    def enter(function: Command) -> Command:
        COMMANDS.update(dict.fromkeys(names, function))
        return function

    return enter
