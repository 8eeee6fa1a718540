"""Gateways and their limits; addresses and secrets live in the switch's configuration."""

from dataclasses import dataclass
from typing import cast

from db.errors import AlreadyExists, NotFound
from db.sql import AnyConnection, all_of, change, load, value_of

queries = load("gateways")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway. calls_per_second ≤ 2 decimals; calls_per_minute None: no limit of its own."""

    id: int
    name: str
    max_channels: int
    calls_per_second: float
    calls_per_minute: int | None
    is_enabled: bool


def create(
    conn: AnyConnection,
    name: str,
    max_channels: int,
    calls_per_second: float,
    calls_per_minute: int | None = None,
    *,
    is_enabled: bool = True,
) -> int:
    """Store a gateway under its name in the switch's configuration; return its id. Raises AlreadyExists."""
    values = {
        "name": name,
        "max_channels": max_channels,
        "calls_per_second": calls_per_second,
        "calls_per_minute": calls_per_minute,
        "is_enabled": is_enabled,
    }
    gateway_id = value_of(conn, queries["create"], values)
    if gateway_id is None:
        raise AlreadyExists(f"there is a gateway {name!r} already")
    return cast(int, gateway_id)


def update(conn: AnyConnection, gateway: Gateway) -> None:
    """Store new limits (the name stays); raises NotFound."""
    values = {
        "gateway_id": gateway.id,
        "max_channels": gateway.max_channels,
        "calls_per_second": gateway.calls_per_second,
        "calls_per_minute": gateway.calls_per_minute,
        "is_enabled": gateway.is_enabled,
    }
    if not change(conn, queries["update"], values):
        raise NotFound(f"there is no gateway {gateway.id}")


def list_all(conn: AnyConnection) -> list[Gateway]:
    """Return every gateway by name."""
    return all_of(conn, Gateway, queries["list_all"])
