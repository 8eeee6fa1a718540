"""A trunk that leaves every INVITE unanswered is a trunk's failure; so is one that tries and never rings anybody."""

import re

from tests.switch.calls import Call, Row
from tests.switch.scenario import cancelled, invited, pause, ringing, trying

NOTHING = Call("black_hole", (invited(), pause(20_000)), ring_timeout_s=15)
TRYING = Call("only_trying", (invited(), trying(), cancelled()), ring_timeout_s=15)
SILENT_PROGRESS = Call(
    "silent_progress",
    (invited(), trying(), ringing().replace("180 Ringing", "183 Session Progress"), cancelled()),
    ring_timeout_s=15,
)
DEAD = Call("dead_trunk", (invited(), pause(20_000)), names=("",) * 12, ring_timeout_s=30)
GIVEN_UP_S = 8.0
"""timer-T1X64 of the profile."""


def test_no_answer_at_all_is_known_long_before_the_ring_time_is_over(dialled):
    record = dialled.record(NOTHING)
    assert (record.disposition, record.hangup_cause, record.sip_code) == ("failed", "RECOVERY_ON_TIMER_EXPIRE", 408)
    took_s = (record.ended_at - record.originated_at).total_seconds()
    assert GIVEN_UP_S - 0.5 < took_s < GIVEN_UP_S + 4, "sooner than the shortest ring time, however busy the machine"
    seen = dialled.carrier_saw(NOTHING)
    assert len(re.findall(r"^INVITE ", seen, re.MULTILINE)) in (4, 5), (
        "after 0, 1, 3 and 7 s, or 0, 0.5, 1.5, 3.5 and 7.5 s"
    )
    assert len(set(re.findall(r"^Call-ID: (.*)$", seen, re.MULTILINE))) == 1
    assert "SIP/2.0 " not in seen.replace(" SIP/2.0\n", "").replace("Via: SIP/2.0", ""), "nothing was said"


def test_a_call_that_never_rings_is_the_trunks(dialled):
    assert dialled(TRYING) == Row("failed", "PROGRESS_TIMEOUT", None)
    assert "CANCEL" in dialled.carrier_saw(TRYING)


def test_progress_without_audio_is_a_sign_of_a_telephone(dialled):
    assert dialled(SILENT_PROGRESS) == Row("no_answer", "NO_ANSWER", None)


def test_a_dead_trunk_opens_its_breaker_and_uses_up_nobodys_retries_for_want_of_an_answer(dialled):
    dialled.wait_for(
        "SELECT h.reason FROM gateway_health h JOIN gateways g ON g.id = h.gateway_id"
        " WHERE g.name = %s AND h.state = 'open' AND h.reason = 'RECOVERY_ON_TIMER_EXPIRE 408'",
        DEAD.name,
        timeout_s=60,
    )
    assert {row.disposition for row in dialled.rows(DEAD)} == {"failed"}
    invited_for = set(re.findall(r"^Call-ID: (.*)$", dialled.carrier_saw(DEAD), re.MULTILINE))
    assert len(invited_for) == len(dialled.rows(DEAD)) == 12
