"""A carrier's gateway as the configuration spells it, with the state the engine keeps about it."""

import asyncio
import socket
from dataclasses import dataclass, field
from enum import StrEnum


class GatewayStatus(StrEnum):
    """Whether calls may be sent to a gateway."""

    UP = "UP"  # calls go out; also every gateway that is neither pinged nor registered
    DOWN = "DOWN"  # pings are unanswered or the registration is refused: no INVITE is sent


@dataclass(slots=True)
class Gateway:
    """One `<gateway>`: where calls go and who we say we are. Values are FreeSWITCH's parameters of the same name."""

    name: str
    proxy: str  # host or host:port, the next hop and the Request-URI's host
    username: str = ""
    password: str = field(default="", repr=False)
    realm: str = ""
    from_user: str = ""
    from_domain: str = ""
    register: bool = False
    caller_id_in_from: bool = False
    ping_s: int | None = None  # OPTIONS every so many seconds; None: never, and the gateway counts as UP
    ping_min: int = 1  # the count of answered pings below which the gateway is DOWN
    ping_max: int = 1  # the count goes no higher than this; each missed ping takes one off
    expire_s: int = 3600
    retry_s: int = 30
    extension: str = ""
    status: GatewayStatus = GatewayStatus.UP
    registration: str = "NOREG"  # NOREG, TRYING, REGED, FAILED, FAIL_WAIT
    ping_count: int = 1
    last_ping_ms: float | None = None
    _ip: str = ""
    calls_out: int = 0
    failed_calls_out: int = 0

    @property
    def host(self) -> str:
        """Return the proxy's host."""
        return self.proxy.rpartition(":")[0] if self._has_port() else self.proxy

    @property
    def port(self) -> int:
        """Return the proxy's port, 5060 unless given."""
        return int(self.proxy.rpartition(":")[2]) if self._has_port() else 5060

    async def resolve(self) -> tuple[str, int]:
        """Return where messages go; a name is looked up once, without holding anybody up. Raises OSError."""
        if not self._ip:
            found = await asyncio.get_running_loop().getaddrinfo(
                self.host, self.port, family=socket.AF_INET, type=socket.SOCK_DGRAM
            )
            self._ip = str(found[0][4][0])
        return self._ip, self.port

    def from_uri(self, caller_number: str) -> str:
        """Return the URI of the From header: the caller's number, or our account with the carrier."""
        user = caller_number if self.caller_id_in_from else self.from_user or self.username or caller_number
        return f"sip:{user}@{self.from_domain or self.realm or self.proxy}"

    def _has_port(self) -> bool:
        return self.proxy.rpartition(":")[2].isdigit() and ":" in self.proxy
