"""freeswitch.Session as call scripts see it."""

# Method and attribute names are the real module's.
# ruff: noqa: N802

import traceback
from collections.abc import Callable
from typing import Any

from embedded_switch.scripts.arguments import text, whole
from embedded_switch.scripts.link import Link
from embedded_switch.scripts.session_calls import SessionCalls, SessionGone

NOT_INITIALISED = "session is not initalized"  # spelled as the real one spells it


class Uint32Pointer:
    """What the real module gives as a digit's duration: a pointer nobody in Python can read."""

    def __repr__(self) -> str:
        return f"<Swig Object of type 'uint32_t *' at {id(self):#x}>"


class DTMF:
    """A digit given to an input callback. Its duration cannot be read, here no more than there."""

    def __init__(self, digit: str, _duration: int = 0) -> None:
        self.digit = digit
        self.duration = Uint32Pointer()


class Session:
    """A call. Once it is hung up, every method returns at once and ready() is False."""

    link: Link  # set when the interpreter starts

    def __init__(self, uuid: str | None = None, _a_leg: "Session | None" = None) -> None:
        self.uuid = uuid
        self._calls = SessionCalls(self.link, uuid or "")
        self._hook: tuple[Callable[..., Any], Any] | None = None
        self._hook_ran = False
        self._auto_hangup = False
        self._callback_failed = False
        if uuid is None or self._raw("getState", default=None) is None:
            self.uuid = None

    def __repr__(self) -> str:
        return f"<freeswitch.Session; proxy of the channel {self.uuid} >"

    # How calls reach the switch

    def _raw(self, name: str, *arguments: Any, default: Any = None) -> Any:
        if self.uuid is None:
            self.link.tell({"log": ["err", NOT_INITIALISED, None]})
            return default
        try:
            return self._calls.call(name, *arguments)
        except SessionGone:
            self.uuid = None
            return default

    def _blocking(self, name: str, *arguments: Any, default: Any = None) -> Any:
        """Call what lets other scripts run meanwhile; the hangup hook runs when it comes back."""
        result = self._raw(name, *arguments, default=default)
        self._run_hangup_hook()
        if self._callback_failed:
            self._callback_failed = False
            raise SystemError(f"<built-in function CoreSession_{name}> returned a result with an exception set")
        return result

    def _run_hangup_hook(self) -> None:
        if self._calls.hungup and self._hook and not self._hook_ran:
            self._hook_ran = True
            function, argument = self._hook
            given = (self, "hangup") if argument is None else (self, "hangup", argument)
            try:
                function(*given)
            except Exception:  # noqa: BLE001 - FreeSWITCH prints it and goes on
                traceback.print_exc()

    # The call

    def execute(self, app: str, data: str | None = None) -> None:
        """Execute a dialplan application and wait for its end."""
        application = text("CoreSession_execute", 2, app)
        argument = text("CoreSession_execute", 3, data)
        if not application:
            self.consoleLog("err", "No application specified\n")
            return
        self._blocking("execute", application, argument)

    def answer(self) -> int:
        """Answer an inbound call; an outbound one is answered by its callee."""
        return int(self._raw("answer", default=-1))

    def preAnswer(self) -> int:
        """As answer."""
        return self.answer()

    def hangup(self, cause: str = "normal_clearing") -> None:
        """End the call."""
        self._blocking("hangup", text("CoreSession_hangup", 2, cause))

    def hangupState(self) -> None:
        """Nothing to do here: the state is always up to date."""
        self._run_hangup_hook()

    def hangupCause(self) -> str:
        """NONE: the real one knows the cause of sessions it originated only."""
        return "NONE"

    def getState(self) -> str:
        """Return the channel's state, CS_EXECUTE or CS_HANGUP."""
        return str(self._raw("getState", default="ERROR"))

    def ready(self) -> bool:
        """Say whether the call is up."""
        result = bool(self._raw("ready", default=False))
        self._run_hangup_hook()
        return result

    def answered(self) -> bool:
        """Say whether it was ever answered; that stays true after the hang-up."""
        return bool(self._raw("answered", default=False))

    def mediaReady(self) -> bool:
        """Say whether audio can flow."""
        return bool(self._raw("mediaReady", default=False))

    def bridged(self) -> bool:
        """Say whether the call is bridged: never here."""
        return False

    def transfer(self, extension: str, dialplan: str | None = None, context: str | None = None) -> int:
        """Go on in another extension when the script ends."""
        return int(
            self._blocking("transfer", text("CoreSession_transfer", 2, extension), dialplan, context, default=-1)
        )

    def setVariable(self, var: str, val: str | None) -> None:
        """Set a channel variable; None or "" removes it."""
        name = text("CoreSession_setVariable", 2, var)
        self._raw("setVariable", name, text("CoreSession_setVariable", 3, val))

    def getVariable(self, var: str) -> str | None:
        """Return a channel variable, a field of the caller profile or a global variable; None: there is none."""
        found: str | None = self._raw("getVariable", text("CoreSession_getVariable", 2, var), default="")
        return found

    def get_uuid(self) -> str | None:
        """Return the channel's uuid."""
        return self.uuid

    # Audio and digits

    def streamFile(self, file: str | None, starting_sample_count: int = 0) -> int:
        """Play; 1 when it played to its end. Digits stay queued unless an input callback takes them."""
        path = text("CoreSession_streamFile", 2, file)
        start = whole("CoreSession_streamFile", 3, starting_sample_count)
        return int(self._blocking("streamFile", path, start, default=-1))

    def sleep(self, ms: int, sync: int = 0) -> int:
        """Wait; 1 when it waited to its end, and also when the call was over before."""
        return int(self._blocking("sleep", whole("CoreSession_sleep", 2, ms), sync, default=-1))

    def playAndGetDigits(
        self,
        min_digits: int,
        max_digits: int,
        max_tries: int,
        timeout: int,
        terminators: str | None,
        audio_files: str | None,
        bad_input_audio_files: str | None,
        digits_regex: str | None,
        var_name: str | None = None,
        digit_timeout: int = 0,
        transfer_on_failure: str | None = None,
    ) -> str:
        """Ask for digits; "" when none came or none that match."""
        name = "CoreSession_playAndGetDigits"
        numbers = [whole(name, at, value) for at, value in enumerate((min_digits, max_digits, max_tries, timeout), 2)]
        words = (terminators, audio_files, bad_input_audio_files, digits_regex, var_name)
        given = [text(name, at, value) for at, value in enumerate(words, 6)]
        last = text(name, 12, transfer_on_failure)
        result = self._blocking("playAndGetDigits", *numbers, *given, whole(name, 11, digit_timeout), last, default="")
        return str(result)

    def read(
        self,
        min_digits: int,
        max_digits: int,
        prompt_audio_file: str | None,
        timeout: int,
        valid_terminators: str | None,
        digit_timeout: int = 0,
    ) -> str:
        """Play a prompt and collect digits."""
        given = (min_digits, max_digits, prompt_audio_file, timeout, valid_terminators, digit_timeout)
        return str(self._blocking("read", *given, default=""))

    def getDigits(
        self, maxdigits: int, terminators: str | None, timeout: int, interdigit: int = 0, total: int = 0
    ) -> str:
        """Collect digits without a prompt."""
        number = whole("CoreSession_getDigits", 2, maxdigits)
        return str(self._blocking("getDigits", number, terminators, timeout, interdigit, total, default=""))

    def collectDigits(self, *timeouts: int) -> int:
        """`collectDigits(abs_timeout)` or `(digit_timeout, abs_timeout)`: give digits to the input callback."""
        digit_timeout, total = timeouts if len(timeouts) == 2 else (0, timeouts[0])
        return int(self._blocking("collectDigits", digit_timeout, total, default=-1))

    def recordFile(self, file_name: str, time_limit: int = 0, silence_threshold: int = 0, silence_hits: int = 0) -> int:
        """Record until the limit, a digit's callback or the end of the call."""
        return int(self._blocking("recordFile", file_name, time_limit, silence_threshold, silence_hits, default=-1))

    def flushDigits(self) -> int:
        """Forget queued digits."""
        return int(self._raw("flushDigits", default=-1))

    def flushEvents(self) -> int:
        """Nothing is queued here."""
        return 0

    # Callbacks

    def setInputCallback(self, cbfunc: Callable[..., Any], funcargs: Any = None) -> None:
        """Give every digit to `cbfunc(session, "dtmf", digit[, funcargs])` while audio plays or time passes.

        It must return a string: "" or "true" go on, "break" and others stop. A None stops too, and raises SystemError.
        """
        if not callable(cbfunc):
            self.consoleLog("warning", "Hangup hook is not a python function.\n")
            return

        def ask(digit: str, duration: int) -> str | None:
            given = (self, "dtmf", DTMF(digit, duration))
            result = cbfunc(*given) if funcargs is None else cbfunc(*given, funcargs)
            if isinstance(result, str):
                return result
            self._callback_failed = True
            return None

        self._calls.callback = ask

    def unsetInputCallback(self) -> None:
        """Leave digits in the queue again."""
        self._calls.callback = None

    def setDTMFCallback(self, cbfunc: Callable[..., Any], funcargs: str | None = None) -> None:
        """As setInputCallback."""
        self.setInputCallback(cbfunc, funcargs)

    def setHangupHook(self, pyfunc: Callable[..., Any], arg: Any = None) -> None:
        """Call `pyfunc(session, "hangup"[, arg])` once, at the first method that returns after the hang-up."""
        if not callable(pyfunc):
            self.consoleLog("warning", "Hangup hook is not a python function.\n")
            return
        self._hook = (pyfunc, arg)
        self._hook_ran = self._calls.hungup  # it hears of a change; after the hang-up there is none to come

    def setAutoHangup(self, val: bool) -> int:  # noqa: FBT001 - the real one's signature
        """Hang up when this object goes."""
        self._auto_hangup = bool(val)
        return 0

    def consoleLog(self, level_str: str, msg: str) -> None:
        """Log about this call."""
        self.link.tell({"log": [level_str, text("CoreSession_consoleLog", 3, msg) or "", self.uuid]})

    def destroy(self) -> None:
        """Let go of the channel; with setAutoHangup(True) it ends."""
        if self._auto_hangup and self.uuid is not None and not self._calls.hungup:
            self._raw("hangup", "NORMAL_CLEARING")
        self._calls.close()
        self.uuid = None
