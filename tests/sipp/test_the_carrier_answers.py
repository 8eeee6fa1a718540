"""A real SIPp with one call of every kind at the same time: what the callers met is what the log says."""

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sipp.carrier import Carrier, CarrierOptions
from sipp.kinds import KINDS, By, HangUp, Press, keys_of
from sipp.log_reader import CarrierCall, read_calls
from sipp.process import free_udp_port
from tests.sipp.caller import Caller, ask_options

RING_S, HOLD_S = 5.0, 15.0
TOLD_BY_EVENTS = [
    kind.name
    for kind in KINDS.values()
    if keys_of(kind) and all(step.by is By.EVENTS for step in kind.steps if isinstance(step, Press))
]


@dataclass(frozen=True)
class Met:
    """What one caller met and what the carrier wrote down about it."""

    caller: Caller
    call: CarrierCall


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Met]]:
    folder = tmp_path_factory.mktemp("carrier")
    port = free_udp_port()
    mix = ",".join(f"{name}=1" for name in KINDS)
    carrier = Carrier(CarrierOptions(port, free_udp_port(count=4), mix, folder, calls=len(KINDS)))
    carrier.start()
    over = threading.Thread(target=carrier.run, args=(threading.Event(),))
    over.start()
    try:
        assert ask_options(port) == "SIP/2.0 200 OK"
        callers = {}
        for number in range(len(KINDS)):
            phone = f"+79160000{number:03}"
            callers[phone] = Caller(port, phone, RING_S, HOLD_S, repeat_invite=number % 2 == 0).start()
            time.sleep(0.02)
        for caller in callers.values():
            caller.join()
        # The carrier ends by itself once the calls it was asked for have ended.
        over.join(10)
        assert not over.is_alive()
    finally:
        carrier.stop()
    calls = read_calls(folder)
    return {call.kind: Met(callers[call.number], call) for call in calls}


def test_every_kind_is_met_once_and_repeated_invites_are_no_calls(met):
    assert met.keys() == KINDS.keys()
    assert len({found.call.call_id for found in met.values()}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_it_answers_with_its_status(met, kind):
    found = met[kind.name]
    expected = int(kind.status[:3]) if kind.status else 487
    assert (found.caller.final, found.call.final_code) == (expected, expected)
    assert (found.call.answered_at is not None) == kind.answers


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_log_says_how_it_ended(met, kind):
    found = met[kind.name]
    if not kind.answers:
        assert found.call.ended == ("rejected" if kind.status else "cancelled")
    elif "BYE" in found.caller.requests:
        assert found.call.ended == "bye_sent"
        assert any(isinstance(step, HangUp) for step in kind.steps)
    else:
        assert found.call.ended == "bye_received"
        assert found.call.talk_s == pytest.approx(HOLD_S, abs=1.0)


@pytest.mark.parametrize("name", TOLD_BY_EVENTS)
def test_keys_arrive_as_telephone_events_and_in_the_log(met, name):
    found = met[name]
    assert found.caller.digits() == found.call.digits_sent == keys_of(KINDS[name])


def test_a_key_by_info_arrives_as_info_alone(met):
    found = met["human_info"]
    assert found.caller.infos == ["Signal=1\r\nDuration=160"] or found.caller.infos[0].startswith("Signal=1")
    assert (found.caller.digits(), found.call.digits_sent) == ("", "1")


def test_a_key_in_band_is_audio_alone(met):
    found = met["human_inband"]
    assert (found.caller.digits(), found.call.digits_sent) == ("", "1")


def test_a_person_presses_after_having_heard_something(met):
    call = met["human1"].call
    assert call.digit_times[0] - call.answered_at > 5.0
    event = next(packet for packet in met["human1"].caller.heard if packet.payload_type == 101)
    assert event.at == pytest.approx(call.digit_times[0] - call.answered_at, abs=0.3)


def test_media_comes_in_one_unbroken_stream_at_its_pace(met):
    heard = met["human_silent"].caller.heard
    assert len(heard) > 0.95 * HOLD_S * 50
    assert {(after.sequence - before.sequence) & 0xFFFF for before, after in itertools.pairwise(heard)} == {1}
    assert {after.timestamp - before.timestamp for before, after in itertools.pairwise(heard)} == {160}


def test_the_stream_goes_on_after_a_key(met):
    heard = met["human1"].caller.heard
    steps = [(after.sequence - before.sequence) & 0xFFFF for before, after in itertools.pairwise(heard)]
    assert set(steps) <= {1, 2, 3}
    assert heard[-1].at > 12


def test_early_media_is_heard_before_the_answer(met):
    assert 183 in met["human_early_media"].caller.codes
    assert met["human_early_media"].caller.heard_early > 50
    assert met["early_reject"].caller.heard_early > 50


def test_who_hangs_up_hangs_up_in_time(met):
    assert met["human_hangup"].caller.hung_up_after_s == pytest.approx(4.2, abs=1.0)
    assert met["human_hangup_menu"].caller.hung_up_after_s == pytest.approx(9.7, abs=1.0)
