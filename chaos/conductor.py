"""Makes the plan's faults happen, each in its turn, with enough calls up, and writes down what was done when."""

import time
import uuid
from collections.abc import Sequence

from chaos.plan import Act, Fault, Part
from chaos.stack import ChaosStack
from chaos.watch import CarrierWatch
from db.errors import SpoolFull
from db.spool import Spool
from tests.verifier.strikes import Strike, StrikeLog

FILLER_BYTES = 64 * 1024
SPARE_CALLS = 2
"""So many more than wanted must be up: one or two may end before the signal is sent."""


class Conductor:
    """`tick` is called often. least_up: so many calls must be up before anything is done."""

    def __init__(
        self,
        stack: ChaosStack,
        plan: Sequence[Fault],
        carrier: CarrierWatch,
        log: StrikeLog,
        least_up: int,
        quota_bytes: int,
    ) -> None:
        self._stack, self._plan, self._carrier, self._log = stack, list(plan), carrier, log
        self._least_up, self._quota_bytes = least_up, quota_bytes
        self._due_at: float | None = None
        self._lasting: tuple[Fault, Strike, float] | None = None
        self.done: list[Strike] = []

    @property
    def is_over(self) -> bool:
        """Whether every fault has happened and what was away is back."""
        return not self._plan and self._lasting is None

    @property
    def left(self) -> int:
        """How many faults are still to come."""
        return len(self._plan)

    def tick(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._lasting is not None:
            if now >= self._lasting[2]:
                self.make_peace()
            return
        if not self._plan or self._carrier.rung < self._plan[0].after_calls:
            return
        if not self._stack.keepers[self._plan[0].part].is_ready:
            return
        if self._due_at is None:
            self._due_at = now + self._plan[0].delay_s
        if now >= self._due_at and self._carrier.up >= self._least_up + SPARE_CALLS:
            self._due_at = None
            self._begin(self._plan.pop(0))

    def make_peace(self) -> None:
        """Let what is away come back."""
        if self._lasting is not None:
            fault, strike, _ = self._lasting
            ended_at = time.time()  # before: what leaves from now on may
            self._end(fault)
            self._log.write(strike.ended(ended_at))
            self._lasting = None

    def _begin(self, fault: Fault) -> None:
        keeper = self._stack.keepers[fault.part]
        strike = Strike(fault.act, fault.part, time.time(), self._carrier.up)
        match fault.act:
            case Act.KILL:
                began, ended = keeper.kill()
                if fault.part is Part.SWITCH:
                    self._carrier.switch_died()
                strike = Strike(fault.act, fault.part, began, strike.up, ended)
            case Act.STOP:
                keeper.keep_down()
            case Act.FREEZE:
                strike = Strike(fault.act, fault.part, keeper.freeze(), strike.up)
            case Act.FILL:
                keeper.keep_down()
                fill(Spool(self._stack.spool, self._quota_bytes))
        self.done.append(strike)
        self._log.write(strike)
        if fault.lasts_s:
            self._lasting = (fault, strike, time.monotonic() + fault.lasts_s)

    def _end(self, fault: Fault) -> None:
        keeper = self._stack.keepers[fault.part]
        if fault.act is Act.FREEZE:
            keeper.thaw()
        else:
            keeper.let_up()


def fill(spool: Spool) -> None:
    """Fill the quota with records of attempts that do not exist, which are drained like any other."""
    size = FILLER_BYTES
    while size:
        try:
            spool.write(
                "answered", {"attempt_id": str(uuid.uuid4()), "at": "2026-01-01T00:00:00+00:00", "x": "x" * size}
            )
        except SpoolFull:
            size //= 2
