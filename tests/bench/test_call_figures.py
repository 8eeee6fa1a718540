"""What `make bench-call` says is computed from what was measured: seeded faults move it as they must."""

from dataclasses import replace

import pytest

from bench.call.figures import Measured, Sample, growth
from bench.call.hooks import HookTimes

MIB = 1024 * 1024
FLAT = [Sample(n, 60 * MIB) for n in range(0, 50_001, 500)]
GOOD = Measured(
    HookTimes([0.001] * 94 + [0.003] * 6, [0.001] * 94 + [0.002] * 6, 0.0012),
    0.0015,
    {"scheduler": FLAT, "scripts": FLAT},
    50_000,
    50_000,
    13,
    15,
)


def test_a_run_that_reached_its_goals_says_so():
    assert GOOD.broken == []
    assert GOOD.last_line() == (
        "bench-call: hook 1.2 ms CPU, p95 1.5 x a bare commit, scheduler 1.5 ms CPU, +0.0 MiB over 50000 calls, "
        "13 connections"
    )


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"hooks": replace(GOOD.hooks, cpu_s=0.0051)}, "hook cpu"),
        ({"hooks": replace(GOOD.hooks, walls=[0.001] * 94 + [0.005] * 6)}, "hook wall"),
        ({"scheduler_cpu_s": 0.0021}, "scheduler cpu"),
        (
            {"memory": {"scheduler": FLAT, "scripts": [Sample(s.calls, s.bytes + 200 * s.calls) for s in FLAT]}},
            "memory",
        ),
        ({"calls": 49_999}, "calls"),
        ({"connections": 16}, "connections"),
    ],
)
def test_each_goal_that_was_not_reached_is_named(fault, named):
    assert replace(GOOD, **fault).broken == [named]


def test_what_a_process_takes_at_first_is_no_growth():
    assert growth([Sample(n, 60 * MIB if n >= 10_000 else 40 * MIB) for n in range(0, 50_001, 500)]) == 0
    assert growth([Sample(n, 40 * MIB + 100 * n) for n in range(0, 50_001, 500)]) > 2 * MIB


def test_memory_that_was_hardly_looked_at_is_no_success():
    with pytest.raises(ValueError, match="too few"):
        growth([Sample(50_000, 1)])
