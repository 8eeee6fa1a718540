"""Keeps the entry modules as they are: mod_python3 reloads them for every call, which would read their files again."""

import importlib
from types import ModuleType

ENTRIES = ("fs_scripts.outbound_call", "fs_scripts.hangup")

_reload = importlib.reload
_kept: set[ModuleType] = set()


def _reload_others(module: ModuleType) -> ModuleType:
    """Reload a module, an entry by leaving it alone."""
    return module if module in _kept else _reload(module)


def keep() -> None:
    """Load the entries once, for good; whoever edits one restarts the switch, as with every other module."""
    for name in ENTRIES:
        _kept.add(importlib.import_module(name))
    importlib.reload = _reload_others  # the switch asks for it by its name, each time
