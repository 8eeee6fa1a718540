"""The SIP and media engine: places outbound calls through gateways and owns the legs that live."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from embedded_switch.gateway import Gateway, GatewayStatus
from embedded_switch.gateway_watch import GatewayWatch
from embedded_switch.leg import Leg
from embedded_switch.media_clock import MediaClock
from embedded_switch.rtp_stream import PAYLOAD_TYPES, RtpPorts, RtpStream
from embedded_switch.sip_call import SipCall
from embedded_switch.sip_endpoint import SipEndpoint
from embedded_switch.sip_invite import Caller, InviteIdentity

logger = logging.getLogger(__name__)

FAREWELL_S = 1.0  # how long stop() waits for answers to its BYEs


class Engine:
    """One SIP socket, one media clock, any number of legs. Everything runs on the event loop that called `start`.

    local_ip: the address offered in Via, Contact and SDP. sip_port: 0 picks a free one (read it after start).
    rtp_ports: first and last UDP port for audio; even ones are used.
    give_up_s: how long a request may be left unanswered (the profile's timer-T1X64), None: 32 s.
    liberal_dtmf: digits by SIP INFO count beside telephone-events (the profile's liberal-dtmf); else they are ignored.
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
        liberal_dtmf: bool = True,
        give_up_s: float | None = None,
    ) -> None:
        self.local_ip = local_ip
        self.sip_port = sip_port
        self.codec_prefs = tuple(codec_prefs)
        self.liberal_dtmf = liberal_dtmf
        self.gateways: dict[str, Gateway] = {}
        self.legs: dict[str, Leg] = {}
        self.on_gateway_state: Callable[[Gateway], None] | None = None
        self._endpoint = SipEndpoint(local_ip, sip_port, user_agent, give_up_s)
        self._ports = RtpPorts(local_ip, *rtp_ports)
        self._clock = MediaClock()
        self._watches: dict[str, GatewayWatch] = {}
        self._inviting: set[asyncio.Task[None]] = set()
        self._is_running = False

    async def start(self) -> None:
        """Bind the SIP socket, start the media clock. Raises OSError when the port is taken."""
        await self._endpoint.start()
        self.sip_port = self._endpoint.address[1]
        self._clock.start()
        self._is_running = True
        for watch in self._watches.values():
            watch.start()

    async def stop(self, cause: str = "SYSTEM_SHUTDOWN") -> None:
        """Hang up every leg, give their BYEs a second to be answered, close all sockets."""
        for leg in list(self.legs.values()):
            leg.hangup(cause)
        for watch in self._watches.values():
            watch.stop()
        await self._endpoint.settle(FAREWELL_S)
        self._clock.stop()
        self._is_running = False
        await self._endpoint.stop()

    def add_gateway(self, gateway: Gateway) -> None:
        """Make a gateway known by its name; starts its pings and its registration when it asks for them."""
        self.remove_gateway(gateway.name)
        self.gateways[gateway.name] = gateway
        watch = self._watches[gateway.name] = GatewayWatch(self._endpoint, gateway, self._gateway_changed)
        if self._is_running:
            watch.start()

    def remove_gateway(self, name: str) -> None:
        """Stop pings and registration of a gateway; its live calls go on. Unknown names are no error."""
        watch = self._watches.pop(name, None)
        if watch:
            watch.stop()
        self.gateways.pop(name, None)

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
        A gateway that is DOWN gives a leg that ends at once, by on_hangup, without any INVITE (GATEWAY_DOWN; in
        FreeSWITCH no channel appears at all, so ask gateway.status before). Codecs nobody here speaks are left out;
        when none is left the leg ends with INCOMPATIBLE_DESTINATION. Raises OSError when the RTP ports are used up.
        """
        spoken = [codec for codec in (codecs or self.codec_prefs) if codec in PAYLOAD_TYPES]
        stream = RtpStream(self._ports.open())

        def ended(leg: Leg) -> None:
            self._clock.remove(stream)
            self.legs.pop(leg.uuid, None)
            if not leg.answered_at:
                gateway.failed_calls_out += 1

        leg = Leg(uuid, spoken, stream, ended, takes_info=self.liberal_dtmf)
        self.legs[uuid] = leg
        self._clock.add(stream)
        if gateway.status is GatewayStatus.DOWN:
            leg.refuse("GATEWAY_DOWN")
        elif not spoken:
            leg.refuse("INCOMPATIBLE_DESTINATION")
        else:
            gateway.calls_out += 1
            caller = Caller(caller_id_number, caller_id_name)
            task = asyncio.create_task(self._invite(leg, gateway, number, caller, extra_headers))
            self._inviting.add(task)
            task.add_done_callback(self._inviting.discard)
        return leg

    async def _invite(
        self, leg: Leg, gateway: Gateway, number: str, caller: Caller, extra_headers: Sequence[tuple[str, str]]
    ) -> None:
        try:
            destination = await gateway.resolve()
        except OSError as error:
            logger.warning("Gateway has no address", extra={"gateway": gateway.name, "error": str(error)})
            leg.on_refused(503, "DNS Error", "")
            return
        identity = InviteIdentity(gateway, number, caller, (self.local_ip, self.sip_port))
        leg.start(SipCall(self._endpoint, identity, destination, leg, extra_headers))

    def _gateway_changed(self, gateway: Gateway) -> None:
        logger.warning("Gateway changed state", extra={"gateway": gateway.name, "status": str(gateway.status)})
        if self.on_gateway_state:
            self.on_gateway_state(gateway)
