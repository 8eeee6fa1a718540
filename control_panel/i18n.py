"""Russian and English: which one a request speaks, and catalogues compiled from their .po files at start."""

import atexit
import shutil
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, request, session
from flask_babel import Babel, get_locale
from flask_login import current_user
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from dialer.call_flow import LANGUAGES

SOURCE = Path(__file__).parent / "translations"
LANGUAGE_NAMES = {"ru": "Русский", "en": "English"}
"""Each language in its own words: never translated."""


def init(app: Flask, default_language: str) -> None:
    """Compile the catalogues and choose the language of every request."""
    default = default_language if default_language in LANGUAGES else LANGUAGES[0]
    app.config.update(BABEL_DEFAULT_LOCALE=default, BABEL_TRANSLATION_DIRECTORIES=str(compile_catalogues(SOURCE)))

    def choose() -> str:
        try:
            if current_user and current_user.is_authenticated:
                return str(current_user.language)
        except (OperationalError, PoolTimeout):
            pass  # the page that says so needs a language too
        return str(session.get("language") or request.accept_languages.best_match(LANGUAGES, default))

    Babel(app, locale_selector=choose)
    app.jinja_env.globals.update(
        language=lambda: str(get_locale() or default)[:2], language_names=LANGUAGE_NAMES, languages=LANGUAGES
    )


def compile_catalogues(source: Path) -> Path:
    """Compile every .po below `source` into a folder of this process, and return it.

    The checkout may be read-only and a compiled file beside its source goes stale, so neither holds one.
    """
    target = Path(tempfile.mkdtemp(prefix="dialer-panel-translations-"))
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    for po in source.glob("*/LC_MESSAGES/*.po"):
        with po.open("rb") as text:
            catalogue = read_po(text, locale=po.parts[-3])
        mo = target / po.relative_to(source).with_suffix(".mo")
        mo.parent.mkdir(parents=True, exist_ok=True)
        with mo.open("wb") as binary:
            write_mo(binary, catalogue)
    return target
