"""A switch on the fake engine, a client of its Event Socket, and scripts written by the test."""

import asyncio
import json
from contextlib import asynccontextmanager
from urllib.parse import unquote

from embedded_switch import preprocess
from embedded_switch.event_socket import EventSocket
from embedded_switch.script_host import ScriptHost
from embedded_switch.switch import Switch
from tests.embedded.core.fake_engine import FakeEngine

CONF = """<document type="freeswitch/xml">
<section name="configuration">
<configuration name="modules.conf"><modules>{modules}</modules></configuration>
<configuration name="switch.conf"><settings>
<param name="max-sessions" value="{max_sessions}"/><param name="sessions-per-second" value="{per_second}"/>
</settings></configuration>
<configuration name="event_socket.conf"><settings><param name="listen-ip" value="127.0.0.1"/>
<param name="listen-port" value="0"/><param name="password" value="secret"/></settings></configuration>
<configuration name="python.conf"><settings>{startup}</settings></configuration>
<configuration name="acl.conf"><network-lists/></configuration>
<configuration name="sofia.conf"><profiles><profile name="external">
<gateways><gateway name="gw1"><param name="proxy" value="127.0.0.1:5999"/><param name="register" value="false"/>
</gateway></gateways><settings><param name="sip-ip" value="127.0.0.1"/></settings></profile></profiles></configuration>
</section>
<section name="dialplan"><context name="dialer">{dialplan}</context></section>
<section name="directory"><domain name="local"><user id="scheduler"><params>
<param name="esl-password" value="other"/><param name="esl-allowed-api" value="status uuid_exists bgapi"/>
<param name="esl-allowed-events" value="HEARTBEAT"/></params></user></domain></section>
</document>"""
MODULES = ("mod_commands", "mod_dptools", "mod_dialplan_xml", "mod_sofia", "mod_event_socket")
SCRIPT = (
    '<extension name="script"><condition field="destination_number" expression="^script$">'
    '<action application="python" data="entry one two"/></condition></extension>'
)


def write_conf(folder, *, python=False, dialplan=SCRIPT, startup="", max_sessions=1000, per_second=100):
    modules = (*MODULES, "mod_python3") if python else MODULES
    loads = "".join(f'<load module="{module}"/>' for module in modules)
    started = f'<param name="startup-script" value="{startup}"/>' if startup else ""
    text = CONF.format(
        modules=loads, dialplan=dialplan, startup=started, max_sessions=max_sessions, per_second=per_second
    )
    (folder / "freeswitch.xml").write_text(text)
    return folder


class Client:
    """Speaks the Event Socket protocol; keeps events apart from replies."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self.events = []

    async def packet(self):
        head = (await asyncio.wait_for(self._reader.readuntil(b"\n\n"), 5)).decode()
        headers = dict(line.split(": ", 1) for line in head.strip().split("\n"))
        body = (await self._reader.readexactly(int(headers.get("Content-Length", 0)))).decode()
        return headers, body

    async def send(self, text):
        self._writer.write(text.encode() + b"\n\n")

    async def say(self, text):
        """Send a command; return its reply's text (command/reply) or body (api/response)."""
        await self.send(text)
        while True:
            headers, body = await self.packet()
            if not headers["Content-Type"].startswith("text/event-"):
                return body if headers["Content-Type"] == "api/response" else headers.get("Reply-Text", "")
            self.events.append((headers, body))

    async def event(self, name):
        """Wait for the next event of that name; return its headers, the body as _body."""
        while True:
            headers, body = self.events.pop(0) if self.events else await self.packet()
            if headers["Content-Type"].endswith("json"):
                found = json.loads(body)
            else:
                head, _, rest = body.partition("\n\n")
                found = {key: unquote(value) for key, value in (line.split(": ", 1) for line in head.split("\n"))}
                found["_body"] = rest
            if found["Event-Name"] == name:
                return found


class Rig:
    """What a test holds: the switch, its engine, ways to speak to it."""

    def __init__(self, switch, engine, port):
        self.switch, self.engine, self.port = switch, engine, port

    async def connect(self):
        return Client(*await asyncio.open_connection("127.0.0.1", self.port))

    async def signed_in(self):
        client = await self.connect()
        await client.packet()
        assert await client.say("auth secret") == "+OK accepted"
        return client

    async def call(self, client, extension="script XML dialer", variables="x=1", answered=True):
        """Originate in the background; return the leg, answered."""
        await client.say(f"bgapi originate {{{variables}}}sofia/gateway/gw1/+15005550001 {extension}")
        leg = await self.engine.next_leg()
        if answered:
            leg.answer()
        return leg


@asynccontextmanager
async def running(folder, **options):
    """Run a switch on a configuration written to the folder; scripts are imported from there too."""
    write_conf(folder, **options)
    engines = []

    def make_engine(*_arguments):
        engines.append(FakeEngine())
        return engines[0]

    variables = preprocess.default_globals(folder, folder, folder, folder)
    switch = Switch(folder, variables, make_engine)
    await switch.start()
    event_socket = EventSocket(switch)
    await event_socket.start()
    scripts = ScriptHost(switch, folder)
    if options.get("python"):
        await scripts.start()
        switch.scripts = scripts
        for script in switch.conf.startup_scripts:
            scripts.runtime(script)
    try:
        yield Rig(switch, engines[0], event_socket.port)
    finally:
        await switch.stop()
        await event_socket.stop()
        await scripts.stop()


async def until(condition, timeout_s=5):
    """Wait until a condition holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)
