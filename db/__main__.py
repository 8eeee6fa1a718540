"""`python -m db migrate`: bring the database of DIALER_DATABASE_URL to the current schema."""

import logging
import sys

from db.migrate import migrate
from dialer.settings import database_url


def main(arguments: list[str]) -> int:
    """Run one command; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("yoyo").setLevel(logging.WARNING)  # it reports every statement
    if arguments != ["migrate"]:
        sys.stderr.write("usage: python -m db migrate\n")
        return 2
    names = migrate(database_url())
    sys.stderr.write(f"{len(names)} migrations applied\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
