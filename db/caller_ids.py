"""Caller IDs: the only numbers a campaign may show, registered per gateway."""

from dataclasses import dataclass
from typing import cast

from psycopg import errors
from psycopg.rows import tuple_row

from db.errors import InUse
from db.sql import AnyConnection, all_of, change, load, value_of
from dialer.caller_id import shown

queries = load("gateways")


@dataclass(frozen=True, slots=True)
class CallerId:
    """A registered number. label: the name shown with the call, category: of the calls; 32 characters together."""

    id: int
    gateway_id: int
    gateway: str
    phone: str
    label: str
    category: str


def add(conn: AnyConnection, gateway_id: int, phone: str, label: str = "", category: str = "") -> int:
    """Register a number (E.164) on a gateway, or change its label and category; return its id. Raises InvalidLabel."""
    shown(label, category)
    values = {"gateway_id": gateway_id, "phone": phone, "label": label, "category": category}
    return cast(int, value_of(conn, queries["add_caller_id"], values))


def list_all(conn: AnyConnection, gateway_id: int | None = None) -> list[CallerId]:
    """Return the numbers of one gateway, or of all."""
    return all_of(conn, CallerId, queries["caller_ids"], {"gateway_id": gateway_id})


def relabel(conn: AnyConnection, caller_id_id: int, label: str, category: str) -> bool:
    """Change what is shown with a number; False when there is none. Raises InvalidLabel."""
    shown(label, category)
    values = {"caller_id_id": caller_id_id, "label": label, "category": category}
    return change(conn, queries["relabel_caller_id"], values) == 1


def uses(conn: AnyConnection) -> dict[int, list[tuple[int, str]]]:
    """Return the campaigns (id, name) that show each number and may still dial: number's id → campaigns."""
    found: dict[int, list[tuple[int, str]]] = {}
    with conn.cursor(row_factory=tuple_row) as cursor:
        for caller_id_id, campaign_id, name in cursor.execute(queries["caller_id_uses"]):
            found.setdefault(caller_id_id, []).append((campaign_id, name))
    return found


def remove(conn: AnyConnection, caller_id_id: int) -> bool:
    """Remove a number; False when there was none. Raises InUse while a campaign that may still dial shows it."""
    try:
        with conn.transaction():
            change(conn, queries["forget_caller_id"], {"caller_id_id": caller_id_id})
            return change(conn, queries["remove_caller_id"], {"caller_id_id": caller_id_id}) == 1
    except errors.ForeignKeyViolation as error:
        raise InUse("a campaign uses this caller ID: choose another one there first") from error
