"""The conclusion of an attempt: one idempotent transaction, whoever brings the facts, however often."""

from dataclasses import dataclass
from datetime import datetime

from db.sql import AnyConnection
from dialer.disposition import CallFacts
from dialer.outcome import Disposition, Witness


@dataclass(frozen=True, slots=True)
class Concluded:
    """How an attempt ended. retry_at: when its contact is due again, None: never.

    lead_id: the lead owed, None when none is. was_upgrade: it had been concluded by a poorer witness before.
    """

    attempt_id: str
    campaign_id: int
    contact_id: int
    gateway_id: int
    phone: str
    disposition: Disposition
    answered_at: datetime | None
    billsec: int
    retry_at: datetime | None
    lead_id: int | None
    was_upgrade: bool = False


def conclude(conn: AnyConnection, facts: CallFacts, witness: Witness) -> Concluded | None:
    """Conclude the attempt: disposition, contact, tally, lead. None: it was concluded already, or never existed.

    What the call committed before (its outcome, its answer) counts more than what comes later and knows less.
    """
    raise NotImplementedError
