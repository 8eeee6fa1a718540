"""The panel's accounts; passwords are kept as argon2id hashes only."""

from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from psycopg.errors import UniqueViolation

from db import sql
from db.errors import AlreadyExists
from db.sql import AnyConnection
from dialer.user import Role

QUERIES = sql.load("users")


@dataclass(frozen=True, slots=True)
class User:
    """An account, without its password."""

    id: int
    email: str
    role: Role
    language: str
    is_active: bool


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """Return a hash that no password fits, so that an unknown e-mail takes as long as a wrong password."""
    return _hasher().hash("nobody")


def create(conn: AnyConnection, email: str, password: str, role: Role, language: str = "ru") -> int:
    """Store an account and return its id; raises AlreadyExists."""
    try:
        with conn.transaction():
            return int(
                sql.value_of(
                    conn,
                    QUERIES["create"],
                    {
                        "email": email.strip().lower(),
                        "password_hash": _hasher().hash(password),
                        "role": role,
                        "language": language,
                    },
                )
            )
    except UniqueViolation as error:
        raise AlreadyExists(f"there is an account {email!r} already") from error


def get(conn: AnyConnection, user_id: int) -> User | None:
    """Return the account, or None."""
    return sql.one_of(conn, User, QUERIES["get"], {"id": user_id})


def verify(conn: AnyConnection, email: str, password: str) -> User | None:
    """Return the active account this password belongs to, or None; both take as long (about 50 ms of CPU)."""
    row = sql.row_of(conn, QUERIES["for_sign_in"], {"email": email.strip().lower()})
    user_id, known = (None, _nobody()) if row is None else row
    try:
        _hasher().verify(known, password)
    except (VerificationError, InvalidHashError):
        return None
    if user_id is None:
        return None
    if _hasher().check_needs_rehash(known):
        sql.change(conn, QUERIES["set_password_hash"], {"id": user_id, "password_hash": _hasher().hash(password)})
    return get(conn, user_id)


def signed_in(conn: AnyConnection, user_id: int) -> None:
    """Remember that the user signed in now."""
    sql.change(conn, QUERIES["signed_in"], {"id": user_id})


def set_language(conn: AnyConnection, user_id: int, language: str) -> None:
    """Remember the user's language: ru or en."""
    sql.change(conn, QUERIES["set_language"], {"id": user_id, "language": language})
