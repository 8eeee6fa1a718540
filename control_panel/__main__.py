"""`python -m control_panel` serves the panel; `create-user EMAIL ROLE` makes an account."""

import argparse
import getpass
import sys

from db.users import UserRole as Role


def main() -> int:
    """Dispatch the command line."""
    parser = argparse.ArgumentParser(prog="python -m control_panel", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    create = commands.add_parser("create-user", help="make an account; the password comes from standard input")
    create.add_argument("email")
    create.add_argument("role", choices=[str(role) for role in Role])
    create.add_argument("--language", choices=["ru", "en"])
    arguments = parser.parse_args()
    if arguments.command == "create-user":
        from control_panel.create_user import create_user

        password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        return create_user(arguments.email, Role(arguments.role), password, arguments.language)
    from control_panel.server import serve

    serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
