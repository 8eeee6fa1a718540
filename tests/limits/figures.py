"""How near to the limits the wire came, for people."""

from tests.limits.counting import busiest, in_a_minute, margin_s, most_at_once
from tests.limits.run import CAMPAIGNS, GATEWAYS, Run

MARGIN_SHOWN_S = 10.0
"""A limit of a minute that no minute came nearer to was not tried."""


def figures(run: Run) -> str:
    """Return how near to the limits the wire came, for people."""
    calls = run.calls()
    held_up = sorted(call.held_up_s for call in calls)
    middle, most = held_up[len(held_up) // 2] * 1000, held_up[-1] * 1000
    lines = [f"{len(calls)} calls; held up on their way: {middle:.0f} ms in the middle, {most:.0f} ms at most"]
    groups = [("all", calls), *((f"gateway {g}", [c for c in calls if c.gateway == g]) for g in GATEWAYS)]
    groups += [(f"campaign {name}", [c for c in calls if c.campaign == name]) for name in CAMPAIGNS]
    for name, group in groups:
        lines.append(
            f"{name:<15} {len(group):>4} calls, busiest second {busiest(group, 1.0):>2}, busiest minute"
            f" {busiest(group, 60.0):>3}, at once {most_at_once(group):>2}"
        )
    limits = {**run.plan.of_gateway, **run.plan.of_campaign}
    margins = {name: margin_s([c for c in calls if name in (c.gateway, c.campaign)], of.per_minute, in_a_minute)
               for name, of in limits.items()}  # fmt: skip
    margins["all"] = margin_s(calls, run.plan.total.per_minute, in_a_minute)
    kept = ", ".join(f"{name} by {margin:.2f} s" for name, margin in margins.items() if margin < MARGIN_SHOWN_S)
    lines.append(f"minutes that were full were kept: {kept or 'none was full'}")
    return "\n".join([*lines, f"{len(run.operators_allowed())} operators' legs among them"])
