"""The life of a channel after its INVITE: early media, answer, dialplan, hang-up, hooks, its last events."""

import asyncio
import logging
from typing import TYPE_CHECKING

from embedded_switch.channel import SAMPLES_PER_MS, SOURCES, Channel, Digit
from embedded_switch.channel_headers import final_variables, media_variables
from embedded_switch.configuration import is_true
from embedded_switch.dialplan import Action, route
from embedded_switch.leg import Leg
from embedded_switch.record_session import stop_recording
from embedded_switch.switch_log import NOTICE

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

NO_CHANNEL_S = 0.02  # FreeSWITCH notices the end of an originate's leg within its 20 ms poll


class CallLife:
    """Watches one leg and leads its channel from the INVITE to the last event. `run` is the channel's thread."""

    def __init__(self, switch: "Switch", channel: Channel) -> None:
        self.switch = switch
        self.channel = channel
        loop = asyncio.get_running_loop()
        self.answered: asyncio.Future[bool] = loop.create_future()  # True: answered (or audio, when that is enough)
        self.ended = asyncio.Event()
        self.routed = asyncio.Event()

    def attach(self, leg: Leg) -> None:
        """Listen to the leg."""
        self.channel.leg = leg
        leg.on_progress = self._on_progress
        leg.on_early_media = self._on_early_media
        leg.on_answer = self._on_answer
        leg.on_digit = self._on_digit
        leg.on_hangup = self._on_hangup
        given = (self.channel.get(name) or "" for name in ("media_timeout", "media_hold_timeout"))
        timeout, hold_timeout = (int(text) if text.isdigit() else 0 for text in given)
        leg.set_media_timeout(timeout, hold_timeout or 10 * timeout)

    def _on_progress(self, leg: Leg) -> None:
        self.channel.variables.update(media_variables(leg))
        self.channel.log(NOTICE, "Ring-Ready %s!", self.channel.name)
        self.switch.fire_channel(self.channel, "CHANNEL_PROGRESS")

    def _on_early_media(self, leg: Leg) -> None:
        channel = self.channel
        channel.variables.update(media_variables(leg))
        channel.log(NOTICE, "Pre-Answer %s!", channel.name)
        self.switch.fire_channel(channel, "CHANNEL_PROGRESS_MEDIA")
        ignored = channel.get("ignore_early_media") or ""
        if not is_true(ignored):  # with `true` nobody reads the audio before the answer, so nothing starts on it
            self.switch.spawn(self._execute_on("execute_on_media"))
        if not is_true(ignored) and ignored != "consume" and not self.answered.done():
            self.answered.set_result(True)

    def _on_answer(self, leg: Leg) -> None:
        channel = self.channel
        had_media = leg.progress_media_at and not is_true(channel.get("ignore_early_media"))
        channel.answered_once = True
        channel.variables.update(media_variables(leg))
        channel.variables["endpoint_disposition"] = "ANSWER"
        channel.log(NOTICE, "Channel [%s] has been answered", channel.name)
        self.switch.fire_channel(channel, "CHANNEL_ANSWER")
        self.switch.spawn(self._answer(had_media=bool(had_media)))

    async def _answer(self, *, had_media: bool) -> None:
        await self._execute_on("execute_on_answer")
        for command in [value for name, value in self.channel.variables.items() if name.startswith("api_on_answer")]:
            name, _, arguments = command.partition(" ")
            await self.switch.run_hook(self.channel, name, arguments)
        if not had_media:
            await self._execute_on("execute_on_media")
        if not self.answered.done():
            self.answered.set_result(True)

    async def _execute_on(self, prefix: str) -> None:
        """Run what execute_on_answer and its kin ask for: `app data` or `app::data`."""
        wanted = [value for name, value in self.channel.variables.items() if name.startswith(prefix)]
        for value in wanted:
            separator = "::" if "::" in value.split(" ", 1)[0] else " "
            application, _, data = value.partition(separator)
            await self.switch.execute(self.channel, application, data)

    def _on_digit(self, _leg: Leg, digit: str, duration_ms: int, source: str) -> None:
        self.channel.log(logging.DEBUG, "DTMF [%s] received by %s", digit, source)
        self.channel.queue_digit(Digit(digit, duration_ms * SAMPLES_PER_MS, SOURCES.get(source, "UNKNOWN")))

    def _on_hangup(self, leg: Leg) -> None:
        channel = self.channel
        channel.log(NOTICE, "Hangup %s [%s] [%s]", channel.name, channel.state, leg.cause)
        channel.state = "CS_HANGUP"
        for timer in channel.timers:
            timer.cancel()
        channel.set("sip_call_id", leg.sip_call_id)
        self.switch.fire_channel(channel, "CHANNEL_HANGUP")
        channel.poke()
        self.ended.set()
        if not self.answered.done():
            asyncio.get_running_loop().call_later(NO_CHANNEL_S, self._fail)

    def _fail(self) -> None:
        if not self.answered.done():
            self.answered.set_result(False)

    async def run(self) -> None:
        """Wait for a route, execute it, see the call to its end, run the hook, tell of the end."""
        channel = self.channel
        try:
            await self._wait_first(self.routed, self.ended)
            while channel.transfer_to and channel.ready:
                await self._follow_dialplan()
            if channel.ready:
                channel.log(NOTICE, "%s has executed the last dialplan instruction, hanging up.", channel.name)
                channel.hangup("NORMAL_CLEARING")
        except Exception:
            channel.log(logging.CRITICAL, "The channel's thread failed")
            logging.getLogger("embedded_switch").exception("what failed")
            channel.hangup("NORMAL_TEMPORARY_FAILURE")
        await self.ended.wait()
        await self._report()

    @staticmethod
    async def _wait_first(*events: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _follow_dialplan(self) -> None:
        channel, switch = self.channel, self.switch
        extension, dialplan, context = channel.transfer_to or ("", "", "")
        channel.transfer_to = None
        if dialplan == "&":  # originate's `&application(data)`
            actions: list[Action] | None = [Action(extension, context)]
        else:
            channel.caller.destination_number = extension
            channel.caller.dialplan, channel.caller.context = dialplan, context
            channel.caller.profile_index += 1
            channel.state = "CS_ROUTING"
            channel.log(
                logging.INFO, "Processing %s->%s in context %s", channel.caller.dialed_number, extension, context
            )
            actions = await route(switch.conf.contexts(), context, channel.get, switch.run_command, self._run_inline)
        if not actions:
            level, why = (logging.ERROR, "Context %s not found") if actions is None else (NOTICE, "No Route in %s")
            channel.log(level, f"{why}, Aborting", context)
            channel.hangup("NO_ROUTE_DESTINATION")
            return
        channel.hit_dialplan = dialplan != "&"
        channel.state = "CS_EXECUTE"
        for action in actions:
            if not channel.ready or channel.transfer_to:
                break
            await switch.execute(channel, action.application, action.data)

    async def _run_inline(self, action: Action) -> None:
        await self.switch.execute(self.channel, action.application, action.data)

    async def _report(self) -> None:
        """Run the hangup hook, then fire CHANNEL_HANGUP_COMPLETE and forget the channel."""
        channel, switch = self.channel, self.switch
        leg = channel.leg
        assert leg is not None
        for path in tuple(channel.recordings):
            stop_recording(switch, channel, path)
        channel.variables.update(final_variables(channel, leg))
        hook = channel.get("api_hangup_hook")
        if hook:
            command, _, arguments = hook.partition(" ")
            said = await switch.run_hook(channel, command, arguments)
            channel.log(logging.DEBUG, "Hangup Command with no Session %s(%s):\n%s", command, arguments, said)
        channel.state = "CS_REPORTING"
        switch.fire_channel(channel, "CHANNEL_HANGUP_COMPLETE", (("Hangup-Cause", leg.cause),), first=True)
        channel.state = "CS_DESTROY"
        switch.forget(channel)
        switch.fire_channel(channel, "CHANNEL_DESTROY")
        channel.log(NOTICE, "Session %d (%s) Ended", channel.session_id, channel.name)
