"""re-INVITE, a lost ACK and a digest challenge are the trunk's everyday life."""

from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import (
    answer,
    answer_as_if_the_ack_were_lost,
    challenge,
    invited,
    invited_with_credentials,
    pause,
    reinvite,
    trying,
)

REINVITED = Call(
    "reinvite",
    (invited(), trying(), answer(), pause(1200), reinvite(), *presses("1", after_ms=1300)),
)
LOST_ACK = Call(
    "lost_ack",
    (invited(), trying(), answer_as_if_the_ack_were_lost(), *presses("1", after_ms=2000)),
    sipp_options=("-nr",),  # SIPp must not take the second ACK for a repetition
)
CHALLENGED = Call(
    "challenged",
    (
        invited(),
        challenge(),
        invited_with_credentials("dialer", "s3cret"),
        trying(),
        answer(),
        *presses("1"),
    ),
    gateway={"username": "dialer", "password": "s3cret"},
)


def test_it_goes_on_after_a_reinvite(dialled):
    assert dialled(REINVITED) == answered("interested", digits="1", leads=1)


def test_it_acknowledges_a_repeated_answer(dialled):
    assert dialled(LOST_ACK) == answered("interested", digits="1", leads=1)


def test_it_answers_a_digest_challenge(dialled):
    assert dialled(CHALLENGED) == answered("interested", digits="1", leads=1)
