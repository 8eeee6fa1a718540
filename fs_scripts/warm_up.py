"""The switch's start: import what calls need, tidy up after a switch that died, start the workers."""

import importlib
import logging
import sys
import threading

from fs_scripts import amd_audio, background, channel, entries, lead_worker, log, sign_of_life, spool_worker
from fs_scripts.amd import model, tap
from fs_scripts.early_ears import EarlyEars
from fs_scripts.resources import Resources, resources
from integrations import lead_delivery

logger = logging.getLogger(__name__)

READY = "call scripts ready"
FAILED = "the call scripts can't work: calls will be abandoned until this is corrected"
SWEPT = "taps of a switch that died were deleted"

WORKER_STACK_BYTES = 1024 * 1024
"""The switch leaves 240 KB to a thread; TLS to a CRM or a database driver's own threads may need more."""

WORKER_WAIT_MS = 5000
"""A worker's longest wait for PostgreSQL: nobody on a line waits for it."""

TURN_S = 0.0005
"""How long a thread may go on in Python while another waits for its turn; by default 5 ms, several times a hangup hook,
which waits so long when PostgreSQL answers it while some thread is telling Redis of many calls."""

NEEDED_BY_CALLS = ("fs_scripts.call", "fs_scripts.ending", "numpy")


def run() -> None:
    """Make everything ready once. Never raises; a failure is in the log and every call is abandoned until then."""
    try:
        sys.setswitchinterval(TURN_S)
        threading.stack_size(WORKER_STACK_BYTES)  # of Python's own threads only; the calls' are the switch's
        shared = resources()
        log.set_up(shared.settings.log_level)
        _start(shared)
        logger.info(READY)
    except Exception:
        log.set_up("INFO")
        logger.exception(FAILED)


def _start(shared: Resources) -> None:
    for name in NEEDED_BY_CALLS:
        importlib.import_module(name)
    entries.keep()
    model.load()
    left = tap.sweep(shared.settings.tap_dir)
    if left:
        logger.warning(SWEPT, extra={"count": left})
    shared.settings.recordings_dir.mkdir(parents=True, exist_ok=True)
    shared.memory.learn_setups(WORKER_WAIT_MS)
    background.start_thread("listening", shared.listeners.run)
    ears = EarlyEars(shared.settings.tap_dir, shared.memory.early_media, shared.background.put)
    background.start_thread("early-media", ears.run)
    kept = shared.settings.recordings_dir, shared.settings.amd_audio_days
    background.start_thread("amd-audio", lambda: amd_audio.sweep_for_ever(*kept))
    background.start_thread("spool", lambda: spool_worker.run(shared.postgres, shared.spool))
    background.start_thread(
        "sign-of-life", lambda: sign_of_life.run(shared.spool, shared.settings.tap_dir, channel.tell_all)
    )
    deliver = lead_delivery.deliverer(
        shared.settings, lambda job: shared.postgres.run(job, WORKER_WAIT_MS), shared.redis
    )
    background.start_thread("leads", lambda: lead_worker.run(deliver))
