"""What the scheduler asks and hears of a running switch: the embedded one, or a real one with SWITCH=freeswitch."""

import contextlib
import socket
import threading
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from db.claims import ClaimedAttempt
from devstack.environment import make_folders, private_environment
from devstack.gateway_file import write_gateway
from devstack.switch import chosen_switch, running_switch
from dialer.call_ids import CallIds
from dialer.disposition import Disposition, disposition_of
from dialer.switch_facts import facts_from_headers, ids_from_headers
from scheduler.switch import Switch
from scheduler.witness import cause_in
from tests.scheduler.scripted_switch import wait_until

pytestmark = pytest.mark.switch


class Trunk:
    """A SIP server on a free port that answers pings with 200 while it is well, and everything else with 503."""

    COPIED = ("via", "from", "to", "call-id", "cseq")

    def __init__(self) -> None:
        self.is_well = True
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = self._socket.recvfrom(65536)
                first, *lines = data.decode().split("\r\n")
                if first.startswith("ACK "):
                    continue
                copied = [line for line in lines if line.partition(":")[0].strip().lower() in self.COPIED]
                is_fine = self.is_well and first.startswith("OPTIONS ")
                answer = [
                    "SIP/2.0 200 OK" if is_fine else "SIP/2.0 503 Service Unavailable",
                    *copied,
                    "Content-Length: 0",
                    "",
                    "",
                ]
                self._socket.sendto("\r\n".join(answer).encode(), peer)


class Heard:
    """What the switch told."""

    def __init__(self) -> None:
        self.hangups: dict[str, Mapping[str, str]] = {}
        self.replies: dict[str, str] = {}
        self.cores: list[str] = []

    def hangup(self, headers: Mapping[str, str]) -> None:
        self.hangups[headers["Unique-ID"]] = headers

    def reply(self, attempt_id: str, answer: str) -> None:
        self.replies[attempt_id] = answer


def attempt_over(gateway: str) -> ClaimedAttempt:
    return ClaimedAttempt(
        attempt_id=str(uuid.uuid4()),
        contact_id=1,
        campaign_id=7,
        gateway_id=3,
        gateway=gateway,
        flow_version_id=1,
        phone="+79161234567",
        number=1,
        caller_id="+74950000001",
        ring_timeout_s=15,
        max_call_s=30,
    )


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, module_postgres_url: str, redis_server: Any
) -> Iterator[tuple[Switch, Heard, Trunk]]:
    folders = make_folders(tmp_path_factory.mktemp("switch"))
    environment = private_environment(folders, module_postgres_url, redis_server.url, {})
    trunk = Trunk()
    write_gateway(folders.gateways, "full", trunk.address)
    write_gateway(folders.gateways, "pinged", trunk.address, {"ping": "5"})
    heard = Heard()
    with running_switch(chosen_switch(), folders, environment):
        switch = Switch(
            environment["DIALER_ESL_HOST"],
            int(environment["DIALER_ESL_PORT"]),
            lambda: environment["DIALER_ESL_PASSWORD"],
            on_hangup=heard.hangup,
            on_reply=heard.reply,
            on_connected=heard.cores.append,
        )
        switch.start()
        wait_until(lambda: heard.cores)
        yield switch, heard, trunk
        switch.stop()
    trunk.close()


def test_it_learns_the_core_uuid(running):
    switch, heard, _ = running
    assert heard.cores == [switch.core_uuid]
    assert uuid.UUID(switch.core_uuid)


def test_it_knows_no_channel_that_never_was(running):
    switch, _, _ = running
    assert switch.channel_exists(str(uuid.uuid4())) is False
    assert switch.channels() == frozenset()


def test_an_unknown_gateway_is_told_by_the_reply_alone(running):
    switch, heard, _ = running
    attempt = attempt_over("nowhere")
    switch.originate(attempt, switch.core_uuid)
    wait_until(lambda: attempt.attempt_id in heard.replies)
    assert cause_in(heard.replies[attempt.attempt_id]) == "INVALID_GATEWAY"
    assert attempt.attempt_id not in heard.hangups


def test_a_full_trunk_is_told_by_the_legs_end(running):
    switch, heard, _ = running
    attempt = attempt_over("full")
    before = datetime.now(UTC)
    switch.originate(attempt, switch.core_uuid)
    wait_until(lambda: attempt.attempt_id in heard.hangups, 40)
    headers = heard.hangups[attempt.attempt_id]
    facts = facts_from_headers(headers.get, datetime.now(UTC))
    assert facts.attempt_id == attempt.attempt_id
    assert ids_from_headers(headers.get) == CallIds(campaign_id=7, gateway_id=3, flow_version_id=1)
    assert facts.answered_at is None
    assert facts.billsec == 0
    assert facts.hangup_cause == "NORMAL_TEMPORARY_FAILURE"
    assert facts.sip_code == 503
    assert disposition_of(facts) is Disposition.CONGESTION
    assert before <= facts.ended_at <= datetime.now(UTC)


def test_it_hears_that_a_pinged_gateway_goes_down_and_comes_back(running):
    switch, _, trunk = running
    switch.poll_gateways(["full", "pinged", "nowhere"])
    assert switch.gateways.is_up("full")
    assert switch.gateways.is_up("pinged")
    assert switch.gateways.is_up("nowhere"), "the switch itself says that there is none, by its reply"
    trunk.is_well = False
    wait_until(lambda: not switch.gateways.is_up("pinged"), 20, "the ping failed")
    switch.gateways.forget()
    switch.poll_gateways(["full", "pinged"])
    assert switch.gateways.is_up("full")
    assert not switch.gateways.is_up("pinged")
    trunk.is_well = True
    wait_until(lambda: switch.gateways.is_up("pinged"), 20, "the ping was answered")
