"""What the methods of a script's session do, seen from the switch: name, arguments, result."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from embedded_switch.app_digits import transfer_on_failure
from embedded_switch.causes_by_name import cause_named
from embedded_switch.channel import Channel, Digit
from embedded_switch.digit_reading import Wanted, play_and_get_digits, read
from embedded_switch.leg import LegState
from embedded_switch.media_ops import OnDigit, collect_callback, collect_count, play_file, sleep
from embedded_switch.record_session import start_recording, stop_recording
from embedded_switch.status import Status, of_callback

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

AskScript = Callable[[Digit], Awaitable[str | None]]
GETS_NO_SILENCE_S = 3600


def on_digit(ask: AskScript | None, *, playing: bool) -> OnDigit | None:
    """Return what a digit does while the session's input callback is set; None: it is not, digits stay queued."""
    if ask is None:
        return None

    async def told(digit: Digit) -> Status:
        return of_callback(await ask(digit), playing=playing)

    return told


class SessionOps:
    """Carries out one method call after the other. `ask` puts a digit to the session's input callback."""

    def __init__(self, switch: "Switch", channel: Channel, ask: AskScript | None) -> None:
        self.switch = switch
        self.channel = channel
        self.ask = ask
        self.fire = switch.fire_channel

    async def call(self, name: str, arguments: list[Any]) -> Any:
        """Run a method by its Python name. Raises AttributeError for a name nobody knows."""
        return await getattr(self, f"do_{name}")(*arguments)

    async def do_execute(self, application: str, data: str | None) -> None:
        await self.switch.execute(self.channel, application, data or "")

    async def do_streamFile(self, path: str | None, _start: int) -> int:  # noqa: N802 - the script's names
        status = await play_file(self.channel, path or "", self.fire, on_digit(self.ask, playing=True))
        return int(status is Status.SUCCESS)

    async def do_sleep(self, ms: int, _sync: int) -> int:
        status = await sleep(self.channel, ms, self.fire, on_digit(self.ask, playing=False))
        return int(status is Status.SUCCESS)

    async def do_playAndGetDigits(  # noqa: N802
        self,
        least: int,
        most: int,
        tries: int,
        timeout: int,
        terminators: str | None,
        prompt: str | None,
        bad_input: str | None,
        pattern: str | None,
        variable: str | None,
        digit_timeout: int,
        on_failure: str | None,
    ) -> str:
        wanted = Wanted(least, most, timeout, terminators or "", prompt or "", variable or "", digit_timeout)
        found = await play_and_get_digits(self.channel, wanted, tries, bad_input or "", pattern or "", self.fire)
        if found is None and on_failure:
            transfer_on_failure(self.channel, on_failure)
        return found or ""

    async def do_read(
        self, least: int, most: int, prompt: str | None, timeout: int, terminators: str | None, digit_timeout: int
    ) -> str:
        wanted = Wanted(
            max(least, 1), max(most, 1), max(timeout, 1), terminators or "", prompt or "", "", digit_timeout
        )
        return (await read(self.channel, wanted, self.fire))[1]

    async def do_getDigits(self, most: int, terminators: str | None, timeout: int, interdigit: int, total: int) -> str:  # noqa: N802
        found = await collect_count(self.channel, "", most, terminators or "", self.fire, timeout, interdigit, total)
        return found[1]

    async def do_collectDigits(self, digit_timeout: int, total: int) -> int:  # noqa: N802
        told = on_digit(self.ask, playing=False)
        if told:
            await collect_callback(self.channel, digit_timeout, total, self.fire, told)
        return 0

    async def do_recordFile(self, path: str | None, limit_s: int, _threshold: int, _hits: int) -> int:  # noqa: N802
        if not path or not start_recording(self.switch, self.channel, path):
            return 0
        told = on_digit(self.ask, playing=True)
        limit_ms = (limit_s or GETS_NO_SILENCE_S) * 1000
        status = await sleep(self.channel, limit_ms, self.fire, told)
        stop_recording(self.switch, self.channel, path)
        return int(status in (Status.SUCCESS, Status.FALSE))

    async def do_setVariable(self, name: str, value: str | None) -> None:  # noqa: N802
        self.channel.set(name, value)

    async def do_getVariable(self, name: str) -> str | None:  # noqa: N802
        return self.channel.get(name) or None

    async def do_hangup(self, cause: str | None) -> None:
        self.channel.hangup(cause_named(cause))

    async def do_answer(self) -> int:
        return int(self.channel.ready)

    async def do_ready(self) -> bool:
        return self.channel.ready and not self.channel.transfer_to

    async def do_answered(self) -> bool:
        return self.channel.answered_once

    async def do_mediaReady(self) -> bool:  # noqa: N802
        return self.channel.media_ready

    async def do_getState(self) -> str:  # noqa: N802
        leg = self.channel.leg
        return "CS_HANGUP" if leg and leg.state is LegState.ENDED else self.channel.state

    async def do_flushDigits(self) -> int:  # noqa: N802
        self.channel.digits.clear()
        return 0

    async def do_transfer(self, extension: str, dialplan: str | None, context: str | None) -> int:
        channel = self.channel
        channel.transfer_to = (extension, dialplan or "XML", context or channel.caller.context)
        channel.poke()
        return 1
