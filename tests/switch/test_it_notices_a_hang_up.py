"""The callee may hang up at any point; the conversation ends there and nothing is made up."""

from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, hang_up, invited, pause, play, trying
from tests.switch.sounds import digit_capture, long_prompt

IN_GREETING = Call(
    "hangs_up_in_greeting", (invited(), trying(), answer(), pause(1500), hang_up()), flow={"greeting": long_prompt()}
)
IN_MENU = Call(
    "hangs_up_in_menu", (invited(), trying(), answer(), pause(2500), hang_up()), flow={"input_timeout_ms": 8000}
)
AFTER_A_PRESS = Call(
    "hangs_up_after_press",
    (invited(), trying(), answer(), pause(2500), play(digit_capture("1")), pause(700), hang_up()),
    flow={"thanks": {"interested": long_prompt()}},
)


def test_it_concludes_hung_up_during_the_greeting(dialled):
    assert dialled(IN_GREETING) == answered("hung_up")
    assert dialled.record(IN_GREETING).billsec in (1, 2, 3)


def test_it_concludes_hung_up_during_the_menu(dialled):
    assert dialled(IN_MENU) == answered("hung_up")


def test_it_keeps_the_press_of_someone_who_hangs_up_during_the_thanks(dialled):
    assert dialled(AFTER_A_PRESS) == answered("interested", digits="1", leads=1)
