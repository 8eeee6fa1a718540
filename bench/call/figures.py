"""Computes what `make bench-call` says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.call.hooks import HookTimes
from bench.call.world import percentile

MOST_HOOK_CPU_S = 0.005
MOST_SCHEDULER_CPU_S = 0.002
MOST_WALL_RATIO = 2.0
MOST_GROWTH_BYTES = 4 * 1024 * 1024
WARM_SHARE = 0.2
"""What a process takes within the first fifth of the calls is its working set; what comes later is growth."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident bytes of a process once so many calls were concluded."""

    calls: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. memory: by process; connections: the most seen at once; most_connections: what the settings allow."""

    hooks: HookTimes
    scheduler_cpu_s: float
    memory: Mapping[str, Sequence[Sample]]
    calls: int
    wanted: int
    connections: int
    most_connections: int

    @property
    def wall_ratio(self) -> float:
        """The hook's p95 over a bare commit's p95."""
        return percentile(self.hooks.walls, 0.95) / percentile(self.hooks.commits, 0.95)

    @property
    def growth(self) -> int:
        """Bytes that the process which grew most took after its first fifth of the calls."""
        return max(growth(samples) for samples in self.memory.values())

    @property
    def broken(self) -> list[str]:
        """Name the goals that were not reached."""
        checks = (
            ("hook cpu", self.hooks.cpu_s <= MOST_HOOK_CPU_S),
            ("hook wall", self.wall_ratio <= MOST_WALL_RATIO),
            ("scheduler cpu", self.scheduler_cpu_s <= MOST_SCHEDULER_CPU_S),
            ("memory", self.growth <= MOST_GROWTH_BYTES),
            ("calls", self.calls >= self.wanted),
            ("connections", self.connections <= self.most_connections),
        )
        return [name for name, is_reached in checks if not is_reached]

    def last_line(self) -> str:
        """Spell the line that says it all."""
        return (
            f"bench-call: hook {1000 * self.hooks.cpu_s:.1f} ms CPU, p95 {self.wall_ratio:.1f} x a bare commit, "
            f"scheduler {1000 * self.scheduler_cpu_s:.1f} ms CPU, {self.growth / 1024 / 1024:+.1f} MiB over "
            f"{self.calls} calls, {self.connections} connections"
        )


def growth(samples: Sequence[Sample]) -> int:
    """Return the bytes by which the last fifth's median lies above that of the fifth after warming up.

    Raises ValueError when there are too few samples to say.
    """
    most = max((sample.calls for sample in samples), default=0)
    early = [s.bytes for s in samples if WARM_SHARE * most <= s.calls < 2 * WARM_SHARE * most]
    late = [s.bytes for s in samples if s.calls >= (1 - WARM_SHARE) * most]
    if not early or not late:
        raise ValueError("too few samples of memory")
    return int(percentile(late, 0.5) - percentile(early, 0.5))
