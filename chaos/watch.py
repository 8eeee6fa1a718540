"""What is going on now: calls as SIPp logs them, and the campaign as PostgreSQL tells it when it answers."""

import threading
import time
from pathlib import Path

import psycopg

from db import campaigns
from db.campaigns import Progress
from db.pool import connection_options
from sipp.log_reader import LOG_PATTERN, parse_facts

LOOK_EVERY_S = 0.5
LAST_INVITE_S = 0.5
"""So long after its death a switch's last INVITEs may be logged; no other one has started by then."""


class CarrierWatch:
    """Follows SIPp's log as it grows. rung: INVITEs so far."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self._open: set[str] = set()
        self._died_at = float("-inf")
        self.rung = 0

    def look(self) -> None:
        """Read what was added."""
        for path in self._folder.glob(LOG_PATTERN):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                added = file.read()
            whole = added[: added.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            for fact in parse_facts(whole.splitlines(keepends=True)):
                if fact.event == "invite":
                    self.rung += 1
                    if fact.at > self._died_at + LAST_INVITE_S:
                        self._open.add(fact.call_id)
                elif fact.event == "ended":
                    self._open.discard(fact.call_id)

    @property
    def up(self) -> int:
        """How many calls the switch holds: those of a switch that died do not count."""
        return len(self._open)

    def switch_died(self) -> None:
        """Take note that nobody will end the calls that are up."""
        self._died_at = time.time()
        self._open.clear()

    def has_orphans(self, longest_call_s: float) -> bool:
        """Whether callees of a switch that died may still be on the line: SIPp does not log the end of all of them."""
        return time.time() - self._died_at < longest_call_s


class CampaignWatch:
    """Asks PostgreSQL again and again how far the campaign is, on a thread of its own that may wait."""

    def __init__(self, database_url: str, campaign_id: int) -> None:
        self._url, self._campaign_id = database_url, campaign_id
        self.latest: Progress | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="campaign-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._is_over.set()

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                with psycopg.connect(
                    self._url, autocommit=True, **connection_options("chaos", 5000) | {"connect_timeout": 2}
                ) as connection:
                    while not self._is_over.wait(LOOK_EVERY_S):
                        self.latest = campaigns.progress(connection, self._campaign_id)
            except psycopg.Error:
                time.sleep(LOOK_EVERY_S)
