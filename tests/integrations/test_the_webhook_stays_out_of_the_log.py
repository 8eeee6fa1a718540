"""The webhook's secret reaches no log line of the scheduler or the switch, whatever the HTTP library has to say."""

import io
import logging
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterator

import pytest
import requests

import scheduler.log
from integrations.bitrix24 import Bitrix24
from tests.integrations.conftest import PATIENCE_S, PRODUCT

SECRET = "k7hidden"
BROKEN_HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nno header at all\r\n\r\n"
Read = Callable[[], str]


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture(params=["scheduler", "switch"])
def written(request: pytest.FixtureRequest, root: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Log as that process does, with everything it can say; the result returns what was written."""
    if request.param == "scheduler":
        stderr = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stderr)
        scheduler.log.set_up("DEBUG")
        return stderr.getvalue
    module = types.ModuleType("freeswitch")
    module.API = module.consoleLog = module.setGlobalVariable = None  # type: ignore[attr-defined]
    sys.modules.setdefault("freeswitch", module)
    import fs_scripts.log

    lines: list[str] = []
    monkeypatch.setattr(fs_scripts.log, "write_log", lambda _level, line: lines.append(line))
    fs_scripts.log.set_up("DEBUG")
    return lambda: "\n".join(lines)


@pytest.fixture
def careless_portal() -> Iterator[str]:
    """A server whose answers have a header line that is none; returns its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(BROKEN_HEADERS)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def post(address: str, a_lead: Callable[..., object]) -> None:
    with requests.Session() as session:
        client = Bitrix24(f"{address}/rest/1/{SECRET}/", session, PATIENCE_S, PRODUCT)
        assert client.add_lead(a_lead()).exchanges  # type: ignore[arg-type]


def test_a_post_is_not_logged(written, portal, a_lead):
    post(portal.url, a_lead)
    logging.getLogger("integrations").debug("our own lines are written")
    assert "our own lines are written" in written()
    assert SECRET not in written()


def test_an_answer_with_broken_headers_is_not_logged(written, careless_portal, a_lead):
    post(careless_portal, a_lead)
    logging.getLogger("integrations").debug("our own lines are written")
    assert "our own lines are written" in written()
    assert SECRET not in written()
