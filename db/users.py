"""Users of the panel; passwords are kept as argon2id hashes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from db.errors import AlreadyExists, WeakPassword
from db.sql import AnyConnection, all_of, change, load, one_of, value_of

queries = load("users")
hasher = PasswordHasher()

SHORTEST_PASSWORD = 10


class UserRole(StrEnum):
    """What a user may do. The SQL type `user_role` has the same members."""

    ADMIN = "admin"
    """Everything, users and gateways too."""
    MANAGER = "manager"
    """Campaigns, contacts, leads and the blacklist."""
    OPERATOR = "operator"
    """Watches, takes calls, and may pause a campaign; going on with it is a manager's decision."""
    VIEWER = "viewer"
    """Watches."""


@dataclass(frozen=True, slots=True)
class User:
    """A user without the password."""

    id: int
    email: str
    role: UserRole
    language: str
    is_active: bool
    created_at: datetime
    last_sign_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class _WithHash(User):
    password_hash: str


@cache
def _nobodys_hash() -> str:
    """Something to verify against when there is no such user, so that the time taken does not tell."""
    return hasher.hash("nobody's password")


def _hash(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise WeakPassword(f"a password has at least {SHORTEST_PASSWORD} characters")
    return hasher.hash(password)


def create(conn: AnyConnection, email: str, role: UserRole, password: str, language: str = "ru") -> int:
    """Store a user and return the id; raises AlreadyExists, WeakPassword."""
    values = {"email": email.strip(), "password_hash": _hash(password), "role": role, "language": language}
    user_id = value_of(conn, queries["create"], values)
    if user_id is None:
        raise AlreadyExists(f"there is a user {email} already")
    return cast(int, user_id)


def sign_in(conn: AnyConnection, email: str, password: str) -> User | None:
    """Return the active user whose password this is, and record the sign-in; None: refuse, without saying why."""
    found = one_of(conn, _WithHash, queries["by_email"], {"email": email.strip()})
    try:
        hasher.verify(found.password_hash if found else _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return None
    if found is None or not found.is_active:
        return None
    anew = hasher.hash(password) if hasher.check_needs_rehash(found.password_hash) else None
    change(conn, queries["signed_in"], {"user_id": found.id, "password_hash": anew})
    return get(conn, found.id)


def get(conn: AnyConnection, user_id: int) -> User | None:
    """Return one user, or None."""
    return one_of(conn, User, queries["get"], {"user_id": user_id})


def list_all(conn: AnyConnection) -> list[User]:
    """Return every user by e-mail."""
    return all_of(conn, User, queries["list_all"])


def set_password(conn: AnyConnection, user_id: int, password: str) -> bool:
    """Give a user a new password; False when there is no such user. Raises WeakPassword."""
    return change(conn, queries["set_password"], {"user_id": user_id, "password_hash": _hash(password)}) == 1


def set_language(conn: AnyConnection, user_id: int, language: str) -> bool:
    """Choose the panel's language for a user: ru or en."""
    return change(conn, queries["set_language"], {"user_id": user_id, "language": language}) == 1


def set_role(conn: AnyConnection, user_id: int, role: UserRole, *, is_active: bool = True) -> bool:
    """Change what a user may do, or shut them out; False when there is no such user."""
    return change(conn, queries["change"], {"user_id": user_id, "role": role, "is_active": is_active}) == 1
