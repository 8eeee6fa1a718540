"""Makes an account from the command line: how the first administrator comes to be."""

import sys

from db import users
from db.errors import AlreadyExists, WeakPassword
from db.pool import open_pool
from db.users import UserRole as Role
from dialer.settings import settings


def create_user(email: str, role: Role, password: str, language: str | None = None) -> int:
    """Create the account; return the exit status, 1 with a sentence on stderr when it can't be made."""
    if "@" not in email or len(email) > 254:
        return _refuse(f"{email!r} is no e-mail address")
    values = settings()
    with open_pool(values.database_url, 1) as pool, pool.connection() as conn:
        try:
            users.create(conn, email, role, password, language or values.panel_language)
        except (AlreadyExists, WeakPassword) as error:
            return _refuse(str(error))
    sys.stdout.write(f"created {email} as {role}\n")
    return 0


def _refuse(why: str) -> int:
    sys.stderr.write(f"not created: {why}\n")
    return 1
