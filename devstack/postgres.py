"""A private PostgreSQL: own data folder, own password, free port; no database of the host is touched."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import psycopg

from devstack.errors import ProgramMissing, StackError
from devstack.ports import LOOPBACK, free_ports
from devstack.supervise import Child, descendants, spawn, unprivileged_user

START_TIMEOUT_S = 60.0
USER = "dialer"
SIZE = {"shared_buffers": "512MB", "max_wal_size": "4GB", "min_wal_size": "1GB", "wal_init_zero": "off"}
"""What campaigns of a million contacts need: indexes touched at random stay in memory, pages are rarely written whole,
and who needs a new file of WAL does not fill it with zeros first. docker-compose.yml gives its server the same."""
FAST_AND_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests that crash nothing: a crash of the server, too, would lose what was committed just before."""


def bin_dir() -> Path:
    """Return the folder of the newest installed PostgreSQL; raise ProgramMissing when there is none."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if versions:
        return versions[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise ProgramMissing("PostgreSQL's initdb is not installed; run `make setup`")
    return Path(on_path).resolve().parent


def private_dir(prefix: str, user: str | None) -> Path:
    """Make a folder that `user` (else we) alone can read; below /tmp, because a checkout may be closed to others."""
    folder = Path(mkdtemp(prefix=prefix))
    if user is not None:
        shutil.chown(folder, user)
    return folder


@dataclass
class Postgres:
    """A running server. url: of its `dialer` database, as the superuser that owns it. start: runs it once more."""

    host: str
    port: int
    password: str
    child: Child
    start: Callable[[], Child]

    def database_url(self, name: str = USER) -> str:
        """Return the address of a database of this server."""
        return f"postgresql://{USER}:{self.password}@{self.host}:{self.port}/{name}"

    @property
    def url(self) -> str:
        """The address of the default database."""
        return self.database_url()

    def pause(self) -> None:
        """Freeze the server with all its backends: connections stay open and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        self._signal(signal.SIGCONT)

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Stop the server for as long as the block runs: connections are closed and new ones refused."""
        self.child.stop()
        try:
            yield
        finally:
            self.child = self.start()
            self.child.wait_until(self.answers, START_TIMEOUT_S, "it answered a query")

    def kill(self) -> None:
        """End every process of the server at once, as a crash does: what follows `start` is crash recovery."""
        self._signal(signal.SIGKILL)

    def answers(self) -> bool:
        """Whether it lets us in."""
        try:
            psycopg.connect(self.database_url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        for pid in [self.child.pid, *descendants(self.child.pid)]:  # backends lead groups of their own
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _initialise(data: Path, password: str, user: str | None) -> None:
    password_file = data.parent / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password, encoding="ascii")
    if user is not None:
        shutil.chown(password_file, user)
    command = [
        bin_dir() / "initdb", "--pgdata", data, "--username", USER, "--pwfile", password_file,
        "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            [str(part) for part in command], user=user, extra_groups=[] if user else None, cwd=data.parent,
            capture_output=True, text=True, check=False, group=None if user is None else pwd.getpwnam(user).pw_gid,
        )  # fmt: skip
    finally:
        password_file.unlink()
    if done.returncode:
        raise StackError(f"initdb failed:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def private_postgres(*, for_tests: bool = False, keep_in: Path | None = None) -> Iterator[Postgres]:
    """Run a server until the block ends.

    for_tests: no waiting for the disk. keep_in: a folder whose data outlive the block (the server's user must be
    able to reach it), else a temporary one. Raises StackError with the server's log when it does not start.
    """
    user = unprivileged_user()
    base = keep_in or private_dir("dialer-postgres-", user)
    data = base / "data"
    password_kept = base / "superuser"  # readable by the server's user alone, as the whole folder
    try:
        if (data / "PG_VERSION").exists():
            password = password_kept.read_text(encoding="ascii")
        else:
            password = secrets.token_urlsafe(24)
            _initialise(data, password, user)
            password_kept.touch(mode=0o600)
            password_kept.write_text(password, encoding="ascii")
        with _serve(base, data, password, user, FAST_AND_FORGETFUL if for_tests else {}) as server:
            yield server
    finally:
        if keep_in is None:
            shutil.rmtree(base, ignore_errors=True)


@contextlib.contextmanager
def _serve(base: Path, data: Path, password: str, user: str | None, tuning: dict[str, str]) -> Iterator[Postgres]:
    port = free_ports(1)[0]
    options = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": str(base),
        "max_connections": "100",
        **SIZE,
        "timezone": "UTC",
        "log_timezone": "UTC",
        **tuning,
    }
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    def start() -> Child:
        return spawn(
            "PostgreSQL", [bin_dir() / "postgres", "-D", data, *settings], log=base / "postgres.log", cwd=base,
            user=user, env={"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "")},
            stop_signal=signal.SIGINT, parent_death_signal=signal.SIGINT,  # SIGINT is its fast shutdown
        )  # fmt: skip

    server = Postgres(LOOPBACK, port, password, start(), start)
    try:
        server.child.wait_until(server.answers, START_TIMEOUT_S, "it answered a query")
        with psycopg.connect(server.database_url("postgres"), autocommit=True) as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [USER]).fetchone()
            if exists is None:
                connection.execute(f"CREATE DATABASE {USER}")
        yield server
    finally:
        server.resume()  # a test that failed may have left it frozen
        server.child.stop()
