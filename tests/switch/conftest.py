"""Collects the calls that the chosen test modules declare and dials them all once."""

from collections.abc import Iterator

import pytest

from devstack.switch import chosen_switch
from tests.switch.calls import Call
from tests.switch.suite import Suite, running_suite


def declared_calls(modules: list[object]) -> list[Call]:
    """Return every Call that is a module's constant, alone or as a value of a dict."""
    found: dict[str, Call] = {}
    for module in modules:
        for value in vars(module).values():
            for call in value.values() if isinstance(value, dict) else [value]:
                if isinstance(call, Call):
                    assert found.setdefault(call.name, call) is call, f"two calls are named {call.name}"
    return list(found.values())


SUITE_TIMEOUT_S = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give whichever test comes first the time to start the product and a callee for every call."""
    for item in items:
        if "tests/switch/" in str(item.path) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SUITE_TIMEOUT_S))


@pytest.fixture(scope="session")
def switch_suite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """The running product, with a gateway for each declared call; nothing is dialled yet."""
    modules = list(dict.fromkeys(item.module for item in request.session.items if "tests/switch/" in str(item.path)))
    with running_suite(declared_calls(modules), tmp_path_factory.mktemp("switch"), chosen_switch()) as suite:
        yield suite


@pytest.fixture(scope="session")
def dialled(request: pytest.FixtureRequest, switch_suite: Suite) -> Suite:
    """The suite with every ordinary call placed; those that break something on purpose are placed by their tests."""
    modules = list(dict.fromkeys(item.module for item in request.session.items if "tests/switch/" in str(item.path)))
    switch_suite.place([call for call in declared_calls(modules) if not call.is_placed_by_its_test])
    return switch_suite
