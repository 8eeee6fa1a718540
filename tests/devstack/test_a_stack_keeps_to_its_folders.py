"""What a private stack writes lies in its own folders, whatever settings there come to be."""

from dataclasses import fields
from pathlib import Path

from devstack.environment import make_folders, private_environment
from dialer.settings import PREFIX, Settings

SHARED = {"sounds_dir"}
"""Only read from."""


def test_every_folder_it_writes_to_is_its_own(tmp_path):
    folders = make_folders(tmp_path)
    environment = private_environment(folders, "postgresql://127.0.0.1:9/none", "redis://127.0.0.1:9/0", {})
    for setting in fields(Settings):
        if setting.type is Path and setting.name not in SHARED:
            folder = Path(environment[PREFIX + setting.name.upper()])
            assert folder.is_relative_to(tmp_path) or folder == folders.tap, setting.name
            assert folder.is_dir(), setting.name
