"""The switch: its configuration, channels, events, applications and commands in one place."""

import asyncio
import logging
import time
import uuid as uuids
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol

from embedded_switch import preprocess
from embedded_switch.catalogue import APPLICATIONS, COMMANDS
from embedded_switch.channel import Channel
from embedded_switch.channel_headers import channel_headers
from embedded_switch.configuration import Configuration, Profile, read
from embedded_switch.engine import Engine
from embedded_switch.events import Event, EventBus
from embedded_switch.expand import expand
from embedded_switch.gateway import Gateway
from embedded_switch.heartbeat import beat
from embedded_switch.limits import Limits
from embedded_switch.switch_log import log

STOP_S = 5  # how long hooks of ended calls may take before the switch closes anyway


class Scripts(Protocol):
    """What runs Python for the switch."""

    async def handler(self, channel: Channel, arguments: str) -> None:
        """Run `handler(session, args)` of the module the arguments name."""

    async def fsapi(self, arguments: str, env: Event) -> str:
        """Run `fsapi('na', stream, env, args)` and return what it wrote to the stream."""

    def runtime(self, arguments: str) -> None:
        """Start `runtime(args)` in a thread of its own."""


class Switch:
    """Everything lives on one event loop; scripts live in a process of their own behind `scripts`."""

    def __init__(
        self, conf_dir: Path, variables: dict[str, str], make_engine: Callable[[Profile, Configuration], Engine]
    ):
        self.conf_dir = conf_dir
        self.variables = variables
        self.core_uuid = str(uuids.uuid4())
        variables["core_uuid"] = self.core_uuid
        self.conf = read(preprocess.load(conf_dir, variables))
        self.bus = EventBus(self.core_uuid, variables.get("local_ip_v4", "127.0.0.1"))
        self.limits = Limits(self.conf.max_sessions, self.conf.sessions_per_second)
        self.channels: dict[str, Channel] = {}
        self.engines: dict[str, Engine] = {}
        self.scripts: Scripts | None = None
        self.started_at = time.time()
        self.paused = False
        self.stopping = asyncio.Event()
        self.shell_commands_refused = 0
        self._make_engine = make_engine
        self._gateways: dict[str, tuple[Profile, Gateway]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Bind the SIP profiles, make their gateways known, begin the heartbeat. Raises OSError."""
        for profile in self.conf.profiles:
            engine = self._make_engine(profile, self.conf)
            engine.on_gateway_state = self._on_gateway_state
            await engine.start()
            self.engines[profile.name] = engine
            self.add_gateways(profile)
        self.spawn(beat(self))

    async def stop(self) -> None:
        """End every call with SYSTEM_SHUTDOWN, let their hooks run, close the SIP sockets."""
        event = self.bus.new("SHUTDOWN")
        event.add("Event-Info", "System Shutting Down")
        for channel in tuple(self.channels.values()):
            channel.hangup("SYSTEM_SHUTDOWN")
        deadline = time.monotonic() + STOP_S
        while self.channels and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        self.bus.fire(event)
        for engine in self.engines.values():
            await engine.stop()
        for task in tuple(self._tasks):
            task.cancel()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something beside; what it raises is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.critical("A task of the switch failed", exc_info=error)

    # Gateways

    def add_gateways(self, profile: Profile) -> list[str]:
        """Make a profile's gateways known; those whose name is known already are left alone. Return the new names."""
        added = []
        for gateway in profile.gateways:
            if gateway.name in self._gateways:
                log.warning("Ignoring duplicate gateway '%s'", gateway.name)
                continue
            self._gateways[gateway.name] = (profile, gateway)
            self.engines[profile.name].add_gateway(gateway)
            added.append(gateway.name)
        return added

    def remove_gateway(self, name: str) -> bool:
        """Forget a gateway; its calls go on. False: nobody knows it."""
        found = self._gateways.pop(name, None)
        if found:
            self.engines[found[0].name].remove_gateway(name)
        return found is not None

    def gateways(self) -> list[tuple[str, Gateway]]:
        """Return every gateway with its profile's name."""
        return [(profile.name, gateway) for profile, gateway in self._gateways.values()]

    def gateway(self, name: str) -> Gateway | None:
        """Find a gateway, spelled `name` or `profile::name`."""
        found = self._gateways.get(name.rpartition("::")[2])
        return found[1] if found else None

    def profile_of(self, gateway: str) -> str:
        """Return the name of the profile a gateway belongs to."""
        return self._gateways[gateway.rpartition("::")[2]][0].name

    def engine_of(self, gateway: Gateway) -> Engine:
        """Return the engine that dials through a gateway."""
        return self.engines[self._gateways[gateway.name][0].name]

    def _on_gateway_state(self, gateway: Gateway) -> None:
        event = self.bus.new("CUSTOM", "sofia::gateway_state")
        event.add("Gateway", gateway.name)
        event.add("State", gateway.registration)
        event.add("Ping-Status", gateway.status)
        self.bus.fire(event)

    # Channels

    def remember(self, channel: Channel) -> None:
        """Take a new channel in."""
        self.channels[channel.uuid] = channel
        channel.session_id = self.limits.opened(len(self.channels))
        channel.set("session_id", str(channel.session_id))

    def forget(self, channel: Channel) -> None:
        """Let go of a channel that is over."""
        self.channels.pop(channel.uuid, None)

    def fire_channel(
        self, channel: Channel, name: str, headers: tuple[tuple[str, str], ...] = (), *, first: bool = False
    ) -> None:
        """Fire an event about a channel; extra headers stand after the channel's, or before them."""
        if not self.bus.wanted(name):
            return
        event = self.bus.new(name)
        about = channel_headers(channel)
        event.headers.extend((*headers, *about) if first else (*about, *headers))
        self.bus.fire(event)

    async def execute(self, channel: Channel, application: str, data: str) -> None:
        """Execute an application on a channel; nothing happens once the call is over."""
        found = APPLICATIONS.get(application)
        if found is None:
            channel.log(logging.ERROR, "Invalid Application %s", application)
            channel.hangup("DESTINATION_OUT_OF_ORDER")
            return
        if not channel.ready:
            channel.log(
                logging.DEBUG, "Channel is hungup and application %s does not have the zombie_exec flag.", application
            )
            return
        data = await expand(data, channel.get, self.run_command)
        channel.log(logging.DEBUG, "EXECUTE %s %s(%s)", channel.name, application, data)
        channel.application, channel.application_data = application, data
        channel.set("current_application", application)
        channel.set("current_application_data", data)
        told = (("Application", application), ("Application-Data", data))
        self.fire_channel(channel, "CHANNEL_EXECUTE", told)
        await found(self, channel, data)
        self.fire_channel(channel, "CHANNEL_EXECUTE_COMPLETE", told)

    # Commands

    async def run_command(self, command: str, arguments: str, env: Event | None = None) -> str:
        """Run an API command and return its output; unknown ones say so as scripts hear it."""
        output = await self.try_command(command, arguments, env)
        return "INVALID COMMAND!\n" if output is None else output

    async def try_command(self, command: str, arguments: str, env: Event | None = None) -> str | None:
        """Run an API command; None: there is no such command."""
        found = COMMANDS.get(command)
        if found is None:
            return None
        event = env or self.bus.new("API")
        event.add("API-Command", command)
        event.add("API-Command-Argument", arguments)
        if env is None:
            self.bus.fire(event)
        try:
            return await found(self, arguments, event)
        except Exception:  # noqa: BLE001 - one command that fails must not take its client's connection along
            log.exception("The command %s failed", command)
            return "-ERR The embedded switch failed to run the command\n"

    def start_job(self, command: str, arguments: str, job_uuid: str = "") -> str:
        """Run an API command beside; a BACKGROUND_JOB event with the job's uuid brings its output."""
        job_uuid = job_uuid or str(uuids.uuid4())
        self.spawn(self._job(command, arguments, job_uuid))
        return job_uuid

    async def _job(self, command: str, arguments: str, job_uuid: str) -> None:
        output = await self.try_command(command, arguments)
        event = self.bus.new("BACKGROUND_JOB")
        event.add("Job-UUID", job_uuid)
        event.add("Job-Command", command)
        event.add("Job-Command-Arg", arguments)
        event.body = f"-ERR {command} Command not found!\n" if output is None else output
        self.bus.fire(event)

    async def run_hook(self, channel: Channel, command: str, arguments: str) -> str:
        """Run an api_hangup_hook: its env holds the channel's variables and its final event."""
        env = Event("CHANNEL_DATA", [*channel.variables.items(), *channel_headers(channel)])
        return await self.run_command(command, arguments, env)

    def shell_refused(self, command: str, channel: Channel | None = None) -> None:
        """Record that a shell was asked for. FreeSWITCH would have given it: tests look for this."""
        self.shell_commands_refused += 1
        text = "A shell command was asked for and refused by the embedded switch: %s"
        if channel:
            channel.log(logging.ERROR, text, command)
        else:
            log.error(text, command)

    def reload_xml(self) -> None:
        """Read the configuration's files again. Raises ConfigurationUnusable."""
        self.conf = read(preprocess.load(self.conf_dir, self.variables))
        self.limits.max_sessions = self.conf.max_sessions
        self.bus.fire(self.bus.new("RELOADXML"))
