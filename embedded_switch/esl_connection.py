"""One client of the Event Socket: its commands, their replies, the events it hears."""

import asyncio
from typing import TYPE_CHECKING

from embedded_switch.configuration import is_true
from embedded_switch.esl_permissions import Permissions, of_user
from embedded_switch.esl_subscription import Subscription, named
from embedded_switch.events import Event
from embedded_switch.switch_log import log

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

GOODBYE = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
AUTH_TIMEOUT_S = 25
CONTENT_LENGTH_MAX = 10 * 1024 * 1024
BACKLOG_BYTES_MAX = 64 * 1024 * 1024  # a client that does not read is dropped, as FreeSWITCH drops it
FORMS = ("plain", "json", "xml")


class Connection:
    """Reads commands one after the other, as FreeSWITCH's listener thread does; events come in between."""

    def __init__(self, switch: "Switch", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.switch = switch
        self._reader = reader
        self._writer = writer
        self._subscription = Subscription()
        self._permissions: Permissions | None = None  # None until signed in
        self._open = True

    async def run(self) -> None:
        """Serve the client until it leaves or is sent away."""
        self._send("Content-Type: auth/request\n\n")
        self.switch.bus.listeners.append(self)
        try:
            command = await asyncio.wait_for(self._read_command(), AUTH_TIMEOUT_S)
            while command is not None:
                await self._obey(*command)
                await self._writer.drain()
                if not self._open:
                    break
                command = await self._read_command()
        except TimeoutError:
            log.debug("A client did not sign in for %d s", AUTH_TIMEOUT_S)
        finally:
            self.switch.bus.listeners.remove(self)
        notice = f"Content-Type: text/disconnect-notice\nContent-Length: {len(GOODBYE)}\n\n{GOODBYE}"
        self._send(notice)

    def wants(self, name: str) -> bool:
        """See events.Listener."""
        return self._subscription.wants(name)

    def deliver(self, event: Event) -> None:
        """See events.Listener."""
        if not self._subscription.matches(event):
            return
        if self._writer.transport.get_write_buffer_size() > BACKLOG_BYTES_MAX:
            log.critical("Killing listener because of too many lost events")
            self._open = False
            self._writer.transport.abort()
            return
        form = "json" if self._subscription.form == "json" else "plain"
        text = (event.json() if form == "json" else event.plain()).encode()
        self._writer.write(f"Content-Length: {len(text)}\nContent-Type: text/event-{form}\n\n".encode() + text)

    def _send(self, text: str) -> None:
        if not self._writer.transport.is_closing():
            self._writer.write(text.encode())

    async def _read_command(self) -> tuple[str, dict[str, str], str] | None:
        """Return the next command, its headers with lower-case names, its body. None: the client left.

        A command is one line: whatever follows a line break is a header, never part of the command.
        """
        lines: list[str] = []
        while True:
            raw = await self._reader.readline()
            if not raw.endswith(b"\n"):
                return None
            line = raw.decode(errors="replace").rstrip("\r\n")
            if line:
                lines.append(line)
            elif lines:
                break
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.lstrip(" ")
        length = headers.get("content-length", "0")
        size = int(length) if length.strip().isdigit() else 0
        if size > CONTENT_LENGTH_MAX:
            log.warning("Rejecting Content-Length '%s' (out of range)", length)
            return None
        body = (await self._reader.readexactly(size)).decode(errors="replace") if size else ""
        return lines[0], headers, body

    async def _obey(self, command: str, headers: dict[str, str], body: str) -> None:
        word, _, rest = command.partition(" ")
        word = word.lower()
        if word in ("exit", "..."):
            self._open = False
            self._reply("+OK bye")
        elif self._permissions is None:
            self._sign_in(word, rest)
        elif word in ("api", "bgapi") and rest:
            await self._run(word, rest, headers)
        else:
            self._reply(self._answer(word, rest, headers, body))

    def _reply(self, text: str) -> None:
        self._send(f"Content-Type: command/reply\nReply-Text: {text}\n\n")

    def _sign_in(self, word: str, rest: str) -> None:
        if word == "auth" and rest:
            if rest == self.switch.conf.esl_password:
                self._permissions = Permissions()
                self._reply("+OK accepted")
                return
        elif word == "userauth" and rest:
            name, _, password = rest.partition(":")
            user, _, domain = name.partition("@")
            known = self.switch.conf.user(user, domain)
            if known and known.password and password == known.password:
                self._permissions = of_user(known)
                self._reply(
                    f"+OK accepted\nAllowed-Events: {known.allowed_events or 'all'}\n"
                    f"Allowed-API: {known.allowed_api or 'all'}\n"
                    f"Allowed-LOG: {'true' if known.allowed_log else 'false'}"
                )
                return
        else:
            self._reply("-ERR command not found")
            return
        self._open = False
        self._reply("-ERR invalid")

    async def _run(self, word: str, rest: str, headers: dict[str, str]) -> None:
        name, _, arguments = rest.strip().partition(" ")
        assert self._permissions is not None
        if not self._permissions.allows_api(name, arguments):
            self._reply("-ERR permission denied")
        elif word == "bgapi":
            job = self.switch.start_job(name, arguments, headers.get("job-uuid", ""))
            self._send(f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {job}\nJob-UUID: {job}\n\n")
        else:
            output = await self.switch.try_command(name, arguments)
            text = f"-ERR {name} Command not found!\n" if output is None else output or "-ERR no reply\n"
            self._send(f"Content-Type: api/response\nContent-Length: {len(text.encode())}\n\n{text}")

    def _answer(self, word: str, rest: str, headers: dict[str, str], body: str) -> str:
        match word:
            case "event" | "events":
                return self._subscribe(rest.split())
            case "nixevent":
                return self._nix(rest.split())
            case "noevents":
                if not self._subscription.enabled:
                    return "-ERR not listening for events"
                self._subscription.clear()
                return "+OK no longer listening for events"
            case "filter":
                return self._filter(rest)
            case "sendevent":
                return self._send_event(rest, headers, body)
            case "linger" | "nolinger":
                return "-ERR not controlling a session"
            case "divert_events":
                return "-ERR not controlling a session."
            case "log" | "nolog":
                return "-ERR the embedded switch does not log to the Event Socket"
            case "sendmsg":
                return f"-ERR invalid session id [{rest}]"
        return "-ERR command not found"

    def _subscribe(self, words: list[str]) -> str:
        subscription, permissions = self._subscription, self._permissions
        assert permissions is not None
        if words and words[0].lower() in FORMS:
            subscription.form = words.pop(0).lower()
        added = custom = False
        for word in words:
            if custom:
                if not permissions.allows_event(word):
                    return "-ERR permission denied"
                subscription.subclasses.add(word)
            elif name := named(word):
                if not permissions.allows_event(name):
                    return "-ERR permission denied"
                subscription.names.add(name)
                added, custom = True, name == "CUSTOM"
        if not added:
            return "-ERR no keywords supplied"
        subscription.enabled = True
        return f"+OK event listener enabled {subscription.form}"

    def _nix(self, words: list[str]) -> str:
        subscription = self._subscription
        nixed = custom = False
        for word in words:
            if custom:
                subscription.subclasses.discard(word)
            elif name := named(word):
                nixed, custom = True, name == "CUSTOM"
                if name == "ALL":
                    subscription.names.clear()
                elif not custom:
                    subscription.names.discard(name)
        return "+OK events nixed" if nixed else "-ERR no keywords supplied"

    def _filter(self, rest: str) -> str:
        name, _, value = rest.strip().partition(" ")
        filters = self._subscription.filters
        if name.lower() == "delete" and value:
            name, _, value = value.partition(" ")
            kept = [] if name.lower() == "all" else [pair for pair in filters if not _is(pair, name, value)]
            self._subscription.filters = kept
            return f"+OK filter deleted. [{name}][{value}]"
        if not value:
            return "-ERR invalid syntax"
        if name.lower() == "add":
            name, _, value = value.partition(" ")
        filters.append((name, value))
        return f"+OK filter added. [{name}]=[{value}]"

    def _send_event(self, rest: str, headers: dict[str, str], body: str) -> str:
        name = named(rest.strip()) or "CLONE"
        event = self.switch.bus.new(name)
        for header, value in headers.items():
            event.add("Event-Subclass" if header == "event-subclass" else header, value)
        event.body = body
        self.switch.bus.fire(event)
        if is_true(headers.get("async")):
            log.debug("sendevent is always asynchronous here")
        return f"+OK {event.get('Event-Sequence')}"


def _is(pair: tuple[str, str], name: str, value: str) -> bool:
    return pair[0].lower() == name.lower() and (not value or pair[1] == value)
