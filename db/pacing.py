"""Pacing by operators: what an admin set, what goes on now, and what was learnt, brought to the one decision."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from db.campaigns import CampaignGateway
from db.claims import ClaimedAttempt, claim
from db.dialing import DialingCampaign
from db.sql import AnyConnection, change, column_of, joined, load, one_of, row_of
from dialer.adaptive_pacing import Decision, Live, News, PacingMode, PacingRules, PacingState, decide, reset

queries = load("pacing")

LATEST = 20
"""Of so many calls that asked for an operator the durations are the mean."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """What is stored of one campaign. ended, transferred, abandoned: totals that the state knows of."""

    mode: PacingMode
    operators: int
    lines_per_operator: float
    abandon_cap: float
    state: dict[str, Any]
    ended: int
    transferred: int
    abandoned: int

    @property
    def rules(self) -> PacingRules:
        """What an admin set."""
        return PacingRules(self.mode, self.operators, self.lines_per_operator, self.abandon_cap)

    @property
    def learnt(self) -> PacingState:
        """What was learnt."""
        heard_at = self.state.get("heard_at")
        return PacingState(**self.state | {"heard_at": datetime.fromisoformat(heard_at) if heard_at else None})


def paced(conn: AnyConnection) -> frozenset[int]:
    """Return the ids of campaigns whose calls follow their operators."""
    return frozenset(column_of(conn, queries["paced"]))


def put(conn: AnyConnection, campaign_id: int, rules: PacingRules) -> None:
    """Set a campaign's pacing; what was learnt, and a kill switch that has tripped, stay."""
    change(conn, queries["put"], asdict(rules) | {"campaign_id": campaign_id})


def get(conn: AnyConnection, campaign_id: int) -> Pacing | None:
    """Return a campaign's pacing, None when its calls follow no operators."""
    return one_of(conn, Pacing, queries["get"], {"campaign_id": campaign_id})


def reset_kill_switch(conn: AnyConnection, campaign_id: int) -> None:
    """Release the kill switch, as an admin does."""
    with conn.transaction():
        found = _locked(conn, campaign_id, queries["locked"])
        if found is not None:
            _learn(conn, campaign_id, reset(found.learnt), (found.ended, found.transferred, found.abandoned))


def note_no_operator(conn: AnyConnection, attempt_id: str) -> bool:
    """Record that the callee asked for an operator and got none; False: no such attempt."""
    return change(conn, queries["note_no_operator"], {"attempt_id": attempt_id}) == 1


def may_start(conn: AnyConnection, campaign_id: int, most: int, now: datetime) -> Decision | None:
    """Decide how many calls may start, up to `most`, and remember what was learnt.

    None: no operators to follow, or another scheduler decides and claims right now. In a transaction of its own this is
    a forecast: only what is claimed in the same transaction is surely within it (`claim_paced`).
    """
    with joined(conn):
        found = _locked(conn, campaign_id, queries["locked_or_none"])
        if found is None:
            return None
        totals = row_of(conn, queries["totals"], {"campaign_id": campaign_id})
        live = row_of(conn, queries["live"], {"campaign_id": campaign_id})
        assert totals is not None
        assert live is not None
        lines, asked = live
        talking = min(asked, found.operators)
        news = _news(conn, campaign_id, found, totals, now)
        decision = decide(found.rules, Live(lines, talking, asked - talking), news, found.learnt, most, now)
        if decision.state != found.learnt:
            # Who got no operator may be written down after the call was concluded: that is news of the next ones.
            _learn(conn, campaign_id, decision.state, (*totals[:2], found.abandoned + news.abandoned))
    return decision


def claim_paced(
    conn: AnyConnection,
    campaign: DialingCampaign,
    gateway: CampaignGateway,
    attempt_ids: Sequence[str],
    open_zone_sets: Sequence[int],
    now: datetime,
) -> list[ClaimedAttempt]:
    """Claim for the first of these ids, as many as operators can take, in one transaction with the decision.

    The campaign's pacing stays locked until the claim is committed: whoever decides next counts these calls.
    """
    with conn.transaction():
        conn.execute(queries["begin"])
        decision = may_start(conn, campaign.id, len(attempt_ids), now)
        return claim(conn, campaign, gateway, attempt_ids[: decision.start if decision else 0], open_zone_sets, now)


def _locked(conn: AnyConnection, campaign_id: int, how: LiteralString) -> Pacing | None:
    return one_of(conn, Pacing, queries["get"] + how, {"campaign_id": campaign_id})


def _news(conn: AnyConnection, campaign_id: int, found: Pacing, totals: tuple[int, ...], now: datetime) -> News:
    ended, transferred, abandoned = (
        max(0, total - known)
        for total, known in zip(totals, (found.ended, found.transferred, found.abandoned), strict=True)
    )
    if not transferred:
        return News(ended)
    durations = row_of(conn, queries["durations"], {"campaign_id": campaign_id, "now": now, "latest": LATEST})
    reach_s, talk_s = durations or (None, None)
    return News(ended, transferred, min(abandoned, transferred), reach_s, talk_s)


def _learn(conn: AnyConnection, campaign_id: int, state: PacingState, totals: tuple[int, ...]) -> None:
    known = asdict(state) | {"heard_at": state.heard_at.isoformat() if state.heard_at else None}
    names = ("ended", "transferred", "abandoned")
    change(
        conn,
        queries["learn"],
        dict(zip(names, totals, strict=True)) | {"campaign_id": campaign_id, "state": Jsonb(known)},
    )
