"""What `make bench-dial` says is computed from what was written down: seeded faults move it as they must."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bench.dial.callee_sip import Request, bye, ok, parse
from bench.dial.crowd import Call
from bench.dial.figures import GOALS, Held, Measured, Written, held, missing, rate_of
from bench.dial.many_packets import Packets, Receiver, Sender, udp_socket
from bench.lateness import Arrival, Punctuality, measure

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = 1_000_000_000
FIRST, LAST = 1000 * SECOND, 1020 * SECOND
GOOD = Measured(
    "freeswitch", 112.4, 0.00786, 0.006, Held(500, Punctuality(500_000, 0, 300, 0.06, 0.02), np.zeros(1)), []
)
CALLS = [Call(f"+7916000000{n}", 10.0, 11.0) for n in range(5)]
WRITTEN = [Written(call.number, 1, "hung_up", "hook", NOW) for call in CALLS]


def test_a_run_that_reached_its_goals_says_so():
    assert GOOD.broken(GOALS["freeswitch"]) == []
    assert GOOD.last_line() == "bench-dial: switch freeswitch, 112 calls/s, cpu ratio 1.31, 500 concurrent, 0 missing"


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"calls_per_second": 99.0}, "calls/s"),
        ({"product_cpu_s": 0.0085}, "cpu ratio"),
        ({"bare_cpu_s": 0.0}, "cpu ratio"),
        ({"held": replace(GOOD.held, up=499)}, "concurrent"),
        ({"held": replace(GOOD.held, punctuality=Punctuality(500_000, 0, 501, 0.06, 0.05))}, "punctuality"),
        ({"held": replace(GOOD.held, punctuality=Punctuality(500_000, 1, 0, 0.06, 0.02))}, "packets lost"),
        ({"missing": ["+79160000001: rung 2 times"]}, "missing"),
    ],
)
def test_each_goal_that_was_not_reached_is_named(fault, named):
    assert replace(GOOD, **fault).broken(GOALS["freeswitch"]) == [named]


def test_silence_reaches_no_goal():
    silent = replace(GOOD, held=Held(0, Punctuality(0, 0, 0, 0.0, 0.0), np.zeros(0)))
    assert silent.broken(GOALS["freeswitch"]) == ["concurrent", "punctuality", "packets lost"]


def test_the_rate_is_between_the_first_and_the_last_conclusion():
    assert rate_of([NOW + timedelta(milliseconds=10 * n) for n in range(101)]) == pytest.approx(100)
    assert rate_of([NOW + timedelta(milliseconds=10 * n) for n in range(100)] + [NOW + timedelta(seconds=2)]) == 50
    assert rate_of([NOW]) == 0


def test_nothing_is_missing_when_everybody_was_rung_and_concluded_once():
    assert missing(CALLS, WRITTEN) == []


@pytest.mark.parametrize(
    ("calls", "written", "said"),
    [
        (CALLS[1:], WRITTEN, "rung 0 times"),
        ([*CALLS, CALLS[0]], WRITTEN, "rung 2 times"),
        ([*CALLS, Call("+79169999999", 1.0, 2.0)], WRITTEN, "nobody asked for it"),
        ([replace(CALLS[0], ended_at=None), *CALLS[1:]], WRITTEN, "up at the end"),
        (CALLS, [replace(WRITTEN[0], concluded_at=None), *WRITTEN[1:]], "not concluded"),
        (CALLS, [replace(WRITTEN[0], attempts=2), *WRITTEN[1:]], "2 attempts"),
        (CALLS, [replace(WRITTEN[0], witness="reconcile"), *WRITTEN[1:]], "concluded by reconcile"),
        (CALLS, [replace(WRITTEN[0], disposition="lost"), *WRITTEN[1:]], "ended as lost"),
    ],
)
def test_each_fault_of_a_call_is_named(calls, written, said):
    (found,) = missing(calls, written)
    assert said in found


def stream(port: int, first: int = FIRST - SECOND, packets: int = 1100) -> Packets:
    """A perfect stream of 22 s around the time measured; its numbers wrap on the way."""
    n = np.arange(packets)
    return Packets(
        first + n * 20_000_000, np.full(packets, port), (n + 65000) & 0xFFFF, (n * 160 + 2**32 - 8000) & 0xFFFFFFFF
    )


def without(packets: Packets, *rows: int) -> Packets:
    names = ("at_ns", "port", "sequence", "timestamp")
    return Packets(*(np.delete(getattr(packets, name), rows) for name in names))


def test_streams_that_speak_all_the_time_are_up():
    found = held(Packets.joined([stream(4000), stream(4002), stream(4004, packets=500)]), FIRST, LAST)
    assert (found.up, found.punctuality.lost, found.punctuality.late) == (2, 0, 0)
    assert found.punctuality.expected == 2 * 1001


def waiting(port: int, since: int, until: int) -> Packets:
    """A stream that sends nothing between the two packets: its numbers go on, its clock does not stand still."""
    silent = without(stream(port, packets=1500), *range(since, until))
    silent.sequence[:] = (np.arange(len(silent.sequence)) + 65000) & 0xFFFF
    return silent


def test_a_stream_may_be_silent_while_a_key_is_waited_for_and_no_longer():
    at_the_end, between, for_long = waiting(4000, 700, 1100), waiting(4002, 300, 700), waiting(4004, 300, 760)
    found = held(Packets.joined([at_the_end, between, for_long]), FIRST, LAST)
    assert (found.up, found.punctuality.lost, found.punctuality.late) == (2, 0, 0)


@pytest.mark.parametrize("packets", [550, 700, 1049])  # 10 s, 7 s and an instant before the end
def test_a_stream_that_falls_silent_before_the_end_and_for_good_is_not_held(packets):
    falls_silent = stream(4002, packets=packets)
    assert held(Packets.joined([stream(4000), falls_silent]), FIRST, LAST).up == 1


def test_what_was_lost_while_a_stream_was_silent_at_the_end_is_counted():
    cut_off = without(stream(4000, packets=1500), *range(700, 1100))  # its numbers say that it spoke
    found = held(cut_off, FIRST, LAST)
    assert (found.up, found.punctuality.lost) == (1, 400)


def test_no_packet_is_no_call():
    assert held(Packets.joined([]), FIRST, LAST).up == 0


def test_lost_late_and_copied_packets_are_counted_as_by_the_simple_measure():
    chance = np.random.default_rng(3)
    one = stream(4000)
    one.at_ns[:] += chance.integers(0, 60_000_000, len(one.at_ns))
    one = without(one, 300, 301, 700)
    doubled = Packets.joined(
        [one, Packets(*(getattr(one, n)[500:510] for n in ("at_ns", "port", "sequence", "timestamp")))]
    )
    found = held(doubled, int(doubled.at_ns.min()), int(doubled.at_ns.max())).punctuality
    rows = zip(doubled.at_ns, doubled.sequence, doubled.timestamp, strict=True)
    simple = measure([[Arrival((int(at) - FIRST) / SECOND, int(s), int(t)) for at, s, t in rows]])
    assert (found.expected, found.lost, found.late) == (simple.expected, simple.lost, simple.late)
    assert found.lost == 3
    assert found.late > 0
    assert (found.worst_s, found.p999_s) == (pytest.approx(simple.worst_s), pytest.approx(simple.p999_s))


def test_packets_go_and_come_in_batches_with_the_kernels_stamp():
    here, there = udp_socket("127.0.0.1"), udp_socket("127.0.0.1")
    with here, there:
        receiver, sent_from, began_ns = Receiver(there), here.getsockname()[1], time.time_ns()
        packet = bytes([0x80, 8]) + (513).to_bytes(2, "big") + (70000).to_bytes(4, "big") + bytes(164)
        Sender(here).send(packet, [there.getsockname()] * 3)
        here.sendto(b"short", there.getsockname())
        found = receiver.take()
        assert receiver.take() is None
    assert found is not None
    assert found.sequence.tolist() == [513] * 3
    assert found.timestamp.tolist() == [70000] * 3
    assert found.port.tolist() == [sent_from] * 3
    assert all(began_ns <= at <= time.time_ns() for at in found.at_ns.tolist())


INVITE = (
    b"INVITE sip:+79160000001@127.0.0.1:5090 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bKa\r\n"
    b'From: "x" <sip:+74950000001@127.0.0.1>;tag=b\r\nTo: <sip:+79160000001@127.0.0.1:5090>\r\nCall-ID: c\r\n'
    b"CSeq: 7 INVITE\r\nContact: <sip:gw@127.0.0.1:5080;transport=udp>\r\nContent-Length: 60\r\n\r\n"
    b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 20480 RTP/AVP 8 101\r\n"
)


def test_a_callee_answers_and_hangs_up_in_the_same_dialog():
    invite = parse(INVITE)
    assert isinstance(invite, Request)
    assert (invite.method, invite.number, invite.media) == ("INVITE", "+79160000001", ("127.0.0.1", 20480))
    assert b"To: <sip:+79160000001@127.0.0.1:5090>;tag=callee\r\n" in ok(invite, "<sip:callee@here>")
    said = parse(bye(invite, "<sip:callee@here>", "here:1"))
    assert isinstance(said, Request)
    assert (said.method, said.call_id) == ("BYE", "c")
    assert said.first("from") == "<sip:+79160000001@127.0.0.1:5090>;tag=callee"
    assert said.first("to") == '"x" <sip:+74950000001@127.0.0.1>;tag=b'
    assert parse(b"SIP/2.0 200 OK\r\n\r\n") == 200
