"""Keeps what the database says of each attempt beside the logs: the database goes with the run, a finding must not."""

import json
from dataclasses import asdict
from pathlib import Path

from tests.verifier.facts import Database


def keep_attempts(database: Database, path: Path) -> None:
    """Write one attempt a line, as JSON; times in ISO 8601."""
    with path.open("w", encoding="utf-8") as file:
        for attempt in database.attempts:
            file.write(json.dumps(asdict(attempt), default=str) + "\n")
