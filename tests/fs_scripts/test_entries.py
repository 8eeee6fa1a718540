"""The entry modules stay as they were loaded, although the switch reloads them for every call."""

import importlib

import pytest

from fs_scripts import entries


@pytest.fixture(autouse=True)
def _import_system():
    before = importlib.reload
    yield
    importlib.reload = before


@pytest.mark.parametrize("name", entries.ENTRIES)
def test_a_reload_leaves_an_entry_as_it_is(name):
    entries.keep()
    entries.keep()
    entry = importlib.import_module(name)
    function = next(found for found in (getattr(entry, "handler", None), getattr(entry, "fsapi", None)) if found)
    for _ in range(2):
        assert importlib.reload(entry) is entry
        assert function in vars(entry).values()


def test_other_modules_are_reloaded(tmp_path, monkeypatch):
    (tmp_path / "edited.py").write_text("def handler(): pass")
    monkeypatch.syspath_prepend(tmp_path)
    entries.keep()
    module = importlib.import_module("edited")
    before = module.handler
    assert importlib.reload(module).handler is not before
