"""Voicemail: the message follows the beep at once, a machine that has none is told apart, a key means a person."""

import pytest

from tests.switch.calls import Call, answered
from tests.switch.scenario import answer, hang_up, hung_up, invited, pause, play, trying
from tests.switch.sounds import digit_capture, mute_machine_capture, prompt, voicemail_capture

MODES = ("detect_then_greet", "greet_while_detecting")
BEEP_MS, MESSAGE_S = 400, 1.5
SILENCE_S = 0.6
"""Between the machine's last word and its beep."""
MACHINE = (invited(), trying(), answer(), play(voicemail_capture()), hung_up())
MUTE = (invited(), trying(), answer(), play(mute_machine_capture()), hung_up())
LEAVES = {"on_machine": "leave_message", "message": prompt("voicemail"), "keeps_audio": True}


def flow(mode: str, **amd: object) -> dict[str, object]:
    return {"amd_mode": mode, "greeting": prompt("long"), "amd": {**LEAVES, **amd}}


LEFT = {
    (mode, number): Call(f"voicemail_{mode}_{number}", MACHINE, flow=flow(mode), is_heard=True)
    for mode in MODES
    for number in range(3)
}
NO_BEEP = {mode: Call(f"no_beep_{mode}", MUTE, flow=flow(mode)) for mode in MODES}
ANYWAY = Call("no_beep_anyway", MUTE, flow=flow("detect_then_greet", without_beep="leave_message"), is_heard=True)
HANGS_UP = Call(
    "machine_hangs_up",
    (invited(), trying(), answer(), play(voicemail_capture()), pause(6000), hang_up()),
    flow=flow("detect_then_greet"),
)
PICKS_UP = Call(
    "person_picks_up",
    (invited(), trying(), answer(), play(voicemail_capture()), pause(6000), play(digit_capture("1")), hung_up()),
    flow=flow("detect_then_greet"),
)


@pytest.mark.parametrize("mode", MODES)
def test_the_message_is_left_and_on_record(dialled, mode):
    for number in range(3):
        assert dialled(LEFT[mode, number]) == answered("voicemail_left")
        assert dialled.record(LEFT[mode, number]).amd_verdict == "machine"
        evidence = dialled.evidence(LEFT[mode, number], "beep")
        assert (evidence["beep"], evidence["verdict"]) == ("heard", "machine")


@pytest.mark.parametrize("mode", MODES)
def test_the_message_follows_the_beep_at_once(dialled, mode):
    """The quickest of three: a machine that is busy with other things is late once in a while, our code is always."""
    after = []
    for number in range(3):
        sound = dialled.sound(LEFT[mode, number])
        beep = next(one for one in sound.said.stretches() if one.ends - one.begins < BEEP_MS / 1000 + 0.1)
        message = sound.heard.stretches()[-1]
        assert message.begins > beep.ends - 0.02, "the machine was not yet recording"
        assert message.ends - message.begins > MESSAGE_S - 0.2, "it hears the whole message"
        after.append(message.begins - beep.ends)
    assert min(after) <= 0.3, after


@pytest.mark.parametrize("mode", MODES)
def test_a_machine_without_a_beep_is_hung_up_on(dialled, mode):
    assert dialled(NO_BEEP[mode]) == answered("machine")
    assert dialled.evidence(NO_BEEP[mode], "beep")["beep"] == "none"


def test_a_machine_without_a_beep_gets_the_message_where_the_campaign_says_so(dialled):
    assert dialled(ANYWAY) == answered("voicemail_left")
    message = dialled.sound(ANYWAY).heard.stretches()[-1]
    assert message.ends - message.begins > MESSAGE_S - 0.2


def test_a_machine_that_hangs_up_has_no_message(dialled):
    assert dialled(HANGS_UP) == answered("machine")


def test_a_person_who_picks_up_and_presses_a_key_is_a_person(dialled):
    assert dialled(PICKS_UP) == answered("interested", digits="1", leads=1)
    assert dialled.record(PICKS_UP).amd_verdict == "human"


def test_the_first_seconds_are_kept_for_their_owner_alone(dialled):
    call = LEFT["detect_then_greet", 0]
    dialled.records(call)
    kept = dialled.wait_for(
        "SELECT amd_audio_path AS path FROM attempts WHERE campaign_id = %s AND amd_audio_path IS NOT NULL",
        dialled.placed[call.name].campaign_id,
    )
    path = dialled.folder("DIALER_RECORDINGS_DIR") / kept.path
    assert path.stat().st_mode & 0o777 == 0o600
    assert 7 * 16000 < path.stat().st_size <= 8 * 16000 + 44
