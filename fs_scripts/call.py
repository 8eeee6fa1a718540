"""One answered call from its first moment to its last: wires the conversation and lets nothing escape."""

import logging
from pathlib import Path
from typing import Any

from dialer import switch_facts
from dialer.amd import AmdAction, AmdMode
from dialer.call_flow import CallFlow
from dialer.call_ids import CALL, call_ids_in
from dialer.prompt import Prompt
from dialer.settings import Settings
from fs_scripts import operator_leg, prompts, thresholds
from fs_scripts.amd.beep import BeepDetector
from fs_scripts.amd.decision import AnswerDetector
from fs_scripts.amd.tap import early_path_for
from fs_scripts.amd_audio import KEPT_S
from fs_scripts.call_record import CallRecord
from fs_scripts.channel import Channel
from fs_scripts.conversation import Conversation
from fs_scripts.ear import Deaf, Ear, Wishes
from fs_scripts.memory import Setup
from fs_scripts.menu import Menu
from fs_scripts.prompts import PromptMissing
from fs_scripts.resources import Resources, resources

logger = logging.getLogger(__name__)

NO_FLOW = "nobody can say how to hold this call, it is abandoned"
FAILED = "the call script failed"

BROKEN = "NORMAL_TEMPORARY_FAILURE"
"""Cause with which a call that we can't hold is hung up."""


class NotOurs(ValueError):
    """The channel carries no attempt: somebody else's originate led to the dialplan's extension of ours."""


def run(session: Any) -> None:
    """Hold the call of this session. Never raises: the switch copies an exception's text into a fixed buffer."""
    channel: Channel | None = None
    try:
        channel = Channel(session)
        _hold(channel, resources())
    except Exception:
        logger.exception(FAILED, extra={"attempt_id": channel.uuid if channel else ""})
        _hang_up_broken(channel)
    finally:
        _release(channel)


def _hold(channel: Channel, shared: Resources) -> None:
    attempt_id, ids = channel.uuid, call_ids_in(channel.variable(CALL))
    if ids is None:
        raise NotOurs(attempt_id)
    record = CallRecord(channel, attempt_id, ids.campaign_id, shared.memory, shared.announcer, shared.background)
    read = shared.settings
    setup = record.answered(ids.flow_version_id, lambda expected: _speaks_at_once(expected, read))
    if setup is None:
        logger.error(NO_FLOW, extra={"attempt_id": attempt_id})
        record.abandoned()
        channel.hang_up(BROKEN)
        return
    if setup.flow.amd.hears_early_media:
        channel.end_early_tap(early_path_for(shared.settings.tap_dir, attempt_id))
    if not channel.hears_key_events():
        channel.start_tone_keys()
    if setup.is_recording:
        _record_whole_call(channel, shared.settings.recordings_dir, attempt_id)

    def path_of(prompt: Prompt) -> Path:
        return prompts.path_of(prompt, setup.flow.language, read.sounds_dir, read.audio_dir)

    is_listening = setup.flow.amd_mode is not AmdMode.OFF
    ear = _ear(channel, attempt_id, setup.flow, shared, record) if is_listening else Deaf()

    def connect(number: str) -> bool:
        is_through = operator_leg.connect(channel, shared, attempt_id, number)
        if not is_through:
            record.no_operator()
        return is_through

    conversation = Conversation(channel, ear, record, setup.flow, path_of, Menu(setup.flow), connect)
    try:
        conversation.hold()
    finally:
        ear.stop()
        record.close()


def _speaks_at_once(setup: Setup, read: Settings) -> bool:
    """Whether the greeting follows the answer with nothing in between that takes time or could fail."""
    flow = setup.flow
    if setup.is_recording or flow.amd_mode is not AmdMode.OFF or flow.amd.hears_early_media:
        return False
    try:
        prompts.path_of(flow.greeting, flow.language, read.sounds_dir, read.audio_dir)
    except PromptMissing:
        return False
    return True


def _ear(channel: Channel, attempt_id: str, flow: CallFlow, shared: Resources, record: CallRecord) -> Ear:
    plan = flow.amd
    awaits_beep = plan.on_machine is AmdAction.LEAVE_MESSAGE
    wishes = Wishes(
        cut_short=plan.cut_short(),
        awaits_beep=awaits_beep,
        keeps_audio=plan.keeps_audio,
        tap_s=KEPT_S + (plan.beep_wait_ms // 1000 if awaits_beep else 0),
    )
    if plan.keeps_audio:
        channel.remember(switch_facts.AMD_AUDIO, "true")
    beeps = BeepDetector() if awaits_beep else None
    detector = AnswerDetector(*thresholds.applied(plan.thresholds))
    return Ear(channel, attempt_id, shared.settings.tap_dir, detector, record.evidence, shared.listeners, beeps, wishes)


def _record_whole_call(channel: Channel, folder: Path, attempt_id: str) -> None:
    path = folder.absolute() / attempt_id[:2] / f"{attempt_id}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    channel.remember(switch_facts.RECORDING, str(path.relative_to(folder.absolute())))
    channel.start_recording(path)


def _hang_up_broken(channel: Channel | None) -> None:
    """End a call whose script failed; before the message began a person counts as abandoned."""
    if channel is None:
        return
    try:
        if not channel.variable(switch_facts.MESSAGE_STARTED) and not channel.variable(switch_facts.OUTCOME):
            channel.remember(switch_facts.OUTCOME, "abandoned")
        channel.hang_up(BROKEN)
    except Exception:
        logger.exception(FAILED)


def _release(channel: Channel | None) -> None:
    try:
        if channel is not None:
            channel.release()
    except Exception:
        logger.exception(FAILED)
