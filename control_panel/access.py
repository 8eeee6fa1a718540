"""Who is signed in and what their role lets them do."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, abort, redirect, request, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_babel import lazy_gettext as _
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.wrappers import Response

from control_panel.database import connection
from db import users
from db.users import UserRole as Role

View = TypeVar("View", bound=Callable[..., Any])

RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.MANAGER: 2, Role.ADMIN: 3}


class Account(UserMixin):
    """A signed-in user, as flask-login and templates see them."""

    def __init__(self, user: users.User) -> None:
        self.id = user.id
        self.email = user.email
        self.role = Role(user.role)
        self.language = user.language

    def may(self, role: str) -> bool:
        """Say whether this user's role reaches `role`."""
        return RANK[self.role] >= RANK[Role(role)]


class _Sessions(SecureCookieSessionInterface):
    """Marks the cookie Secure on every request that came by TLS, so that plain-HTTP development works too."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure or super().get_cookie_secure(app)


def init(app: Flask) -> None:
    """Set up sessions and the way back to the sign-in page."""
    app.session_interface = _Sessions()
    manager = LoginManager(app)
    manager.session_protection = "basic"

    @manager.user_loader
    def load(user_id: str) -> Account | None:
        user = users.get(connection(), int(user_id))
        return Account(user) if user and user.is_active else None

    @manager.unauthorized_handler
    def to_sign_in() -> Response:
        if request.method != "GET" or request.accept_mimetypes.best == "text/event-stream":
            abort(401, description=_("You are signed out. Sign in and try again."))
        return redirect(url_for("sign_in.form", next=request.full_path.rstrip("?")))


def needs(role: Role) -> Callable[[View], View]:
    """Let a view serve only signed-in users whose role reaches `role`; others get 401/sign-in or 403."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                from flask import current_app

                return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            if not current_user.may(role):
                abort(403)
            return view(*args, **kwargs)

        checked.needed_role = role  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return wrap
