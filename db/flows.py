"""Call flows: every edit is a new version, and a version never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from psycopg.types.json import Jsonb

from db.errors import NotFound
from db.sql import AnyConnection, all_of, load, value_of
from dialer.call_flow import parse_flow

queries = load("flows")


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow in its newest version."""

    flow_id: int
    name: str
    flow_version_id: int
    version: int
    definition: dict[str, Any]
    created_at: datetime


def create_version(conn: AnyConnection, flow: int | str, definition: Mapping[str, Any]) -> int:
    """Store the next version of a flow, given by id or by name (made when new); return the version's id.

    Raises InvalidFlow when nobody could follow it, NotFound for an unknown id.
    """
    parse_flow(definition)
    flow_id = flow
    if isinstance(flow, str):
        flow_id = value_of(conn, queries["flow_named"], {"name": flow})
    elif value_of(conn, queries["lock_flow"], {"flow_id": flow}) is None:
        raise NotFound(f"there is no flow {flow}")
    return cast(int, value_of(conn, queries["add_version"], {"flow_id": flow_id, "definition": Jsonb(definition)}))


def definition(conn: AnyConnection, flow_version_id: int) -> dict[str, Any]:
    """Return the definition of one version; raises NotFound."""
    found = value_of(conn, queries["definition"], {"flow_version_id": flow_version_id})
    if found is None:
        raise NotFound(f"there is no flow version {flow_version_id}")
    return cast("dict[str, Any]", found)


def list_all(conn: AnyConnection) -> list[Flow]:
    """Return every flow in its newest version, by name."""
    return all_of(conn, Flow, queries["list_all"])
