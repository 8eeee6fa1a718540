"""Children in groups of their own that are stopped in order and never outlive the process that started them."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import StackError

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.02
LOG_TAIL_LINES = 30

_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork: the child may not take locks


def unprivileged_user() -> str | None:
    """Return the user that servers run as when we are root (`postgres`, else `nobody`); None when we aren't."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            return name
    raise StackError("run as root, servers need an unprivileged user; neither postgres nor nobody exists")


def adopt_orphans() -> None:
    """Make this process the parent of its children's orphans, so that `end_descendants` finds them all."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass
class Child:
    """One running program: its name in messages, its log, and the signal that ends it in good order."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0

    @property
    def pid(self) -> int:
        """The process's id, which is also its group's."""
        return self.process.pid

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def tail(self) -> str:
        """Return the last lines of its log, for a message."""
        if self.log is None or not self.log.exists():
            return "(it wrote no log)"
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  | {line}" for line in lines[-LOG_TAIL_LINES:]) or "  (its log is empty)"

    def wait_until(self, is_ready: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until `is_ready()`; raise StackError with the log's tail when it ends first or takes too long."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if not self.is_running():
                raise StackError(
                    f"{self.name} ended with status {self.process.returncode} before {what}; "
                    f"the end of {self.log}:\n{self.tail()}"
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name}: {what} took over {timeout_s:.0f} s; the end of {self.log}:\n{self.tail()}"
                )
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Ask it to end, wait, then kill what is left of its group; safe to call twice."""
        if self.is_running():
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.stop_signal)
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)  # a test may have frozen it
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.stop_timeout_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()


def spawn(
    name: str,
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    stdin: bytes | None = None,
    leaves_stdin_open: bool = False,
    stop_signal: signal.Signals = signal.SIGTERM,
    stop_timeout_s: float = 10.0,
    parent_death_signal: signal.Signals = signal.SIGTERM,
) -> Child:
    """Start a program in a session of its own that gets `parent_death_signal` when our process dies.

    log: the file that takes its output, else it is dropped. user: whom to become first (root only).
    stdin: a short text it reads, at most a pipe's buffer long. leaves_stdin_open: it never reads to the end.
    """
    parent = os.getpid()

    def before_exec() -> None:  # runs after the user was changed, which would clear the setting
        _libc.prctl(PR_SET_PDEATHSIG, int(parent_death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    with contextlib.ExitStack() as closing:
        out = closing.enter_context(log.open("ab")) if log else subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.PIPE if stdin is not None or leaves_stdin_open else subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=before_exec,  # calls two functions of libc: safe although other threads may hold locks
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        except FileNotFoundError as error:
            raise StackError(f"{name}: {argv[0]} is not installed; run `make setup`") from error
    if stdin is not None and process.stdin is not None:
        process.stdin.write(stdin)
        process.stdin.close()
    return Child(name, process, log, stop_signal, stop_timeout_s)


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stop_signal: signal.Signals = signal.SIGINT,
    stop_timeout_s: float = 10.0,
) -> int:
    """Run a program in our own terminal and group and return its status; when we are stopped, it is stopped first.

    stop_timeout_s: how long it may take to end in good order before it is killed.
    """
    process = subprocess.Popen([str(part) for part in argv], cwd=cwd, env=env, preexec_fn=_die_with_parent)
    try:
        return process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(stop_timeout_s)
        process.kill()
        process.wait()
        raise


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def die_with_make() -> None:
    """End in order when the `make` that started us is killed; a program started by hand may outlive its shell."""
    if "MAKELEVEL" in os.environ:
        _die_with_parent()


def descendants(root_pid: int) -> list[int]:
    """Return the ids of all processes below `root_pid`, nearest first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    queue = [root_pid]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def end_descendants() -> None:
    """Kill whatever still lives below this process; the last act of a process that called `adopt_orphans`."""
    for pid in descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0)[0]:
            pass


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into an exception, so that every `with` block is left in order.

    Asked once is enough: while we stop, further signals are ignored. SIGINT counts also where a shell started us in
    the background with it ignored.
    """

    def leave(number: int, _frame: object) -> None:
        for each in stopping:
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    stopping = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for each in stopping:
        signal.signal(each, leave)
    yield  # the handlers stay: what is left to do is to end
