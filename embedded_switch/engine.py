"""The SIP and media engine: places outbound calls through gateways and owns the legs that live."""

from collections.abc import Callable, Sequence

from embedded_switch.gateway import Gateway
from embedded_switch.leg import Leg


class Engine:
    """One SIP socket, one media clock, any number of legs. Everything runs on the event loop that called `start`.

    local_ip: the address offered in Via, Contact and SDP. sip_port: 0 picks a free one.
    rtp_ports: first and last UDP port for audio; even ones are used.
    Inbound INVITEs are refused with 403, OPTIONS are answered with 200.
    """

    def __init__(
        self,
        local_ip: str,
        sip_port: int,
        rtp_ports: tuple[int, int],
        user_agent: str,
        *,
        codec_prefs: Sequence[str] = ("PCMA", "PCMU"),
    ) -> None:
        self.local_ip = local_ip
        self.sip_port = sip_port
        self.rtp_ports = rtp_ports
        self.user_agent = user_agent
        self.codec_prefs = tuple(codec_prefs)
        self.gateways: dict[str, Gateway] = {}
        self.legs: dict[str, Leg] = {}
        self.on_gateway_state: Callable[[Gateway], None] | None = None

    async def start(self) -> None:
        """Bind the SIP socket, start the media clock. Raises OSError when the port is taken."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Hang up every leg with NORMAL_CLEARING (MANAGER_REQUEST when told so before), close all sockets."""
        raise NotImplementedError

    def add_gateway(self, gateway: Gateway) -> None:
        """Make a gateway known by its name; starts its pings and its registration when it asks for them."""
        raise NotImplementedError

    async def remove_gateway(self, name: str) -> None:
        """Stop pings and registration of a gateway; its live calls go on."""
        raise NotImplementedError

    def dial(
        self,
        gateway: Gateway,
        number: str,
        uuid: str,
        *,
        caller_id_number: str,
        caller_id_name: str = "",
        codecs: Sequence[str] = (),
        extra_headers: Sequence[tuple[str, str]] = (),
    ) -> Leg:
        """Send an INVITE for `number` and return its leg at once; what follows comes by the leg's callbacks.

        codecs: as in absolute_codec_string, in order of preference; empty: the engine's codec_prefs.
        A gateway that is DOWN gives a leg that ends at once, by on_hangup, without any INVITE.
        A codec nobody knows is left out; when none is left the leg ends with INCOMPATIBLE_DESTINATION.
        """
        raise NotImplementedError
