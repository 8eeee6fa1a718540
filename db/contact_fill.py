"""Fills a campaign with chosen contacts of other campaigns: one statement judges and takes them, as an import would."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString, cast

from psycopg import Cursor
from psycopg.types.json import Jsonb

from db import dialing
from db.claims import judging, rule_values
from db.contact_import import Target, refuse_closed
from db.errors import NotFound
from db.import_job import Job
from db.imports import queries as import_queries
from db.sql import AnyConnection, change, column_of, joined, load, one_of, value_of
from dialer.campaign import CampaignState
from dialer.contact import ContactState, ImportReject
from dialer.outcome import Disposition

queries = load("fills")


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Which contacts of which campaigns; what is empty or None bounds nothing, but campaigns must be named.

    dispositions: of the last call. called_from, called_before: bound the last call's time, whoever was never called is
    outside then. name, value: parts, in any case; value is all there may be in `column` when is_whole.
    """

    campaign_ids: tuple[int, ...]
    states: tuple[ContactState, ...] = ()
    dispositions: tuple[Disposition, ...] = ()
    called_from: datetime | None = None
    called_before: datetime | None = None
    name: str = ""
    column: str = ""
    value: str = ""
    is_whole: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        moments = {key: at and at.isoformat() for key, at in self._moments().items()}
        return asdict(self) | moments

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "ContactFilter":
        """Read what `as_json` wrote."""
        return cls(
            **{
                **stored,
                "campaign_ids": tuple(stored["campaign_ids"]),
                "states": tuple(map(ContactState, stored["states"])),
                "dispositions": tuple(map(Disposition, stored["dispositions"])),
                "called_from": _moment(stored["called_from"]),
                "called_before": _moment(stored["called_before"]),
            }
        )

    def values(self) -> dict[str, Any]:
        """Return the parameters of the query."""
        return self._moments() | {
            "sources": list(self.campaign_ids),
            "states": list(map(str, self.states)),
            "dispositions": list(map(str, self.dispositions)),
            "name": self.name,
            "column": self.column,
            "value": self.value,
            "is_whole": self.is_whole,
        }

    def _moments(self) -> dict[str, datetime | None]:
        return {"called_from": self.called_from, "called_before": self.called_before}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of the chosen contacts. blocked: of the new ones, by the rule (`consent: none`)."""

    chosen: int = 0
    new: int = 0
    rejected: Mapping[ImportReject, int] = field(default_factory=dict)
    blocked: Mapping[str, int] = field(default_factory=dict)


def forecast(conn: AnyConnection, campaign_id: int, chosen: ContactFilter) -> Forecast:
    """Count what filling the campaign now would do. Raises NotFound."""
    chosen_count, new, rejected, blocked = 0, 0, Counter[ImportReject](), Counter[str]()
    with joined(conn):
        change(conn, import_queries["have_room"])
        counts = conn.execute(_query("count", chosen), _values(conn, campaign_id, chosen)).fetchall()
    for reason, rule, count in counts:
        chosen_count += count
        if reason is not None:
            rejected[ImportReject(reason)] += count
            continue
        new += count
        if rule is not None:
            blocked[rule] += count
    return Forecast(chosen_count, new, rejected, blocked)


def start(
    conn: AnyConnection,
    campaign_id: int,
    chosen: ContactFilter,
    rows_expected: int = 0,
    started_by: int | None = None,
) -> int:
    """Announce a fill and return its import's id; commit, then let a process run it. Raises NotFound."""
    values = {
        "campaign_id": campaign_id,
        "sources": list(chosen.campaign_ids),
        "rows_expected": rows_expected,
        "started_by": started_by,
        "filter": Jsonb(chosen.as_json()),
    }
    import_id = value_of(conn, queries["start"], values)
    if import_id is None:
        raise NotFound(f"there is no campaign {campaign_id}")
    return cast(int, import_id)


def columns(conn: AnyConnection, campaign_id: int) -> list[str]:
    """Return names of columns that contacts of other campaigns have."""
    return column_of(conn, queries["columns"], {"campaign_id": campaign_id})


class FillJob(Job):
    """An import whose rows are contacts of other campaigns."""

    action = "contacts.filled"
    _target: Target
    _chosen: ContactFilter

    def begin(self) -> tuple[str, int]:
        """Lock the campaign so that it does not complete; raises IllegalMove when it is over."""
        target = one_of(self.conn, Target, import_queries["campaign"], {"import_id": self.import_id})
        stored = value_of(self.conn, queries["filter"], {"import_id": self.import_id})
        if target is None or stored is None:
            raise NotFound(f"import {self.import_id} takes no contacts of other campaigns")
        refuse_closed(target.state)
        self._target, self._chosen = target, ContactFilter.from_json(stored)
        return "campaign", target.campaign_id

    def take_over(self, cursor: Cursor[Any]) -> None:
        """Take them all in one statement."""
        cursor.execute(import_queries["have_room"])
        values = _values(self.conn, self._target.campaign_id, self._chosen) | {"import_id": self.import_id}
        for reason, count in cursor.execute(_query("fill", self._chosen), values).fetchall():
            self.count(count, Counter({reason: count} if reason else {}))
        self.tell()

    def before_end(self) -> None:
        """Raise IllegalMove when the campaign was completed meanwhile."""
        values = {"campaign_id": self._target.campaign_id}
        refuse_closed(CampaignState(value_of(self.conn, import_queries["still_open"], values)))

    def details(self) -> dict[str, Any]:
        """Return what was chosen."""
        return {"filter": self._chosen.as_json()}


def _query(name: str, chosen: ContactFilter) -> LiteralString:
    """Return `count` or `fill` for contacts of one campaign, or of several, which may share numbers."""
    nth = queries["nth_of_one" if len(chosen.campaign_ids) == 1 else "nth_of_many"]
    return judging(queries[name].replace("-- JUDGED\n", queries["judged"]).replace("-- NTH\n", nth))


def _values(conn: AnyConnection, campaign_id: int, chosen: ContactFilter) -> dict[str, Any]:
    return rule_values(dialing.of(conn, campaign_id), [], datetime.now(UTC)) | chosen.values()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
