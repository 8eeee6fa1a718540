"""Early media before the answer is not an answer: the greeting starts at 200, not at 183."""

from tests.switch.callee import presses
from tests.switch.calls import Call, Row, answered
from tests.switch.scenario import (
    answer,
    cancelled,
    early_media,
    invited,
    pause,
    play,
    reject,
    trying,
)
from tests.switch.sounds import ringback_capture

ANSWERED = Call(
    "early_then_answer",
    (
        invited(), trying(), early_media(), play(ringback_capture()), pause(3000),
        answer(), *presses("1"),
    ),
)  # fmt: skip
REFUSED = Call("early_then_busy", (invited(), trying(), early_media(), pause(1500), reject("486 Busy Here")))
NEVER = Call("early_then_nothing", (invited(), trying(), early_media(), cancelled()))


def test_it_counts_from_the_answer(dialled):
    assert dialled(ANSWERED) == answered("interested", digits="1", leads=1)
    assert dialled.record(ANSWERED).billsec in (3, 4, 5)


def test_it_concludes_busy_after_early_media(dialled):
    assert dialled(REFUSED) == Row("busy", "USER_BUSY", 486)


def test_it_concludes_no_answer_after_early_media(dialled):
    row = dialled(NEVER)
    assert (row.disposition, row.hangup_cause, row.answered) == ("no_answer", "NO_ANSWER", False)
