"""Turns the carrier's calls into tables for people: per kind, per answer, the load at its highest."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import mean

from sipp.log_reader import CarrierCall

COLUMNS = ("kind", "calls", "answered", "answers", "digits", "ended", "talk s", "longest")


def report(calls: Sequence[CarrierCall]) -> str:
    """Return the whole report."""
    if not calls:
        return "no calls"
    by_kind: dict[str, list[CarrierCall]] = defaultdict(list)
    for call in calls:
        by_kind[call.kind].append(call)
    rows = [_row(kind, by_kind[kind]) for kind in sorted(by_kind)]
    rows.append(_row("total", calls))
    return "\n".join([_table(COLUMNS, rows), "", *_load(calls)])


def _row(kind: str, calls: Sequence[CarrierCall]) -> tuple[str, ...]:
    talks = [call.talk_s for call in calls if call.talk_s is not None]
    return (
        kind,
        str(len(calls)),
        str(sum(call.answered_at is not None for call in calls)),
        _counted(str(call.final_code) for call in calls if call.final_code),
        _counted(call.digits_sent for call in calls if call.digits_sent),
        _counted(call.ended or "open" for call in calls),
        f"{mean(talks):.1f}" if talks else "",
        f"{max(talks):.1f}" if talks else "",
    )


def _counted(values: Iterable[str]) -> str:
    counted = Counter(values)
    return " ".join(f"{value}×{times}" for value, times in sorted(counted.items()))


def _load(calls: Sequence[CarrierCall]) -> list[str]:
    first, last = calls[0].invited_at, max(call.ended_at or call.invited_at for call in calls)
    numbers = Counter(call.number for call in calls)
    again = sum(times - 1 for times in numbers.values())
    return [
        f"{len(calls)} calls to {len(numbers)} numbers ({again} repeated) in {last - first:.1f} s",
        f"at once: {peak_concurrency(calls)} calls at most; invited: {peak_rate(calls)} in the busiest second",
    ]


def peak_concurrency(calls: Iterable[CarrierCall]) -> int:
    """Return the largest number of calls at one moment; a call without an end counts to the last."""
    changes = sorted(change for call in calls for change in ((call.invited_at, 1), (call.ended_at or float("inf"), -1)))
    now = peak = 0
    for _, change in changes:
        now += change
        peak = max(peak, now)
    return peak


def peak_rate(calls: Iterable[CarrierCall]) -> int:
    """Return the largest number of INVITEs in any stretch of one second."""
    moments = sorted(call.invited_at for call in calls)
    start = peak = 0
    for end, moment in enumerate(moments):
        while moment - moments[start] >= 1.0:
            start += 1
        peak = max(peak, end - start + 1)
    return peak


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    head = "  ".join(name.ljust(width) for name, width in zip(columns, widths, strict=True)).rstrip()
    return "\n".join([head, "  ".join("-" * width for width in widths), *lines])
