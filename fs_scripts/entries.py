"""Keeps the entry modules as they are: mod_python3 reloads them for every call, which would read their files again."""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

ENTRIES = ("fs_scripts.outbound_call", "fs_scripts.hangup")


class _AsTheyAre(MetaPathFinder, Loader):
    """Reloads an entry by leaving it alone."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the import system passes it
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Answer for an entry that is reloaded, not for one that is imported."""
        is_reloaded = target is not None and fullname in ENTRIES
        return ModuleSpec(fullname, self) if is_reloaded else None

    def exec_module(self, module: ModuleType) -> None:
        """Change nothing."""


def keep() -> None:
    """Load the entries once, for good; whoever edits one restarts the switch, as with every other module."""
    for name in ENTRIES:
        importlib.import_module(name)
    if not any(isinstance(finder, _AsTheyAre) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AsTheyAre())
