"""The sofia command: status of profiles and gateways, rescan and killgw."""

from typing import TYPE_CHECKING

from embedded_switch.events import Event
from embedded_switch.preprocess import ConfigurationUnusable
from embedded_switch.registry import command

if TYPE_CHECKING:
    from embedded_switch.gateway import Gateway
    from embedded_switch.switch import Switch

LINE = "=" * 97
USAGE = "-USAGE: sofia <status [profile <name>|gateway <name>]|profile <name> <rescan|killgw <gateway>|…>>\n"


@command("sofia")
async def sofia(switch: "Switch", arguments: str, _event: Event) -> str:
    """Tell about SIP, or change gateways."""
    match arguments.split():
        case ["status"]:
            return _status(switch)
        case ["status", "gateway", name]:
            gateway = switch.gateway(name)
            return _gateway(switch, gateway) if gateway else "Invalid Gateway!\n"
        case ["status", "profile", name, *_]:
            return _profile(switch, name)
        case ["gwlist", *which]:
            wanted = "DOWN" if which == ["down"] else "UP"
            return " ".join(gateway.name for _, gateway in switch.gateways() if gateway.status == wanted)
        case ["profile", name, *rest]:
            return await _change(switch, name, rest)
    return USAGE


def _status(switch: "Switch") -> str:
    lines = [f"{'Name':>25}\t{'Type':>7}\t{'Data':>42}\tState", LINE]
    for name, engine in switch.engines.items():
        address = f"sip:mod_sofia@{engine.local_ip}:{engine.sip_port}"
        lines.append(f"{name:>25}\tprofile\t{address:>42}\tRUNNING ({len(switch.channels)})")
    for profile, gateway in switch.gateways():
        full = f"{profile}::{gateway.name}"
        to = f"sip:{gateway.username}@{gateway.proxy}"
        down = "" if gateway.status == "UP" else " (DOWN)"
        lines.append(f"{full:>25}\tgateway\t{to:>42}\t{gateway.registration}{down}")
    count = len(switch.engines)
    return "\n".join((*lines, LINE, f"{count} profile{'' if count == 1 else 's'} 0 aliases")) + "\n"


def _gateway(switch: "Switch", gateway: "Gateway") -> str:
    rows = {
        "Name": gateway.name,
        "Profile": switch.profile_of(gateway.name),
        "Scheme": "Digest",
        "Realm": gateway.realm,
        "Username": gateway.username,
        "Password": "yes" if gateway.password else "no",
        "From": f"<sip:{gateway.from_user}@{gateway.proxy}>",
        "Exten": gateway.extension,
        "To": f"sip:{gateway.username}@{gateway.proxy}",
        "Proxy": f"sip:{gateway.proxy}",
        "Expires": str(gateway.expire_s),
        "Freq": str(gateway.expire_s),
        "PingFreq": str(gateway.ping_s or 0),
        "PingTime": f"{gateway.last_ping_ms or 0:.2f}",
        "PingState": f"{gateway.ping_min}/{gateway.ping_count}/{gateway.ping_max}",
        "State": gateway.registration,
        "Status": gateway.status.value,
        "CallsIN": "0",
        "CallsOUT": str(gateway.calls_out),
        "FailedCallsIN": "0",
        "FailedCallsOUT": str(gateway.failed_calls_out),
    }
    return "\n".join((LINE, *(f"{name:<8}\t{value}" for name, value in rows.items()), LINE)) + "\n"


def _profile(switch: "Switch", name: str) -> str:
    engine = switch.engines.get(name)
    if engine is None:
        return "Invalid Profile!\n"
    rows = {
        "Name": name,
        "Dialplan": "XML",
        "RTP-IP": engine.local_ip,
        "SIP-IP": engine.local_ip,
        "URL": f"sip:mod_sofia@{engine.local_ip}:{engine.sip_port}",
        "CODECS OUT": ",".join(engine.codec_prefs),
        "TEL-EVENT": "101",
        "DTMF-MODE": "rfc2833",
    }
    return "\n".join((LINE, *(f"{title:<17}\t{value}" for title, value in rows.items()))) + "\n\n"


async def _change(switch: "Switch", name: str, words: list[str]) -> str:
    if name not in switch.engines:
        return f"Invalid Profile [{name}]"
    match words:
        case ["rescan", *_]:
            try:
                switch.reload_xml()
            except ConfigurationUnusable as error:
                return f"Reload XML [{error}]\n"
            for profile in switch.conf.profiles:
                if profile.name == name:
                    switch.add_gateways(profile)
            return "Reload XML [Success]\n+OK scan complete\n"
        case ["killgw", gateway]:
            return "+OK gateway marked for deletion.\n" if switch.remove_gateway(gateway) else "-ERR no such gateway.\n"
        case ["restart" | "start" | "stop", *_]:
            return "-ERR The embedded switch starts and stops its profiles only with itself\n"
    return "-ERR Unknown command!\n"
