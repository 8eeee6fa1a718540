"""Caller IDs: the only numbers a campaign may show, registered per gateway."""

from dataclasses import dataclass
from typing import cast

from psycopg import errors

from db.errors import InUse
from db.sql import AnyConnection, all_of, change, load, value_of

queries = load("gateways")


@dataclass(frozen=True, slots=True)
class CallerId:
    """A registered number. label: the name shown with the call, 32 characters at most; category: of the calls."""

    id: int
    gateway_id: int
    gateway: str
    phone: str
    label: str
    category: str


def add(conn: AnyConnection, gateway_id: int, phone: str, label: str = "", category: str = "") -> int:
    """Register a number (E.164) on a gateway, or change its label and category; return its id."""
    values = {"gateway_id": gateway_id, "phone": phone, "label": label, "category": category}
    return cast(int, value_of(conn, queries["add_caller_id"], values))


def list_all(conn: AnyConnection, gateway_id: int | None = None) -> list[CallerId]:
    """Return the numbers of one gateway, or of all."""
    return all_of(conn, CallerId, queries["caller_ids"], {"gateway_id": gateway_id})


def remove(conn: AnyConnection, caller_id_id: int) -> bool:
    """Remove a number; False when there was none. Raises InUse while a campaign shows it."""
    try:
        with conn.transaction():
            return change(conn, queries["remove_caller_id"], {"caller_id_id": caller_id_id}) == 1
    except errors.ForeignKeyViolation as error:
        raise InUse("a campaign uses this caller ID: choose another one there first") from error
