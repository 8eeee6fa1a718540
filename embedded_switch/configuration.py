"""The parts of a FreeSWITCH configuration that the embedded switch acts on, as typed values."""

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from embedded_switch.gateway import Gateway
from embedded_switch.switch_log import log

# Modules whose work the stand-in does, or that need nothing done (consoles, clocks, formats it has anyway).
MODULES = frozenset(
    (
        "mod_console",
        "mod_logfile",
        "mod_syslog",
        "mod_commands",
        "mod_dptools",
        "mod_dialplan_xml",
        "mod_sndfile",
        "mod_native_file",
        "mod_tone_stream",
        "mod_sofia",
        "mod_python3",
        "mod_event_socket",
    )
)
SESSIONS_MAX = 1000  # FreeSWITCH's defaults
SESSIONS_PER_SECOND = 30
WELL_KNOWN_PASSWORD = "ClueCon"  # noqa: S105 - what FreeSWITCH takes when none is configured
TRUE = frozenset(("yes", "on", "true", "t", "enabled", "active", "allow"))

LOOPBACK_ACL = "loopback.auto"


def is_true(value: str | None) -> bool:
    """Say whether FreeSWITCH takes a value for true."""
    text = (value or "").lower()
    return text in TRUE or (text.isdigit() and int(text) != 0)


@dataclass(frozen=True, slots=True)
class Profile:
    """One `<profile>` of sofia.conf with its settings and gateways."""

    name: str
    settings: dict[str, str]
    gateways: tuple[Gateway, ...]

    @property
    def codecs(self) -> tuple[str, ...]:
        """Return outbound-codec-prefs, in order."""
        return tuple(filter(None, self.settings.get("outbound-codec-prefs", "").split(","))) or ("PCMA", "PCMU")

    @property
    def give_up_s(self) -> float | None:
        """Return timer-T1X64, None: the stack's own."""
        return _number(self.settings, "timer-T1X64", 0) / 1000 or None


@dataclass(frozen=True, slots=True)
class EslUser:
    """A user of the directory that may sign in by `userauth`."""

    password: str
    allowed_api: str | None
    allowed_events: str | None
    allowed_log: bool


@dataclass(slots=True)
class Configuration:
    """What the XML says, read once at the start and again by reloadxml."""

    document: Element
    modules: list[str] = field(default_factory=list)
    max_sessions: int = SESSIONS_MAX
    sessions_per_second: int = SESSIONS_PER_SECOND
    rtp_ports: tuple[int, int] = (16384, 32768)
    loglevel: str = "debug"
    esl_host: str = "127.0.0.1"
    esl_port: int = 8021
    esl_password: str = WELL_KNOWN_PASSWORD
    esl_acls: list[str] = field(default_factory=list)
    startup_scripts: list[str] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    acls: dict[str, Callable[[str], bool]] = field(default_factory=dict)

    def loads(self, module: str) -> bool:
        """Say whether a module is to be loaded."""
        return module in self.modules

    def user(self, user: str, domain: str) -> EslUser | None:
        """Look a user up in the directory; parameters of the user win over those of the domain."""
        for found in self.document.findall(f"./section[@name='directory']/domain[@name='{domain}']"):
            for candidate in found.iter("user"):
                if candidate.get("id") == user:
                    params = {**_params(found, "./params/param"), **_params(candidate, "./params/param")}
                    return EslUser(
                        params.get("esl-password", ""),
                        params.get("esl-allowed-api"),
                        params.get("esl-allowed-events"),
                        is_true(params.get("esl-allowed-log", "true")),
                    )
        return None

    def contexts(self) -> Iterator[Element]:
        """Give the dialplan's contexts."""
        yield from self.document.findall("./section[@name='dialplan']/context")


def read(document: Element) -> Configuration:
    """Read what the document configures; what is missing or unknown is logged as an error and left at its default."""
    conf = Configuration(document)
    conf.modules = [load.get("module", "") for load in _configuration(document, "modules.conf", "./modules/load")]
    for module in conf.modules:
        if module not in MODULES:
            log.error("Error Loading module %s: the embedded switch has no stand-in for it", module)
    _read_switch(conf)
    _read_event_socket(conf)
    conf.acls = _read_acls(document)
    if conf.loads("mod_python3"):
        conf.startup_scripts = [
            param.get("value", "")
            for param in _configuration(document, "python.conf", "./settings/param")
            if param.get("name") == "startup-script"
        ]
    if conf.loads("mod_sofia"):
        found = _configuration(document, "sofia.conf", "./profiles/profile")
        conf.profiles = [_profile(element) for element in found]
    return conf


