"""Friendly pages for what can go wrong, and the expected failures that lead to them."""

import logging
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import gettext as _
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from werkzeug.exceptions import HTTPException

logger = logging.getLogger(__name__)

PAGE_FAILED = "a page failed"
DATABASE_AWAY = "the panel could not reach PostgreSQL"


def _texts(code: int) -> tuple[str, str]:
    """Return (what happened, what to do)."""
    match code:
        case 400:
            return _("The request was not understood"), _("Go back, reload the page and try again.")
        case 401:
            return _("Please sign in"), _("Sign in and try again.")
        case 403:
            return _("Your role does not allow this"), _("Ask an administrator if you need it.")
        case 404:
            return _("There is no such page"), _("It may have been removed, or the address is mistyped.")
        case 405:
            return _("This address can't be opened like that"), _("Use the buttons of the page it belongs to.")
        case 409:
            return _("This is not possible now"), _("Reload the page to see how things stand.")
        case 413:
            return _("The file is too large"), _("Split it or compress it and upload it again.")
        case 429:
            return _("Too many tries"), _("Wait a little and try again.")
        case 503:
            return _("The service is busy or its database is away"), _("Nothing was changed. Try again in a moment.")
        case _code:
            return _("Something went wrong on our side"), _("Nothing was changed. It has been logged; try again.")


def _page(code: int, detail: str | None = None) -> Response:
    title, advice = _texts(code)
    try:
        return make_response(
            render_template("errors/error.html", code=code, title=title, advice=detail or advice), code
        )
    except (OperationalError, PoolTimeout):
        return unavailable()


def unavailable() -> Response:
    """Return the page that says that PostgreSQL is away; it asks for nothing that PostgreSQL knows."""
    g._login_user = AnonymousUserMixin()  # what flask-login would look up for every template
    title, advice = _texts(503)
    response = make_response(render_template("errors/bare.html", code=503, title=title, advice=advice), 503)
    response.headers["Retry-After"] = "5"
    return response


def init(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> Response:
        return _page(400, _("The form is out of date. Go back, reload the page and send it again."))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        code = error.code or 500
        if code < 400:
            return error
        ours = error.description if error.description != type(error).description else None
        if request.path.startswith("/static/"):
            return error
        return _page(code, str(ours) if ours else None)

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def database_away(error: Exception) -> Response:
        logger.error(DATABASE_AWAY, exc_info=error)
        return unavailable()

    @app.errorhandler(Exception)
    def surprise(error: Exception) -> Response:
        logger.error(PAGE_FAILED, exc_info=error, extra={"path": request.path, "endpoint": request.endpoint})
        return _page(500)
