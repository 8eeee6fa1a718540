"""One of several switches as this scheduler sees it: its connection, what it answers, and why it gets no calls."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from db.switches import Seen, SwitchRow
from dialer.spool_sign import SpoolSign
from dialer.switches import Out, Sighting, why_out
from scheduler.event_socket import MaybeSent, NotSent
from scheduler.switch import Headers, Switch

logger = logging.getLogger(__name__)

ASK_EVERY_S = 0.4
PROBE_FAILED = "asking a switch how it is failed"

OnReply = Callable[[str, str, Switch], None]


class Node:
    """Thread-safe: whatever more than one thread uses is replaced as a whole."""

    def __init__(
        self,
        row: SwitchRow,
        password: Callable[[], str],
        *,
        on_hangup: Callable[[Headers], None],
        on_reply: OnReply,
        on_connected: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.row = row
        self._on_connected, self._clock = on_connected, clock
        self.line: Switch = Switch(
            row.host,
            row.port,
            password,
            on_hangup=on_hangup,
            on_reply=lambda attempt_id, answer: on_reply(attempt_id, answer, self.line),
            on_connected=self._connected,
        )
        self.visit = 0
        """Grows with each connection: what was found out in an earlier one says nothing of this one."""
        self._compared_in = self._drained_in = -1
        self._answered_at = float("-inf")
        self._sign: SpoolSign | None = None
        self._sign_at = float("-inf")
        self._refuses_until = float("-inf")
        self._channels: int | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, name=f"switch {row.name}", daemon=True)

    @property
    def id(self) -> int:
        """The row's id."""
        return self.row.id

    def start(self) -> None:
        """Connect, and ask on."""
        self.line.start()
        self._thread.start()

    def stop(self) -> None:
        """Disconnect for good."""
        self._is_over.set()
        self.line.stop()

    def why_out(self) -> Out | None:
        """Return why it gets no call now, None: it does."""
        now, visit = self._clock(), self.visit
        return why_out(
            Sighting(
                is_enabled=self.row.is_enabled,
                is_connected=self.line.core_uuid is not None,
                answer_age_s=now - self._answered_at,
                sign_age_s=now - self._sign_at if self._sign else None,
                is_full=self._sign is not None and self._sign.is_full,
                is_compared=self._compared_in == visit,
                is_drained=self._drained_in == visit,
                is_refusing=now < self._refuses_until,
                is_password_refused=self.line.is_refused,
            )
        )

    def compared(self, visit: int) -> None:
        """Its open attempts were looked at in this visit."""
        self._compared_in = visit

    def refused(self, wait_s: float) -> None:
        """It refuses originates: let it rest for so long."""
        self._refuses_until = self._clock() + wait_s

    def has_empty_spool(self) -> bool:
        """Whether it says now, afresh, that no result waits on its disk, not even for something to be mended."""
        now, sign = self._clock(), self._sign
        is_fresh = now - self._sign_at <= ASK_EVERY_S * 5
        return sign is not None and sign.waits + sign.kept == 0 and is_fresh and self.line.core_uuid is not None

    def count_channels(self) -> None:
        """Ask the switch how many channels are up, for `seen`. Raises NotSent, MaybeSent."""
        self._channels = None
        if self.line.core_uuid:
            self._channels = self.line.channel_count()

    def seen(self) -> Seen:
        """Return what the panel is to know; asks nothing."""
        age_s = self._clock() - self._answered_at
        reason = self.why_out()
        silent_s = age_s if self._answered_at > float("-inf") else None
        kept = self._sign.kept if self._sign else 0
        return Seen(self.id, self.line.core_uuid, self._channels, str(reason) if reason else None, silent_s, kept)

    def ask(self) -> None:
        """Ask the switch for its scripts' sign of life, which also says that it answers. Raises NotSent, MaybeSent."""
        visit = self.visit
        sign = self.line.sign_of_life()
        now = self._clock()
        if visit != self.visit:
            return
        self._answered_at = now
        if sign is None or (self._sign is not None and sign.beat == self._sign.beat):
            return
        self._sign, self._sign_at = sign, now
        self.line.tap_dir = sign.tap_dir
        if sign.waits == 0:
            self._drained_in = visit

    def _ask_on(self) -> None:
        while not self._is_over.wait(ASK_EVERY_S):
            try:
                if self.line.core_uuid is not None:
                    self.ask()
            except (NotSent, MaybeSent):
                continue  # the connection says the rest
            except Exception:
                logger.exception(PROBE_FAILED)

    def _connected(self, _core_uuid: str) -> None:
        # First the visit: what an earlier one knows must not count for a moment longer.
        self.visit += 1
        self._sign, self._answered_at = None, self._clock()
        self._on_connected()


def facts(row: SwitchRow) -> Mapping[str, object]:
    """Return what log lines say of a switch."""
    return {"switch": row.name, "switch_id": row.id}
