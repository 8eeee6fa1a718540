"""Signing in and out, and the language switch."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import refresh
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from control_panel import throttle
from control_panel.access import Account
from control_panel.context import panel
from control_panel.database import connection
from db import audit, users
from dialer.call_flow import LANGUAGES

blueprint = Blueprint("sign_in", __name__)


class SignInForm(FlaskForm):
    """E-mail and password."""

    email = StringField(_l("E-mail"), [InputRequired(_l("Enter your e-mail.")), Length(max=254)])
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password.")), Length(max=1000)])


def _safe_next(target: str | None) -> str:
    """Return `target` when it is a path of this panel, else the dashboard: never an address somewhere else."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and not urlsplit(target).netloc:
        return target
    return url_for("dashboard.show")


@blueprint.get("/sign-in")
def form() -> str | Response:
    """Show the form, or go on when signed in already."""
    if current_user.is_authenticated:
        return redirect(_safe_next(request.args.get("next")))
    return render_template("sign_in/sign_in.html", form=SignInForm())


@blueprint.post("/sign-in")
def sign_in() -> str | Response | tuple[str, int]:
    """Check the password; failures are slowed down per account and per address."""
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("sign_in/sign_in.html", form=form), 400
    email, address = str(form.email.data).strip(), request.remote_addr or ""
    redis = panel().redis
    wait = throttle.wait_s(redis, email, address)
    if wait:
        form.password.errors = [_("Too many failed tries. Try again in %(minutes)s min.", minutes=-(-wait // 60))]
        return render_template("sign_in/sign_in.html", form=form), 429
    user = users.sign_in(connection(), email, str(form.password.data))
    if user is None:
        throttle.failed(redis, email, address)
        form.password.errors = [_("The e-mail or the password is wrong.")]
        return render_template("sign_in/sign_in.html", form=form), 401
    throttle.succeeded(redis, email, address)
    session.clear()
    session.permanent = True
    login_user(Account(user))
    audit.record(connection(), user.id, "user.signed_in", "user", str(user.id), {"address": address})
    return redirect(_safe_next(request.args.get("next")))


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    logout_user()
    session.clear()
    flash(_("You are signed out."), "info")
    return redirect(url_for("sign_in.form"))


@blueprint.post("/language")
def language() -> Response:
    """Switch the panel's language; for a signed-in user it is remembered with the account."""
    wanted = request.form.get("language", "")
    if wanted in LANGUAGES:
        session["language"] = wanted
        if current_user.is_authenticated:
            users.set_language(connection(), current_user.id, wanted)
            current_user.language = wanted
        refresh()
    return redirect(_safe_next(request.form.get("next")))
