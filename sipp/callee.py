"""A single callee for tests: SIPp with one scenario, or one kind of the carrier's, on a port of its own."""

import tempfile
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from typing import Self

from sipp.kinds import KINDS
from sipp.log_reader import CarrierCall, read_calls
from sipp.process import Sipp, free_udp_port
from sipp.scenario import KIND_LIST, write_scenario

LOOPBACK = "127.0.0.1"
CALL_WITHIN_S = 60.0


class Callee:
    """A context manager: SIPp listens inside it, and nothing of SIPp is left after it.

    scenario: a file of scenario XML, the XML itself, or the name of a kind (`python -m sipp kinds`).
    calls: SIPp ends after so many. options: more of SIPp's own. Afterwards `messages` and `log` can still be read
    when `folder` is given; without one they go with the context.
    """

    def __init__(
        self,
        scenario: Path | str,
        port: int | None = None,
        *,
        calls: int = 1,
        folder: Path | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.port = port or free_udp_port(LOOPBACK)
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="callee-")
        self.folder = folder or Path(self._temporary.name if self._temporary else "")
        self._scenario, self._calls, self._options = scenario, calls, list(options)
        self._message_file = self.folder / "callee.messages"
        self._log_file = self.folder / "calls-callee.log"
        self._sipp: Sipp | None = None

    @property
    def address(self) -> str:
        """Return where it listens, `ip:port`."""
        return f"{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        scenario = self._write()
        options = ["-m", str(self._calls), "-trace_msg", "-message_file", str(self._message_file.resolve())]
        options += ["-trace_logs", "-log_file", str(self._log_file.resolve()), *self._options]
        self._sipp = Sipp(
            scenario,
            local_ip=LOOPBACK,
            port=self.port,
            media_port=free_udp_port(LOOPBACK, 4),
            options=options,
            log_stem=self.folder / "callee",
            with_media="play_pcap" in scenario.read_text(encoding="utf-8"),
        )
        try:
            self._sipp.wait_until_it_listens()
        except BaseException:
            self._sipp.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._sipp:
            self._sipp.stop()
        if self._temporary:
            self._temporary.cleanup()

    def wait(self, timeout_s: float = CALL_WITHIN_S) -> bool:
        """Wait until the last call is over; True: every call went as the scenario says.

        Raises subprocess.TimeoutExpired when the calls are not over in time.
        """
        assert self._sipp is not None
        return self._sipp.process.wait(timeout_s) == 0

    def messages(self) -> str:
        """Return every SIP message sent and received so far."""
        return self._text(self._message_file)

    def log(self) -> str:
        """Return what the scenario's <log> actions wrote so far."""
        return self._text(self._log_file)

    def complaints(self) -> str:
        """Return what SIPp complained about."""
        return self._sipp.complaints() if self._sipp else ""

    def calls(self) -> list[CarrierCall]:
        """Return the calls so far, when the scenario is a kind's."""
        return read_calls(self.folder)

    def _write(self) -> Path:
        if isinstance(self._scenario, Path):
            return self._scenario
        if self._scenario in KINDS:
            name = self._scenario
            path = write_scenario(self.folder, [name], repeat(name), self._calls)
            self._options += ["-inf", str((self.folder / KIND_LIST).resolve())]
            return path
        path = self.folder / "callee.xml"
        path.write_text(self._scenario, encoding="utf-8")
        return path

    @staticmethod
    def _text(path: Path) -> str:
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
