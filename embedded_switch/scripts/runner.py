"""Runs entry modules as mod_python3 does: import, reload, call, and log whatever escapes."""

import importlib
import sys
import traceback
from collections.abc import Callable
from typing import Any

from embedded_switch.scripts.event import Event, Stream
from embedded_switch.scripts.link import Link
from embedded_switch.scripts.session import Session
from embedded_switch.separate import separate

MakeArguments = Callable[[str], tuple[Any, ...]]


class Runner:
    """One interpreter; every call runs in a thread of its own, at the bottom of whose stack one of these stands."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def handler(self, arguments: str, uuid: str, run: int) -> None:
        """Run `handler(session, args)`."""
        session = Session(uuid)
        try:
            self._call("handler", arguments, lambda args: (session, args))
        finally:
            session.destroy()
            self._link.tell({"done": run, "output": ""})

    def fsapi(self, arguments: str, headers: list[tuple[str, str]], body: str, run: int) -> None:
        """Run `fsapi("na", stream, env, args)`; without a session its place holds the string `na`."""
        stream = Stream()
        env = Event.wrap(headers, body)
        try:
            self._call("fsapi", arguments, lambda args: ("na", stream, env, args))
        finally:
            self._link.tell({"done": run, "output": stream.get_data()})

    def runtime(self, arguments: str) -> None:
        """Run `runtime(args)`."""
        self._call("runtime", arguments, lambda args: (args,))

    def _call(self, function_name: str, arguments: str, make: MakeArguments) -> None:
        words = separate(arguments, " ", 2)
        if not words:
            self._log("err", "No module name specified!")
            return
        script, _, named = words[0].partition("::")
        function_name = named or function_name
        self._log("notice", f"Invoking py module: {script}")
        try:
            module = importlib.import_module(script)
        except BaseException as error:  # noqa: BLE001 - mod_python3 survives everything a script raises
            self._failed("Error importing module", script, error)
            return
        try:
            module = importlib.reload(module)  # the entry module only, at every call: whatever it holds is gone
        except BaseException as error:  # noqa: BLE001
            self._failed("Error reloading module", script, error)
            return
        function = getattr(module, function_name, None)
        if function is None:
            self._log("err", f"Module does not define {function_name}")
            return
        try:
            function(*make(words[1] if len(words) > 1 else ""))
        except SystemExit:
            return
        except BaseException as error:  # noqa: BLE001
            self._failed("Error calling python script", script, error)

    def _failed(self, what: str, script: str, error: BaseException) -> None:
        self._log("err", what)
        text = [f'Python Error by calling script "{script}": {type(error)}', f"Message: {error}"]
        frames = traceback.extract_tb(error.__traceback__)[1:]
        text.append("Traceback (most recent call last)")
        text += [f'\tFile: "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in frames]
        self._log("err", "\n".join(text))

    def _log(self, level: str, text: str) -> None:
        self._link.tell({"log": [level, text, None]})


def set_limits() -> None:
    """Make the interpreter as narrow as mod_python3's: 240 frames. (Stacks are set where threads are started.)"""
    sys.setrecursionlimit(240)
