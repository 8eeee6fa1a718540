"""Contact files between upload and import: kept on disk under a random name, for their uploader, for a day."""

import json
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from werkzeug.datastructures import FileStorage

from control_panel.context import settings

KEEP_S = 86_400
TOKEN = re.compile(r"[A-Za-z0-9_-]{24}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored file. name: as the user's computer called it, for showing only."""

    token: str
    name: str
    path: Path


def init(app: Flask) -> None:
    """Make the folder, closed to other users of the machine: it holds people's phone numbers."""
    app.extensions["panel"].settings.uploads_dir.mkdir(parents=True, exist_ok=True, mode=0o700)


def store(file: FileStorage, user_id: int) -> Upload:
    """Write the upload to disk; files of yesterday are removed on the way."""
    folder = settings().uploads_dir
    _sweep(folder)
    token = secrets.token_urlsafe(18)
    path = folder / token
    name = Path((file.filename or "contacts.csv").replace("\\", "/")).name[:200]
    file.save(path)
    (folder / f"{token}.json").write_text(json.dumps({"name": name, "user_id": user_id}), encoding="utf-8")
    return Upload(token, name, path)


def find(token: str, user_id: int) -> Upload | None:
    """Return this user's upload, or None when it is gone or somebody else's."""
    folder = settings().uploads_dir
    if not TOKEN.fullmatch(token) or not (folder / f"{token}.json").exists():
        return None
    about = json.loads((folder / f"{token}.json").read_text(encoding="utf-8"))
    return Upload(token, about["name"], folder / token) if about["user_id"] == user_id else None


def take(upload: Upload) -> bool:
    """Take the upload for an import, so that a second request does not import it again; False when it was taken."""
    try:
        upload.path.with_name(f"{upload.token}.json").unlink()
    except FileNotFoundError:
        return False
    return True


def forget(upload: Upload) -> None:
    """Remove the file; it has been imported."""
    upload.path.unlink(missing_ok=True)
    upload.path.with_name(f"{upload.token}.json").unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    oldest = time.time() - KEEP_S
    for path in folder.iterdir():
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
