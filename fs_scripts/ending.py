"""The end of a leg, as the hangup hook hears of it: conclude the attempt, free its channel, wake the lead worker."""

import logging
from datetime import UTC, datetime
from functools import partial
from typing import Any

from dialer import switch_facts
from fs_scripts import amd_audio, channel, lead_worker
from fs_scripts.amd.tap import early_path_for, path_for
from fs_scripts.resources import Resources, resources
from fs_scripts.sentences import HOOK_FAILED

logger = logging.getLogger(__name__)

CONCLUDED = "an attempt was concluded"


def run(env: Any) -> None:
    """Conclude the attempt of the leg whose final event `env` is. Never raises: nobody could handle it."""
    try:
        _conclude(env, resources())
    except Exception:
        logger.exception(HOOK_FAILED, extra={"attempt_id": switch_facts.attempt_id_of(env.getHeader)})


def _conclude(env: Any, shared: Resources) -> None:
    ids = switch_facts.ids_from_headers(env.getHeader)
    if ids is None:
        return
    facts = switch_facts.facts_of_ours(env.getHeader, datetime.now(UTC))
    concluded = shared.memory.concluded(facts, ids.basis)
    shared.announcer.release(facts.attempt_id)
    if concluded:
        channel.disown(facts.attempt_id)  # what waits in the spool has the scheduler for its second witness
    disposition = concluded.disposition if concluded else None
    shared.announcer.announce(
        "call.ended",
        attempt_id=facts.attempt_id,
        campaign_id=ids.campaign_id,
        disposition=disposition,
        hangup_cause=facts.hangup_cause,
        billsec=facts.billsec,
    )
    if concluded and concluded.lead_id is not None:
        lead_worker.wake()
    # What the leg's thread need not wait for is done with what it has read: the event is gone by then.
    if env.getHeader(f"variable_{switch_facts.TAPPED}"):
        keeps_audio = env.getHeader(f"variable_{switch_facts.AMD_AUDIO}") == "true"
        shared.background.put(partial(_put_away_tap, shared, facts.attempt_id, keeps_audio=keeps_audio))
    if concluded:
        fields = {"attempt_id": facts.attempt_id, "cause": facts.hangup_cause, "disposition": disposition}
        shared.background.put(partial(logger.info, CONCLUDED, extra=fields))


def _put_away_tap(shared: Resources, attempt_id: str, *, keeps_audio: bool) -> None:
    """Keep the tap's beginning where the campaign asks for it; else delete it."""
    tap_dir = shared.settings.tap_dir
    early_path_for(tap_dir, attempt_id).unlink(missing_ok=True)
    tap = path_for(tap_dir, attempt_id)
    if not keeps_audio:
        tap.unlink(missing_ok=True)
        return
    path = amd_audio.keep(tap, shared.settings.recordings_dir, attempt_id)
    if path is not None:
        shared.memory.audio_kept(attempt_id, path)
