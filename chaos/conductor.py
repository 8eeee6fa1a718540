"""Makes the plan's faults happen, each in its turn, with enough calls up, and writes down what was done when."""

import time
import uuid
from collections.abc import Callable, Sequence

from chaos.plan import Act, Fault, Part
from chaos.stack import ChaosStack
from chaos.watch import CarrierWatch
from db.errors import SpoolFull
from db.spool import Spool
from tests.verifier.strikes import Strike, StrikeLog

FILLER_BYTES = 64 * 1024
SPARE_SHARE = 0.3
"""So many more than wanted must be up: a few may end before the signal is sent."""


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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._stack, self._plan, self._carrier, self._log = stack, list(plan), carrier, log
        self._least_up, self._quota_bytes = least_up, quota_bytes
        self._due_at: float | None = None
        self._lasting: tuple[Fault, Strike, float] | None = None
        self.done: list[Strike] = []
        self.struck_at = 0.0
        """When something was done last, or ended, epoch s."""

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
        now = self._clock()
        if self._lasting is not None:
            if now >= self._lasting[2]:
                self.make_peace()
            return
        if not self._may_happen():
            self._due_at = None  # counted anew, else it would come in the very moment in which enough calls are up
        elif self._due_at is None:
            self._due_at = now + self._plan[0].delay_s
        elif now >= self._due_at:
            self._due_at = None
            self._begin(self._plan.pop(0))

    def _may_happen(self) -> bool:
        if not self._plan or self._carrier.rung < self._plan[0].after_calls:
            return False
        is_ready = self._stack.keepers[self._plan[0].part].is_ready
        return is_ready and self._carrier.up >= self._least_up * (1 + SPARE_SHARE)

    def make_peace(self) -> None:
        """Let what is away come back."""
        if self._lasting is not None:
            fault, strike, _ = self._lasting
            ended_at = time.time()  # before: what leaves from now on may
            self._end(fault)
            self._log.write(strike.ended(ended_at))
            self.struck_at = time.time()
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
        self.struck_at = time.time()
        if fault.lasts_s:
            self._lasting = (fault, strike, self._clock() + fault.lasts_s)

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
