"""Who may use the panel: accounts made, given another role or password, shut out and let in again."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, PasswordField, SelectField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, Optional

from control_panel.access import needs
from control_panel.campaign_form import choices_of
from control_panel.context import panel
from control_panel.database import connection
from control_panel.labels import label
from db import audit, users
from db.errors import AlreadyExists
from db.users import SHORTEST_PASSWORD, User
from db.users import UserRole as Role

blueprint = Blueprint("users", __name__, url_prefix="/users")

REQUIRED = _l("Fill this in.")
PASSWORD_LENGTH = Length(
    SHORTEST_PASSWORD, 1000, _l("A password has at least %(count)s characters.", count=SHORTEST_PASSWORD)
)

Answer = str | Response | tuple[str, int]


class AccountForm(FlaskForm):
    """What may change of an account. An empty password stays as it is."""

    role = SelectField(_l("Role"))
    password = PasswordField(_l("New password"), [Optional(), PASSWORD_LENGTH])
    is_active = BooleanField(_l("May sign in"))

    def offer(self) -> "AccountForm":
        """Give the select its choices."""
        self.role.choices = choices_of({str(role): label(role) for role in Role})
        return self


class NewAccountForm(AccountForm):
    """A new account."""

    email = StringField(_l("E-mail"), [InputRequired(REQUIRED), Length(max=254)])
    password = PasswordField(_l("Password"), [InputRequired(REQUIRED), PASSWORD_LENGTH])
    is_active = None

    def validate_email(self, field: StringField) -> None:
        """Nobody is written to, so a sign in the middle has to do."""
        name, _at, host = str(field.data).strip().rpartition("@")
        if not name or not host:
            raise ValidationError(_l("This is no e-mail address."))


def _page(form: NewAccountForm | None = None) -> str:
    return render_template(
        "users/index.html",
        users=users.list_all(connection()),
        form=(form or NewAccountForm(formdata=None, data={"role": Role.OPERATOR})).offer(),
    )


@blueprint.get("/")
@needs(Role.ADMIN)
def index() -> str:
    """List every account."""
    return _page()


@blueprint.post("/")
@needs(Role.ADMIN)
def add() -> Answer:
    """Make an account."""
    form = NewAccountForm().offer()
    if not form.validate_on_submit():
        return _page(form), 400
    conn, email, role = connection(), str(form.email.data).strip(), Role(form.role.data)
    language = panel().settings.panel_language
    try:
        user_id = users.create(conn, email, role, str(form.password.data), language)
    except AlreadyExists:
        form.email.errors = [_("There is such an account already.")]
        return _page(form), 400
    audit.record(conn, current_user.id, "user.created", "user", user_id, {"email": email, "role": str(role)})
    flash(_("%(email)s may sign in now.", email=email), "success")
    return redirect(url_for("users.index"))


def _or_404(user_id: int) -> User:
    return users.get(connection(), user_id) or abort(404)


@blueprint.get("/<int:user_id>")
@needs(Role.ADMIN)
def edit(user_id: int) -> Answer:
    """Show an account, to be changed."""
    found = _or_404(user_id)
    form = AccountForm(formdata=None, data={"role": found.role, "is_active": found.is_active})
    return render_template("users/edit.html", user=found, form=form.offer())


@blueprint.post("/<int:user_id>")
@needs(Role.ADMIN)
def update(user_id: int) -> Answer:
    """Change an account. Nobody takes away the own role or access: one administrator at least is left that way."""
    found, form, conn = _or_404(user_id), AccountForm().offer(), connection()
    if not form.validate_on_submit():
        return render_template("users/edit.html", user=found, form=form), 400
    role, is_active = Role(form.role.data), bool(form.is_active.data)
    if found.id == current_user.id and (role is not Role.ADMIN or not is_active):
        form.role.errors = [_("Nobody can take away their own access. Ask another administrator.")]
        return render_template("users/edit.html", user=found, form=form), 400
    if (role, is_active) != (found.role, found.is_active):
        users.set_role(conn, user_id, role, is_active=is_active)
        changed: dict[str, list[object]] = {
            "role": [str(found.role), str(role)],
            "is_active": [found.is_active, is_active],
        }
        details = {
            "email": found.email,
            "changed": {name: pair for name, pair in changed.items() if pair[0] != pair[1]},
        }
        audit.record(conn, current_user.id, "user.changed", "user", user_id, details)
    if form.password.data:
        users.set_password(conn, user_id, str(form.password.data))
        audit.record(conn, current_user.id, "user.password_set", "user", user_id, {"email": found.email})
    flash(_("Saved."), "success")
    return redirect(url_for("users.index"))
