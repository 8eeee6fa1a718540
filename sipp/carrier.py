"""Runs SIPp as the carrier until enough calls have ended, time is up, or somebody asks it to stop."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from sipp.log_reader import parse_facts
from sipp.mix import parse_mix, sequence
from sipp.process import Sipp
from sipp.scenario import LONGEST_CALL_MS, write_scenario

POLL_S = 0.1
LAST_CALLS_S = 5.0
"""When all wanted calls have ended, SIPp gets so long to forget them."""


@dataclass(frozen=True, slots=True)
class CarrierOptions:
    """calls: end after so many; None: never. duration_s: end after so long; None: never.

    longest_call_s: a callee that nobody hangs up on leaves after so long; None: after ten minutes.
    """

    port: int
    media_port: int
    mix: str
    log_dir: Path
    seed: int = 7
    calls: int | None = None
    duration_s: float | None = None
    local_ip: str = "127.0.0.1"
    trace_messages: bool = False
    longest_call_s: float | None = None


class Progress:
    """Counts invites and ended calls as the log grows."""

    def __init__(self, path: Path) -> None:
        self.path, self.invited, self.ended = path, 0, 0
        self._read = 0

    def update(self) -> None:
        """Read what was added since the last time."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._read += len(whole)
        for fact in parse_facts(whole.splitlines(keepends=True)):
            self.invited += fact.event == "invite"
            self.ended += fact.event == "ended"


class Carrier:
    """The carrier: `start`, then `run` until it is over, then `stop`."""

    def __init__(self, options: CarrierOptions) -> None:
        self.options = options
        stem = options.log_dir / f"calls-{time.time_ns() // 1_000_000}-{options.port}"
        self.calls_log = stem.with_suffix(".log")
        self.progress = Progress(self.calls_log)
        self._stem = stem
        self._sipp: Sipp | None = None

    def start(self) -> None:
        """Write scenario and captures, start SIPp, return when it listens; raises InvalidMix, SippDied, NoRawSocket."""
        options = self.options
        mix = parse_mix(options.mix)
        options.log_dir.mkdir(parents=True, exist_ok=True)
        folder = options.log_dir / f"scenario-{options.port}"
        longest_ms = LONGEST_CALL_MS if options.longest_call_s is None else round(options.longest_call_s * 1000)
        order = sequence(mix, options.seed, options.calls)
        scenario = write_scenario(folder, mix, order, options.calls, longest_ms)
        more = [
            "-inf",
            str((folder / "kinds.csv").resolve()),
            "-trace_logs",
            "-log_file",
            str(self.calls_log.resolve()),
        ]
        if options.trace_messages:
            more += ["-trace_msg", "-message_file", str(self._stem.with_suffix(".messages").resolve())]
        self._sipp = Sipp(
            scenario,
            local_ip=options.local_ip,
            port=options.port,
            media_port=options.media_port,
            options=more,
            log_stem=self._stem,
        )
        self._sipp.wait_until_it_listens()

    def run(self, stopped: threading.Event) -> bool:
        """Return when it is over: True in the ordinary way, False when SIPp died by itself."""
        assert self._sipp is not None
        deadline = time.monotonic() + self.options.duration_s if self.options.duration_s else None
        while not stopped.wait(POLL_S):
            self.progress.update()
            if self._sipp.process.poll() is not None:
                return False
            if self.options.calls and self.progress.ended >= self.options.calls:
                break
            if deadline and time.monotonic() > deadline:
                break
        return True

    def stop(self) -> None:
        """End SIPp; nothing of it is left."""
        if self._sipp:
            self._sipp.stop()
        self.progress.update()

    def complaints(self) -> str:
        """Return what SIPp complained about."""
        return self._sipp.complaints() if self._sipp else ""
