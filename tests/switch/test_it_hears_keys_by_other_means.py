"""Keys arrive by SIP INFO, or in the audio where the callee's side knows no telephone events."""

from tests.switch.callee import presses
from tests.switch.calls import Call, answered
from tests.switch.scenario import PCMA_WITHOUT_EVENTS, PCMU, answer, hung_up, info_digit, invited, pause, play, trying
from tests.switch.sounds import inband_capture

BY_INFO = Call("by_info", (invited(), trying(), answer(), pause(2500), info_digit("1"), hung_up()))
IN_BAND = Call(
    "in_band",
    (invited(), trying(), answer(PCMA_WITHOUT_EVENTS), pause(2500), play(inband_capture("1")), hung_up()),
)
OVER_MU_LAW = Call("mu_law", (invited(), trying(), answer(PCMU), *presses("1")))


def test_it_hears_sip_info(dialled):
    assert dialled(BY_INFO) == answered("interested", digits="1", leads=1)


def test_it_hears_in_band_tones_once(dialled):
    assert dialled(IN_BAND) == answered("interested", digits="1", leads=1)


def test_it_hears_telephone_events_beside_mu_law(dialled):
    assert dialled(OVER_MU_LAW) == answered("interested", digits="1", leads=1)
