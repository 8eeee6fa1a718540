"""Headers that keep a browser from doing what this panel never asks of it."""

from flask import Flask, Response, abort, request

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
HSTS = "max-age=31536000"
STATIC_MAX_AGE_S = 3600


def init(app: Flask) -> None:
    """Send the headers with every answer, and turn away text that no database can hold."""
    app.before_request(_refuse_nul)
    app.after_request(_harden)


def _refuse_nul() -> None:
    """PostgreSQL's text has no NUL; no keyboard types one, so whoever sends one is not using a form."""
    given = (*request.args.values(), *request.form.values())
    if any("\0" in value for value in given):
        abort(400)


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    if request.endpoint == "static":
        response.headers["Cache-Control"] = f"public, max-age={STATIC_MAX_AGE_S}"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
