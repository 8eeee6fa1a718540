"""The baseline: the same switch told by a minimal Event Socket loop to place the same calls, with none of our code."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.event_socket import EventSocket

GATEWAY = "bench"
HOOK = "api_hangup_hook"


@contextmanager
def no_hook_of_ours(environment: Mapping[str, str]) -> Iterator[None]:
    """Let no leg's end be told to our scripts until the block ends, as it is of every leg."""
    events = EventSocket(environment)
    hook = events.api(f"global_getvar {HOOK}").strip()
    events.api(f"global_setvar {HOOK}=")
    try:
        yield
    finally:
        events.api(f"global_setvar {HOOK}={hook}")
        events.close()


def place_bare_calls(environment: Mapping[str, str], calls: int, calls_per_second: float, prompt: Path) -> None:
    """Originate at an even rate; who answers hears the prompt until they hang up."""
    events = EventSocket(environment)
    began = time.monotonic()
    for number in range(calls):
        variables = f"origination_uuid={uuid.uuid4()},ignore_early_media=true,originate_timeout=20"
        events.bgapi(f"originate {{{variables}}}sofia/gateway/{GATEWAY}/+7915{number:07d} &playback({prompt})")
        time.sleep(max(0.0, began + (number + 1) / calls_per_second - time.monotonic()))
    events.close()
