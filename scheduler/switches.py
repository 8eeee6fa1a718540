"""All switches of the table: connected, asked, and handed out to calls by their free channels."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from psycopg import Connection

from db import gateways, switches
from db.leases import Counts
from db.switches import SwitchRow
from dialer.switches import Out, Place, preferred
from scheduler.beside import Beside
from scheduler.database import Database
from scheduler.node import Node, OnReply, facts
from scheduler.switch import Headers, Switch

logger = logging.getLogger(__name__)

KNOWN = "a switch is known"
CHANGED = "a switch is at another address"
GONE = "a switch was removed"
OUT = "a switch gets no calls"
IN = "a switch takes calls"


class Switches:
    """Thread-safe. `refresh` is called each second; nodes come and go with the rows of the table."""

    def __init__(
        self,
        database: Database,
        password_of: Callable[[str], str],
        settings_address: tuple[str, int],
        max_channels: int,
        *,
        on_hangup: Callable[[Headers], None],
        on_reply: OnReply,
        on_connected: Callable[[], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """password_of: by a switch's name, asked for each connection; may raise NoPassword.

        settings_address: the switch that is used while the table has none. max_channels: over all of them.
        """
        self._database, self._password_of, self._address = database, password_of, settings_address
        self._max_channels, self._clock = max_channels, clock
        self._on_hangup, self._on_reply, self._on_connected = on_hangup, on_reply, on_connected
        self._nodes: dict[int, Node] = {}
        self._lock = threading.Lock()
        self._has_read_settings = False
        self._live: dict[int, int] = {}
        self._turns: dict[int, int] = {}
        self._turn = itertools.count(1)
        self._said: dict[int, Out | None] = {}
        self._polls, self._counts = Beside(), Beside()

    def nodes(self) -> list[Node]:
        """Return every switch of the table, oldest first."""
        return list(self._nodes.values())

    def refresh(self) -> None:
        """Read the table; connect what is new, leave what is gone. Raises DatabaseAway: what is known stays."""
        rows = self._database.run(self._read)
        with self._lock:
            self._agree(rows)
        self._say()

    def _read(self, conn: Connection[Any]) -> list[SwitchRow]:
        if not self._has_read_settings:
            switches.from_settings(conn, *self._address)
        rows = switches.rows(conn)
        self._has_read_settings = True
        return rows

    def _agree(self, rows: Sequence[SwitchRow]) -> None:
        known = dict(self._nodes)
        nodes: dict[int, Node] = {}
        for row in rows:
            node = known.pop(row.id, None)
            if node is not None and (node.row.host, node.row.port) != (row.host, row.port):
                logger.warning(CHANGED, extra=facts(row))
                node.stop()
                node = None
            if node is None:
                logger.info(KNOWN, extra=facts(row))
                node = self._make(row)
            node.row = row
            nodes[row.id] = node
        self._nodes = nodes
        for node in known.values():
            logger.warning(GONE, extra=facts(node.row))
            node.stop()

    def _make(self, row: SwitchRow) -> Node:
        node = Node(
            row,
            partial(self._password_of, row.name),
            on_hangup=self._on_hangup,
            on_reply=self._on_reply,
            on_connected=self._on_connected,
            clock=self._clock,
        )
        node.start()
        return node

    def _say(self) -> None:
        """Log when a switch begins or ceases to get calls."""
        for node in self.nodes():
            reason = node.why_out()
            if self._said.get(node.id, Out.AWAY) != reason:
                logger.log(
                    logging.WARNING if reason else logging.INFO,
                    OUT if reason else IN,
                    extra={**facts(node.row), "reason": str(reason)},
                )
            self._said[node.id] = reason

    def stop(self) -> None:
        """Disconnect for good."""
        for node in self.nodes():
            node.stop()

    def out(self) -> frozenset[Out] | None:
        """Return why each gets no call, empty as soon as one gets some; None: none is known."""
        nodes = self.nodes()
        if not nodes:
            return None
        reasons = set()
        for node in nodes:
            reason = node.why_out()
            if reason is None:
                return frozenset()
            reasons.add(reason)
        return frozenset(reasons)

    def takers(self, gateway: str) -> list[Node]:
        """Return the switches that may take a call over this gateway now, in the order in which it tries them."""
        nodes = {n.id: n for n in self.nodes() if n.why_out() is None and n.line.gateways.is_up(gateway)}
        places = [
            Place(node.id, self.channels(node), self._live.get(node.id, 0), self._turns.get(node.id, 0))
            for node in nodes.values()
        ]
        return [nodes[place.switch_id] for place in preferred(places)]

    def has_others(self, node: Node) -> bool:
        """Whether another one takes calls now."""
        return any(other.id != node.id and other.why_out() is None for other in self.nodes())

    def channels(self, node: Node) -> int:
        """Return how many channels it may have at most."""
        return node.row.max_channels or self._max_channels

    def note(self, live: Mapping[int, int], taken: int | None = None) -> None:
        """Take down how many channels are taken on each, and whose turn it was."""
        self._live = {**self._live, **live}
        if taken is not None:
            self._turns[taken] = next(self._turn)

    def room(self, counts: Counts) -> int:
        """Return how many further calls all that take calls have room for, those planned already not counted again."""
        self.note(counts.by_switch)
        takers = [node for node in self.nodes() if node.why_out() is None]
        free = sum(max(0, self.channels(node) - counts.by_switch.get(node.id, 0)) for node in takers)
        planned = counts.total - sum(counts.by_switch.values())
        return free - max(0, planned)

    def line_of(self, switch_id: int | None) -> Switch | None:
        """Return the connection to the switch an attempt is on, None: there is none."""
        node = self._nodes.get(switch_id) if switch_id is not None else None
        return node.line if node is not None and node.line.core_uuid is not None else None

    def is_gateway_up(self, name: str) -> bool:
        """Whether a call may be placed over it on any switch that takes calls."""
        return any(node.line.gateways.is_up(name) for node in self.nodes() if node.why_out() is None)

    def gateways_down(self) -> list[str]:
        """Return the gateways that are down on every switch that is connected."""
        down = [set(node.line.gateways.down()) for node in self.nodes() if node.line.core_uuid is not None]
        return sorted(set.intersection(*down)) if down else []

    def poll_gateways(self, *, only_new: bool = False) -> None:
        """Learn whether the gateways are up on each switch. Raises DatabaseAway; one that can't say is asked again.

        only_new: ask those alone that were connected since.
        """
        asked = [n for n in self.nodes() if n.line.core_uuid and not (only_new and n.line.gateways.is_complete)]
        if not asked:
            return
        names = self._database.run(_enabled_gateways)
        self._polls.each({node.id: partial(node.line.poll_gateways, names) for node in asked})

    def write_heard(self) -> None:
        """Write down when each switch answered us last: another scheduler may not reach it. Raises DatabaseAway."""
        seen = [node.seen() for node in self.nodes()]
        self._database.run(lambda conn: switches.write_heard(conn, seen))

    def write_seen(self) -> None:
        """Write down what is seen, for the panel. Raises DatabaseAway."""
        nodes = self.nodes()
        self._counts.each({node.id: node.count_channels for node in nodes})
        seen = [node.seen() for node in nodes]

        def write(conn: Connection[Any]) -> None:
            for one in seen:
                switches.write_seen(conn, one)

        self._database.run(write)


def _enabled_gateways(conn: Connection[Any]) -> list[str]:
    return [gateway.name for gateway in gateways.list_all(conn) if gateway.is_enabled]
