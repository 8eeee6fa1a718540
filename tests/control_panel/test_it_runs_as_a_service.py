"""The process: accounts made on the command line, a server that answers, and an end that waits for nobody."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import requests
from psycopg import Connection

from db import users
from tests.control_panel.conftest import PASSWORD, TOKEN
from tests.control_panel.server import ROOT, environment, running_panel


def create_user(env: dict[str, str], password: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "control_panel", "create-user", *arguments],
        input=f"{password}\n", env=env, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_it_makes_accounts_on_the_command_line(
    postgres_url: str, redis_url: str, tmp_path: Path, conn: Connection[Any]
) -> None:
    env = environment(postgres_url, redis_url, tmp_path, 1)
    done = create_user(env, "Пароль подлиннее", "anna@example.com", "admin")
    assert (done.returncode, done.stdout) == (0, "created anna@example.com as admin\n"), done.stderr
    (anna,) = users.list_all(conn)
    assert (anna.email, anna.role, anna.language) == ("anna@example.com", "admin", "ru")
    stored = conn.execute("SELECT password_hash FROM users").fetchone()
    assert stored is not None
    assert stored[0].startswith("$argon2id$")
    for password, email, status in (
        ("Пароль подлиннее", "anna@example.com", 1),
        ("short", "b@example.com", 1),
        ("Пароль подлиннее", "no-address", 1),
    ):
        refused = create_user(env, password, email, "viewer")
        assert refused.returncode == status
        assert refused.stderr.startswith("not created: ")
        assert password not in refused.stderr
    assert create_user(env, PASSWORD, "c@example.com", "king").returncode == 2


def test_it_serves_and_stops_at_once_though_a_stream_is_open(
    postgres_url: str, redis_url: str, tmp_path: Path, conn: Connection[Any]
) -> None:
    users.create(conn, "anna@example.com", users.UserRole.VIEWER, PASSWORD, "en")
    with running_panel(postgres_url, redis_url, tmp_path) as (base, process):
        with urllib.request.urlopen(f"{base}/health/live", timeout=10) as answer:
            assert answer.status == 200
        session = requests.Session()
        found = TOKEN.search(session.get(f"{base}/sign-in", timeout=10).text)
        assert found is not None
        form = {"email": "anna@example.com", "password": PASSWORD, "csrf_token": found.group(1)}
        session.post(f"{base}/sign-in", form, timeout=10)
        with session.get(f"{base}/live/stream", stream=True, timeout=20) as stream:
            lines = stream.iter_lines()
            assert any(line == b"event: state" for line in lines)
            started = time.monotonic()
            process.terminate()
            process.wait(20)
            assert time.monotonic() - started < 8
    assert process.returncode == 0
