"""The password of each switch's Event Socket: a file of the switch's name, else the one that all share.

Files are what Docker, Kubernetes and systemd hand secrets over in. They are read anew for each connection, so that a
changed password needs no restart; no password is in the database, in the panel or in a log.
"""

from pathlib import Path

from scheduler.event_socket_messages import NoPassword

LONGEST = 4096


class Passwords:
    """shared: for every switch without a file. folder: of the files, empty: there is none."""

    def __init__(self, shared: str, folder: str = "") -> None:
        self._shared, self._folder = shared, folder

    def of(self, name: str) -> str:
        """Return the password of the switch of this name, which holds no slash (the table's constraint).

        Raises NoPassword: the file says nothing that could be one. The shared one is not sent in its place.
        """
        if not self._folder:
            return self._shared
        path = Path(self._folder) / name
        try:
            with path.open("rb") as file:
                text = file.read(LONGEST).decode()
        except FileNotFoundError:
            return self._shared
        except (OSError, UnicodeDecodeError) as error:
            raise NoPassword(f"the password in {path} can't be read: {type(error).__name__}") from None
        password = text.strip("\r\n")
        if not password or not password.isprintable():
            raise NoPassword(f"{path} holds no password: it must be one line")
        return password
