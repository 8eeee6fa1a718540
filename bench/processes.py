"""The CPU time of everything that runs below us, by its part in the product."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

OURS = "the measurement"
REST = "kernel and others"
"""What the machine worked beyond the processes named: network and disk on the kernel's own account, other programs."""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds so far, by part; the parts' sum is what the whole machine worked."""

    seconds: Mapping[str, float]

    @staticmethod
    def now(parts: Mapping[str, int]) -> "Usage":
        """Look once. parts: name → process id; a part's children and those that it outlived count as its own.

        What else runs below this process is the measurement.
        """
        names = {pid: name for name, pid in parts.items()}
        spent = dict.fromkeys((*parts, OURS), 0.0)
        stats = dict(_stats())
        for pid, stat in stats.items():
            name = _part_of(pid, stats, names)
            if name is not None:
                spent[name] += stat.own_s + (stat.buried_s if pid in names else 0.0)
        return Usage({**spent, REST: max(0.0, _machine_s() - sum(spent.values()))})

    def since(self, before: "Usage", calls: int) -> dict[str, float]:
        """Return the CPU seconds per call, by part, since then."""
        return {name: (seconds - before.seconds.get(name, 0.0)) / calls for name, seconds in self.seconds.items()}


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    own_s: float
    buried_s: float  # of children that have ended


def _stats() -> Iterator[tuple[int, _Stat]]:
    tick = os.sysconf("SC_CLK_TCK")
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        user, system, buried_user, buried_system = (int(field) / tick for field in fields[11:15])
        yield int(path.parent.name), _Stat(int(fields[1]), user + system, buried_user + buried_system)


def _part_of(pid: int, stats: Mapping[int, _Stat], names: Mapping[int, str]) -> str | None:
    """Return the nearest part above, None for what does not run below us."""
    here = os.getpid()
    while pid in stats:
        if pid in names:
            return names[pid]
        if pid == here:
            return OURS
        pid = stats[pid].parent
    return None


def _machine_s() -> float:
    """Return the seconds that all cores were busy: user, nice, system, interrupts."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _waiting, interrupts, soft, *_ = (int(field) for field in fields)
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def table(bare: Mapping[str, float], product: Mapping[str, float], cores: int) -> str:
    """Spell what a call costs each part, CPU seconds in, and how many calls a second that leaves the machine."""
    lines = [f"{'ms of CPU per call':22}{'bare':>8}{'product':>9}"]
    lines += [f"{name:22}{1000 * bare.get(name, 0.0):8.2f}{1000 * spent:9.2f}" for name, spent in product.items()]
    sums = sum(bare.values()), sum(product.values())
    lines.append(f"{'all':22}{1000 * sums[0]:8.2f}{1000 * sums[1]:9.2f}")
    most = (f"{cores / spent:.0f}" if spent > 0 else "-" for spent in sums)
    return "\n".join([*lines, f"{'calls/s at most':22}" + "{:>8}{:>9}".format(*most)])
