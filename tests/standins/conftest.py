"""Fixtures: a portal of its own for every test, and a client that speaks to it plainly."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.standins.bitrix24 import Bitrix24

Call = Callable[..., requests.Response]


@pytest.fixture
def bitrix24() -> Iterator[Bitrix24]:
    with Bitrix24(hold_s=0.3) as server:
        yield server


@pytest.fixture
def call(bitrix24: Bitrix24) -> Iterator[Call]:
    with requests.Session() as session:
        session.trust_env = False

        def post(method: str, *, base: str = "", **parameters: Any) -> requests.Response:
            url = f"{base or bitrix24.webhook_url}{method}.json"
            return session.post(url, json=parameters, timeout=5, allow_redirects=False)

        yield post
