"""Uploaded audio: converted for the telephone, listened to, removed."""

import secrets
from pathlib import Path

from flask import Blueprint, abort, flash, redirect, render_template, request, send_from_directory, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from control_panel.access import needs
from control_panel.context import settings
from control_panel.database import connection
from control_panel.telephone_audio import Doubt, Refusal, TelephoneAudio, UnusableAudio, convert
from db import audio_files, audit
from db.errors import AlreadyExists, InUse
from db.users import UserRole as Role

blueprint = Blueprint("audio", __name__, url_prefix="/audio")

LIMIT_MB = 50
LONGEST_NAME = 100


@blueprint.get("/")
@needs(Role.VIEWER)
def index() -> str:
    """List the audio, each to be listened to."""
    return _page()


def _page(error: str | None = None) -> str:
    return render_template("audio/index.html", files=audio_files.list_all(connection()), limit_mb=LIMIT_MB, error=error)


def _refusal(refusal: Refusal) -> str:
    match refusal:
        case Refusal.UNREADABLE:
            return _("This is no audio we can read. WAV, MP3, OGG, FLAC and AIFF work.")
        case Refusal.TOO_SHORT:
            return _("The audio is shorter than a fifth of a second.")
        case Refusal.TOO_LONG:
            return _("The audio is longer than five minutes.")
        case Refusal.SILENT:
            return _("Nothing can be heard in this file: its level is below −60 dB.")


def _doubt(doubt: Doubt, level: float) -> str:
    match doubt:
        case Doubt.QUIET:
            return _("It is quiet (%(level)s dB): listen to it before you use it.", level=round(level))
        case Doubt.CLIPPED:
            return _("It is overdriven: listen to it before you use it.")


@blueprint.post("/")
@needs(Role.MANAGER)
def upload() -> Response | tuple[str, int]:
    """Convert and keep an upload."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _page(_("Choose a file first.")), 400
    data = file.stream.read(LIMIT_MB * 1024 * 1024 + 1)
    if len(data) > LIMIT_MB * 1024 * 1024:
        return _page(_("The file is larger than %(limit)s MiB.", limit=LIMIT_MB)), 413
    original = Path(file.filename.replace("\\", "/")).name[:200]
    name = request.form.get("name", "").strip()[:LONGEST_NAME] or Path(original).stem[:LONGEST_NAME] or original
    try:
        converted = convert(data)
    except UnusableAudio as error:
        return _page(_refusal(error.refusal)), 400
    try:
        audio_id = _keep(name, original, converted)
    except AlreadyExists:
        return _page(_("There is audio of this name already: choose another name.")), 400
    audit.record(connection(), current_user.id, "audio.uploaded", "audio", str(audio_id), {"name": name})
    flash(_("“%(name)s” is ready for campaigns.", name=name), "success")
    for doubt in converted.doubts:
        flash(_doubt(doubt, converted.level_dbfs), "warning")
    return redirect(url_for("audio.index"))


def _keep(name: str, original: str, converted: TelephoneAudio) -> int:
    """Write the file, then its row: a row never names a file that is not there."""
    path = f"{secrets.token_hex(16)}.wav"
    folder = settings().audio_dir
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path
    target.write_bytes(converted.wav)
    try:
        return audio_files.add(connection(), name, path, original, converted.duration_ms, converted.sha256)
    except AlreadyExists:
        target.unlink()
        raise


@blueprint.get("/<int:audio_id>/file.wav")
@needs(Role.VIEWER)
def listen(audio_id: int) -> Response:
    """Send the audio as callers hear it."""
    found = audio_files.get(connection(), audio_id) or abort(404)
    response = send_from_directory(settings().audio_dir.resolve(), found.path, mimetype="audio/wav", conditional=True)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@blueprint.post("/<int:audio_id>/remove")
@needs(Role.MANAGER)
def remove(audio_id: int) -> Response:
    """Remove audio that no campaign has ever played."""
    found = audio_files.get(connection(), audio_id) or abort(404)
    try:
        audio_files.remove(connection(), audio_id)
    except InUse:
        flash(_("A campaign plays “%(name)s”, so it stays.", name=found.name), "error")
        return redirect(url_for("audio.index"))
    audit.record(connection(), current_user.id, "audio.removed", "audio", str(audio_id), {"name": found.name})
    # The file stays on disk for calls that are up; it is small and its name is never used again.
    flash(_("“%(name)s” is removed.", name=found.name), "success")
    return redirect(url_for("audio.index"))
