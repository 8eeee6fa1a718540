"""A campaign's states and the moves between them."""

from enum import StrEnum

from dialer.errors import IllegalMove


class CampaignState(StrEnum):
    """Where a campaign is in its life. The SQL type `campaign_state` has the same members."""

    DRAFT = "draft"
    """Being prepared; dials nothing."""
    SCHEDULED = "scheduled"
    """Waits for its schedule to start it."""
    ACTIVE = "active"
    """Dials."""
    PAUSED = "paused"
    """Starts no new calls; live ones end by themselves."""
    COMPLETED = "completed"
    """Nothing is left to dial, or it was stopped."""
    ARCHIVED = "archived"
    """Kept for the record only."""


class PauseReason(StrEnum):
    """Who paused a campaign. The SQL type `pause_reason` has the same members."""

    PERSON = "person"
    """Somebody in the panel: only a person goes on."""
    SCHEDULE = "schedule"
    """Its schedule: the schedule's next start goes on."""
    ABANDON_CAP = "abandon_cap"
    """Too many of its calls were abandoned: only a person goes on, once the rate is below the cap."""


MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.SCHEDULED, CampaignState.ACTIVE, CampaignState.ARCHIVED}),
    CampaignState.SCHEDULED: frozenset({CampaignState.DRAFT, CampaignState.ACTIVE, CampaignState.ARCHIVED}),
    CampaignState.ACTIVE: frozenset({CampaignState.PAUSED, CampaignState.COMPLETED}),
    CampaignState.PAUSED: frozenset({CampaignState.ACTIVE, CampaignState.COMPLETED}),
    CampaignState.COMPLETED: frozenset({CampaignState.ARCHIVED}),
    CampaignState.ARCHIVED: frozenset(),
}
"""State → the states it may move to."""


def check_move(current: CampaignState, target: CampaignState) -> None:
    """Raise IllegalMove, naming the legal moves, unless `current → target` is one."""
    if target not in MOVES[current]:
        legal = ", ".join(sorted(MOVES[current])) or "none"
        raise IllegalMove(f"a campaign that is {current} can't become {target}; legal from here: {legal}")


def states_before(target: CampaignState) -> list[CampaignState]:
    """States from which `target` may be reached, for a conditional UPDATE."""
    return [state for state, targets in MOVES.items() if target in targets]
