"""Imports contacts into a campaign: numbers it has, and numbers that may not be called, are refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any

from psycopg.types.json import Jsonb

from db import dialing, imports
from db.claims import judging, rule_values
from db.errors import NotFound
from db.import_run import Batch, Run, copied
from db.imports import ImportReport
from db.sql import AnyConnection, column_of, one_of, value_of
from dialer.campaign import CampaignState
from dialer.contact_file import ContactTable
from dialer.contact_import import Accepted, ColumnMapping, sort_row
from dialer.errors import IllegalMove

queries = imports.queries

NO_CONSENT = ("\\N", "\\N", "\\N")
CLOSED = frozenset({CampaignState.COMPLETED, CampaignState.ARCHIVED})


@dataclass(frozen=True, slots=True)
class Target:
    """The campaign that is imported into, as far as its rows need it."""

    campaign_id: int
    state: CampaignState
    default_country: str
    time_zone: str
    file_name: str


def import_contacts(
    conn: AnyConnection,
    aside: AnyConnection,
    campaign_id: int,
    table: ContactTable,
    mapping: ColumnMapping,
    file_name: str,
) -> ImportReport:
    """Announce and run an import of every row of `table`, or none; see db.import_run.Run.

    Raises IllegalMove when the campaign is completed or archived, ImportCancelled, InvalidContactFile; the failure has
    been recorded then.
    """
    import_id = imports.start(aside, campaign_id, file_name, table.total)
    return ContactRun(conn, aside, import_id, mapping).all_of(table)


class ContactRun(Run):
    """An import of contacts, with the zone sets it has met."""

    action = "contacts.imported"
    stage, copy, add, empty = queries["stage"], queries["copy"], judging(queries["add_contacts"]), queries["empty"]
    target: Target

    def __init__(self, conn: AnyConnection, aside: AnyConnection, import_id: int, mapping: ColumnMapping) -> None:
        super().__init__(conn, aside, import_id)
        self._mapping = mapping
        self._zone_places: dict[tuple[str, ...], int] = {}
        self._zone_set_ids: list[int] = []
        self._rules: dict[str, Any] = {}

    def begin(self) -> tuple[str, int]:
        """Lock the campaign so that it does not complete; raises IllegalMove when it is over."""
        target = one_of(self.conn, Target, queries["campaign"], {"import_id": self.import_id})
        if target is None:
            raise NotFound(f"import {self.import_id} is none of contacts")
        refuse_closed(target.state)
        self.target = target
        self._rules = rule_values(dialing.of(self.conn, target.campaign_id), [], datetime.now(UTC))
        return "campaign", target.campaign_id

    def sort(self, batch: Batch, row_number: int, cells: list[str], columns: Sequence[str]) -> None:
        """Judge a row by itself."""
        row = sort_row(cells, columns, self._mapping, self.target.default_country, self.target.time_zone)
        if not isinstance(row, Accepted):
            batch.rejected[row_number] = (row.reason, row.detail)
            return
        place = self._zone_places.get(row.zones)
        if place is None:
            place = self._zone_places[row.zones] = len(self._zone_places) + 1
            batch.new_zones.append(row.zones)
        extra = ",".join(f"{encode_basestring(key)}:{encode_basestring(text)}" for key, text in row.extra.items())
        consent = NO_CONSENT
        if row.consent:
            source = row.consent.source or self.target.file_name
            consent = (copied(row.consent.basis), row.consent.at.isoformat(), copied(source))
        batch.stage(row_number, row.phone, copied(row.name), str(place), f"{{{copied(extra)}}}", *consent)

    def before_batch(self, batch: Batch) -> None:
        """Get the ids of sets met for the first time. Committed at once: no other import waits for this one's."""
        if batch.new_zones:
            zone_sets = Jsonb([list(zones) for zones in batch.new_zones])
            self._zone_set_ids += column_of(self.aside, queries["know_zone_sets"], {"zone_sets": zone_sets})

    def values(self) -> dict[str, Any]:
        """Return the parameters of `add`."""
        return self._rules | {
            "import_id": self.import_id,
            "campaign_id": self.target.campaign_id,
            "zone_set_ids": self._zone_set_ids,
        }

    def before_end(self) -> None:
        """Raise IllegalMove when the campaign was completed meanwhile."""
        refuse_closed(CampaignState(value_of(self.conn, queries["still_open"], self.values())))


def refuse_closed(state: CampaignState) -> None:
    """Raise IllegalMove when a campaign in this state takes no more contacts."""
    if state in CLOSED:
        raise IllegalMove(f"a campaign that is {state} takes no more contacts; clone it")
