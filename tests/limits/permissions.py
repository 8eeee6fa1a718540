"""Which calls and operators' legs were allowed to leave, as schedulers and call scripts wrote it into their logs."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ORIGINATED = "an originate was sent"
OPERATOR_CALLED = re.compile(r'{.*"an operator is called".*}')


def originates(scheduler_logs: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield what the schedulers wrote down of each call that left."""
    for log in scheduler_logs:
        for line in log.read_text(encoding="utf-8").splitlines():
            said = _json(line)
            if said.get("event") == ORIGINATED:
                yield said


def operators_legs(switch_logs: Sequence[Path]) -> list[dict[str, Any]]:
    """Return what the scripts wrote down of each operator's leg, once: a real switch says it twice."""
    said = [log.read_text(encoding="utf-8", errors="replace") for log in switch_logs]
    legs = [_json(found.group()) for text in said for found in OPERATOR_CALLED.finditer(text)]
    return list({leg["attempt_id"]: leg for leg in legs}.values())


def _json(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
