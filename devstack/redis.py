"""A private Redis: free port, own password, nothing written to disk (the dialer rebuilds what it kept there)."""

import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis

from devstack.errors import ProgramMissing
from devstack.ports import LOOPBACK, free_ports
from devstack.postgres import private_dir
from devstack.supervise import Child, spawn, unprivileged_user

START_TIMEOUT_S = 20.0


@dataclass
class Redis:
    """A running server. start: runs it once more, empty."""

    port: int
    password: str
    child: Child
    start: Callable[[], Child]

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def answers(self) -> bool:
        """Whether it answers a ping."""
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self.url, socket_timeout=2) as client:
            return bool(client.ping())
        return False

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing is answered."""
        os.kill(self.child.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        os.kill(self.child.pid, signal.SIGCONT)


@contextlib.contextmanager
def private_redis() -> Iterator[Redis]:
    """Run a server until the block ends; raise StackError with its log when it does not start."""
    program = shutil.which("redis-server") or shutil.which("redis-server", path="/usr/bin:/usr/local/bin")
    if program is None:
        raise ProgramMissing("redis-server is not installed; run `make setup`")
    user = unprivileged_user()
    base = private_dir("dialer-redis-", user)
    password = secrets.token_urlsafe(24)
    port = free_ports(1)[0]
    # By stdin: a command line can be read by everybody on the machine
    configuration = f'port {port}\nbind {LOOPBACK}\nrequirepass "{password}"\nsave ""\nappendonly no\ndir {base}\n'

    def start() -> Child:
        return spawn("Redis", [program, "-"], log=base / "redis.log", cwd=base, user=user, stdin=configuration.encode())

    server = Redis(port, password, start(), start)
    try:
        server.child.wait_until(server.answers, START_TIMEOUT_S, "it answered a ping")
        yield server
    finally:
        server.child.stop()
        shutil.rmtree(base, ignore_errors=True)
