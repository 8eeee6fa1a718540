"""Bring a database to the current schema: plain SQL files, applied once, in order, under a lock."""

import logging
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from yoyo import get_backend, read_migrations

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
DRIVER = "postgresql+psycopg"
"""yoyo's name for psycopg 3; `postgresql` alone would want psycopg2."""


def migrate(url: str) -> list[str]:
    """Apply what is missing to the database at `url` (postgresql://…) and return the applied files' names."""
    backend = get_backend(urlunsplit(urlsplit(url)._replace(scheme=DRIVER)))
    try:
        with backend.lock():
            missing = backend.to_apply(read_migrations(str(MIGRATIONS)))
            names = [migration.id for migration in missing]
            backend.apply_migrations(missing)
    finally:
        backend.connection.close()
    for name in names:
        logger.info("migration applied", extra={"migration": name})
    return names
