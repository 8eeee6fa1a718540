"""Call flows that earlier calls have read; a version never changes, so it stays true while PostgreSQL is away."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from dialer.call_flow import CallFlow, parse_flow

T = TypeVar("T")


class FlowCache(Generic[T]):
    """(campaign, flow version) → what was made of it; used by every call's thread at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flows: dict[int, CallFlow] = {}
        self._known: dict[tuple[int, int], T] = {}

    def get(self, campaign_id: int, flow_version_id: int) -> T | None:
        """Return what is known, None when no call has used this version in this campaign."""
        with self._lock:
            return self._known.get((campaign_id, flow_version_id))

    def has(self, flow_version_id: int) -> bool:
        """Whether this version is known, in whatever campaign: `learn` then needs no definition."""
        with self._lock:
            return flow_version_id in self._flows

    def learn(
        self,
        campaign_id: int,
        flow_version_id: int,
        make: Callable[[CallFlow], T],
        definition: Mapping[str, Any] | None = None,
    ) -> T:
        """Keep and return `make(flow)`; the flow is parsed once per version. Raises InvalidFlow."""
        with self._lock:
            flow = self._flows.get(flow_version_id)
        flow = flow or parse_flow(definition or {})
        made = make(flow)
        with self._lock:
            self._flows[flow_version_id] = flow
            self._known[campaign_id, flow_version_id] = made
        return made