def _configuration(document: Element, name: str, path: str) -> list[Element]:
    found = document.find(f"./section[@name='configuration']/configuration[@name='{name}']")
    if found is None:
        log.error("Open of %s failed", name)
        return []
    return found.findall(path)


def _params(element: Element, path: str) -> dict[str, str]:
    return {param.get("name", ""): param.get("value", "") for param in element.findall(path)}


def _settings(document: Element, name: str) -> dict[str, str]:
    found = _configuration(document, name, "./settings/param")
    return {param.get("name", ""): param.get("value", "") for param in found}


def _number(settings: dict[str, str], name: str, default: int) -> int:
    value = settings.get(name, "")
    if not value:
        return default
    if not value.isdigit():
        log.error("%s %r is no number, %d stands", name, value, default)
        return default
    return int(value)


def _read_switch(conf: Configuration) -> None:
    settings = _settings(conf.document, "switch.conf")
    conf.max_sessions = _number(settings, "max-sessions", conf.max_sessions)
    conf.sessions_per_second = _number(settings, "sessions-per-second", conf.sessions_per_second)
    first = _number(settings, "rtp-start-port", conf.rtp_ports[0])
    conf.rtp_ports = (first, _number(settings, "rtp-end-port", max(conf.rtp_ports[1], first)))
    conf.loglevel = settings.get("loglevel") or conf.loglevel


def _read_event_socket(conf: Configuration) -> None:
    if not conf.loads("mod_event_socket"):
        return
    settings = _settings(conf.document, "event_socket.conf")
    conf.esl_host = settings.get("listen-ip") or conf.esl_host
    conf.esl_port = _number(settings, "listen-port", conf.esl_port)
    conf.esl_password = settings.get("password") or WELL_KNOWN_PASSWORD
    found = _configuration(conf.document, "event_socket.conf", "./settings/param[@name='apply-inbound-acl']")
    conf.esl_acls = [param.get("value", "") for param in found if param.get("value")] or [LOOPBACK_ACL]


def _profile(element: Element) -> Profile:
    gateways = tuple(_gateway(gateway) for gateway in element.findall("./gateways/gateway"))
    return Profile(element.get("name", ""), _params(element, "./settings/param"), gateways)


def _gateway(element: Element) -> Gateway:
    params = _params(element, "./param")
    name = element.get("name", "")
    realm = params.get("realm") or params.get("proxy") or name
    ping = _number(params, "ping", 0)
    return Gateway(
        name=name,
        proxy=params.get("proxy") or realm,
        username=params.get("username", ""),
        password=params.get("password", ""),
        realm=realm,
        from_user=params.get("from-user") or params.get("username", ""),
        from_domain=params.get("from-domain", ""),
        register=is_true(params.get("register", "true")),
        caller_id_in_from=is_true(params.get("caller-id-in-from")),
        ping_s=ping or None,
        ping_min=_number(params, "ping-min", 1),
        ping_max=_number(params, "ping-max", 1),
        expire_s=_number(params, "expire-seconds", 3600),
        retry_s=_number(params, "retry-seconds", 30),
        extension=params.get("extension") or params.get("username", ""),
    )


def _read_acls(document: Element) -> dict[str, Callable[[str], bool]]:
    acls: dict[str, Callable[[str], bool]] = {LOOPBACK_ACL: lambda ip: ipaddress.ip_address(ip).is_loopback}
    for element in _configuration(document, "acl.conf", "./network-lists/list"):
        rules = []
        for node in element.findall("./node"):
            cidr = node.get("cidr") or node.get("host") or ""
            try:
                rules.append((ipaddress.ip_network(cidr, strict=False), node.get("type") == "allow"))
            except ValueError:
                log.error("Error Adding %s to list %s", cidr, element.get("name"))
        acls[element.get("name", "")] = _acl(element.get("default") == "allow", rules)
    return acls


def _acl(
    default: bool,  # noqa: FBT001 - a list's default
    rules: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, bool]],
) -> Callable[[str], bool]:
    """The narrowest network that holds the address decides, as in FreeSWITCH's trees."""

    def allows(ip: str) -> bool:
        address = ipaddress.ip_address(ip)
        holding = [(network.prefixlen, allowed) for network, allowed in rules if address in network]
        return max(holding)[1] if holding else default

    return allows
