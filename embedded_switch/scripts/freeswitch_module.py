"""The module `freeswitch` that scripts import; it exists inside the script process only."""

# ruff: noqa: N802

import time
import types

from embedded_switch.events import EventBus
from embedded_switch.scripts.arguments import text, whole
from embedded_switch.scripts.event import Event, Stream
from embedded_switch.scripts.link import Link
from embedded_switch.scripts.session import DTMF, Session


class API:
    """API commands. While one runs, the whole interpreter stands still, as in FreeSWITCH."""

    link: Link  # set when the interpreter starts

    def __init__(self, s: Session | None = None) -> None:
        self._session = s

    def execute(self, command: str, data: str | None = None) -> str:
        """Run a command with its arguments and return its output."""
        name = text("API_execute", 2, command)
        arguments = text("API_execute", 3, data)
        if not name:
            self.link.tell({"log": ["err", "No application specified", None]})
            return "-ERR No application specified"
        return self.link.run_api(name, arguments or "")

    def executeString(self, command: str) -> str:
        """Run `command arguments` and return its output."""
        name, _, arguments = (text("API_executeString", 2, command) or "").partition(" ")
        return self.execute(name, arguments or None)

    def getTime(self) -> str:
        """Return the epoch time in ms."""
        return str(int(time.time() * 1000))


def make_module(link: Link, core_uuid: str) -> types.ModuleType:
    """Return the module, bound to the switch."""
    Session.link = Event.link = API.link = link
    Event.bus = EventBus(core_uuid)
    module = types.ModuleType("freeswitch", "The embedded switch's stand-in for mod_python3's freeswitch module.")

    def console_log(level_str: str, msg: str) -> None:
        link.tell({"log": [text("consoleLog", 1, level_str), text("consoleLog", 2, msg) or "", None]})

    def console_clean_log(msg: str) -> None:
        console_log("debug", msg)

    def set_global_variable(var_name: str, var_val: str) -> None:
        link.tell({"global": text("setGlobalVariable", 1, var_name), "value": text("setGlobalVariable", 2, var_val)})

    def get_global_variable(var_name: str) -> str | None:
        return link.run_api("global_getvar", text("getGlobalVariable", 1, var_name) or "") or None

    def msleep(ms: int) -> None:
        link.sleep_holding_the_lock(whole("msleep", 1, ms))

    names = {
        "API": API,
        "DTMF": DTMF,
        "Event": Event,
        "Session": Session,
        "Stream": Stream,
        "consoleLog": console_log,
        "console_log": console_log,
        "consoleCleanLog": console_clean_log,
        "console_clean_log": console_clean_log,
        "setGlobalVariable": set_global_variable,
        "getGlobalVariable": get_global_variable,
        "msleep": msleep,
        "running": lambda: True,
        "S_HUP": 1,
        "S_FREE": 2,
        "S_RDLOCK": 4,
    }
    vars(module).update(names)
    return module
