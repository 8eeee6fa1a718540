"""`python -m embedded_switch --conf DIR`: the stand-in for FreeSWITCH, for development, demo, CI and load tests."""

import argparse
import asyncio
import ipaddress
import os
import signal
import sys
from pathlib import Path

from embedded_switch import preprocess
from embedded_switch.audio_priority import prefer_audio
from embedded_switch.configuration import WELL_KNOWN_PASSWORD, Configuration, Profile, is_true
from embedded_switch.engine import Engine
from embedded_switch.event_socket import EventSocket
from embedded_switch.script_host import ScriptHost
from embedded_switch.switch import Switch
from embedded_switch.switch_log import LEVELS, NOTICE, log, start_logging

ALLOWED = "EMBEDDED_SWITCH_ALLOW_NON_LOOPBACK"
WHAT_IT_IS = (
    "This is the embedded switch, a stand-in for FreeSWITCH for development, demo, CI and load tests. "
    "It is not for production: run a real FreeSWITCH there."
)


class NotForProduction(ValueError):
    """The configuration would let others reach the stand-in. The message says which setting and what to do."""


def check_not_production(conf: Configuration) -> None:
    """Refuse what only a real switch may do: listen beyond loopback, or have the password everybody knows."""
    addresses = {f"profile {profile.name}'s sip-ip": profile.settings.get("sip-ip", "") for profile in conf.profiles}
    addresses["event_socket.conf's listen-ip"] = conf.esl_host
    for setting, address in addresses.items():
        if not _is_loopback(address) and os.environ.get(ALLOWED) != "1":
            raise NotForProduction(
                f"{setting} is {address or 'not set'}, which is not loopback. The embedded switch has not the security "
                f"of a real FreeSWITCH: use that, or set {ALLOWED}=1 in a closed test network."
            )
    if conf.esl_password == WELL_KNOWN_PASSWORD:
        log.warning("The Event Socket has the password everybody knows: whoever reaches it commands the switch")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def make_engine(profile: Profile, conf: Configuration) -> Engine:
    """Build the SIP engine of a profile."""
    settings = profile.settings
    return Engine(
        settings.get("sip-ip", "127.0.0.1"),
        int(settings.get("sip-port", "5080")),
        conf.rtp_ports,
        settings.get("user-agent-string", "embedded-switch"),
        codec_prefs=profile.codecs,
        liberal_dtmf=is_true(settings.get("liberal-dtmf")),
        give_up_s=profile.give_up_s,
    )


async def run(conf_dir: Path, log_path: Path | None, script_dir: Path) -> int:
    """Run until SIGTERM, SIGINT or fsctl shutdown; return the exit status."""
    run_dir = log_path.parent if log_path else Path.cwd()
    variables = preprocess.default_globals(conf_dir, run_dir, run_dir, script_dir)
    switch = Switch(conf_dir, variables, make_engine)
    log.setLevel(LEVELS.get(switch.conf.loglevel.lower(), log.level))
    log.log(NOTICE, WHAT_IT_IS)
    check_not_production(switch.conf)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, switch.stopping.set)
    scripts = ScriptHost(switch, script_dir)
    event_socket = EventSocket(switch)
    try:
        prefer_audio()
        await switch.start()
        if switch.conf.loads("mod_python3"):
            await scripts.start()
            switch.scripts = scripts
            for script in switch.conf.startup_scripts:
                scripts.runtime(script)
        if switch.conf.loads("mod_event_socket"):
            await event_socket.start()
        log.log(NOTICE, "FreeSWITCH Started (embedded stand-in)")
        await switch.stopping.wait()
        log.log(NOTICE, "Shutting down: %d calls are ended with SYSTEM_SHUTDOWN", len(switch.channels))
    finally:
        await switch.stop()
        await event_socket.stop()
        await scripts.stop()
    return 0


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m embedded_switch", description=WHAT_IT_IS)
    parser.add_argument("--conf", type=Path, required=True, help="folder of freeswitch.xml")
    parser.add_argument("--log", type=Path, help="append the log to this file too")
    parser.add_argument("--scripts", type=Path, default=Path.cwd(), help="folder scripts are imported from")
    given = parser.parse_args()
    start_logging(given.log)
    try:
        return asyncio.run(run(given.conf.resolve(), given.log, given.scripts.resolve()))
    except (preprocess.ConfigurationUnusable, NotForProduction) as error:
        log.critical("%s", error)
        return 1
    except OSError as error:
        log.critical("Cannot start: %s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
