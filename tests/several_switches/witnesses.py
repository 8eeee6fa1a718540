"""What the stores and the wire say of a campaign on two switches."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

from sipp.log_reader import read_calls
from tests.limits.counting import Call
from tests.several_switches.stack import GATEWAY, TwoSwitches


class Campaign:
    """What the stores and the wire say of the calls."""

    def __init__(self, stack: TwoSwitches, conn: psycopg.Connection[Any]) -> None:
        self.stack, self.conn = stack, conn
        self.ids: dict[str, int] = {}

    def value(self, query: str, *values: Any) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return row[0] if row else None

    def placed(self, name: str) -> int:
        return int(self.value("SELECT count(*) FROM attempts WHERE switch_id = %s", self.ids[name]))

    def up(self, name: str) -> int:
        query = (
            "SELECT count(*) FROM attempts WHERE switch_id = %s AND originated_at IS NOT NULL AND concluded_at IS NULL"
        )
        return int(self.value(query, self.ids[name]))

    def out_because(self, name: str) -> str | None:
        return self.value("SELECT out_because FROM switches WHERE id = %s", self.ids[name])

    def on_the_wire(self, name: str, died_at: float) -> list[Call]:
        """Return the carrier's calls that this switch placed; those of one that died ended with it."""
        mine = {
            (str(phone), at.timestamp())
            for phone, at in self.conn.execute(
                "SELECT phone, originated_at FROM attempts WHERE switch_id = %s", [self.ids[name]]
            ).fetchall()
        }
        found = []
        for call in read_calls(self.stack.carrier):
            if not any(phone == call.number and -0.1 < call.invited_at - at < 3 for phone, at in mine):
                continue
            ended = call.ended_at
            if name == "b" and call.invited_at < died_at:
                ended = min(died_at, ended or died_at)
            found.append(Call(call.invited_at, ended, GATEWAY, ""))
        return found


def wait_until(is_so: Callable[[], object], what: str, within_s: float = 90.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what} took over {within_s:.0f} s"
        time.sleep(0.05)
