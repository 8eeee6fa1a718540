"""Names full of quotes, commas, braces and commands are data everywhere: in the dial string, the dialplan, the lead."""

from pathlib import Path

import pytest

from devstack.switch import SwitchKind
from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, invited, trying

MARK = Path("/tmp/dialer-a-name-was-run")
NAMES = (
    'O\'Neil, "Bob" {x=1}',
    f"${{system(touch {MARK})}}",
    f"[a=b]'); DROP TABLE contacts; -- ${{system(touch {MARK})}}",
    "Иван\tПетров\\n^^:|<b>&amp;",
)
CALL = Call(
    "odd_names",
    (invited(), trying(), answer(), *presses("1")),
    names=NAMES,
)


@pytest.fixture(scope="module", autouse=True)
def no_mark_of_an_earlier_run():
    MARK.unlink(missing_ok=True)


def test_it_calls_everyone_and_runs_nothing(dialled):
    rows = dialled.rows(CALL)
    assert rows == [answered("interested", digits="1", leads=1)] * len(NAMES)
    assert dialled.lead_names(CALL) == sorted(NAMES)
    assert not MARK.exists()
    if dialled.switch_kind is SwitchKind.EMBEDDED:  # it runs no command whatever it is asked; it counts them
        assert "shell commands refused 0" in dialled.ask_switch("status")
