"""Sign-in, first sign-in, own account."""

import secrets

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.models import Person
from elearn.web.auth import (
    actor,
    close_session,
    current,
    open_session,
    safe_next,
    settings,
    source_address,
    utcnow,
)

from .forms import ChangePasswordForm, FirstSignInForm, NewPasswordForm, SignInForm
from .queries import sessions_of
from .sign_in import accept_notice
from .sign_in import change_password as set_password
from .sign_in import sign_in as check_sign_in
from .sign_in import sign_out_everywhere as end_all_sessions

blueprint = Blueprint("accounts", __name__)
DEVICE_LIFE_S = 180 * 86400


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | str:
    """Staff number and password; back to where the person wanted to go."""
    if current_user.is_authenticated and request.method == "GET":
        return redirect(_after_sign_in())
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form)
    work = db.session()
    staff_no = (form.staff_no.data or "").strip()
    device = _known_device(staff_no)
    try:
        person = check_sign_in(
            work,
            staff_no=staff_no,
            password=form.password.data or "",
            source=source_address(),
            device=device,
            demo_allowed=settings().loopback_only,
            now=utcnow(),
        )
    except DomainError as error:
        work.commit()  # the failure itself is what is recorded
        form.form_errors.append(error.message)
        page = render_template("accounts/sign_in.html", form=form, problem=error.message)
        response = current_app.make_response((page, error.status))
        if error.status == 429:
            response.headers["Retry-After"] = "900"
        return response
    open_session(person, now=utcnow())
    work.commit()
    signed_in = redirect(_after_sign_in())
    _remember_device(signed_in, person, device)
    return signed_in


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """This browser only."""
    close_session()
    db.session().commit()
    flash("您已退出。", "ok")
    return redirect(url_for("accounts.sign_in"))


@blueprint.route("/first-sign-in", methods=["GET", "POST"])
def first_sign_in() -> Response | str:
    """Privacy notice and a password only this person knows."""
    person = current().person
    if not person.must_change_password and person.notice_accepted_at is not None:
        return redirect(url_for("assignments.home"))
    form = FirstSignInForm()
    if form.validate_on_submit():
        work = db.session()
        accept_notice(work, person=person, actor=actor(), now=utcnow())
        if _change(form, old=None):
            flash("设置好了，以后用新密码登录。", "ok")
            return redirect(url_for("assignments.home"))
    return render_template("accounts/first_sign_in.html", form=form)


@blueprint.get("/settings", endpoint="settings")
def settings_page() -> str:
    """Display, devices, password, sign out."""
    return render_template(
        "accounts/settings.html", sessions=sessions_of(db.session(), current().person, now=utcnow())
    )


@blueprint.route("/settings/password", methods=["GET", "POST"])
def change_password() -> Response | str:
    """A new password; other browsers are signed out."""
    form = ChangePasswordForm()
    if form.validate_on_submit() and _change(form, old=form.old.data or ""):
        flash("密码已修改，其他设备上的登录已退出。", "ok")
        return redirect(url_for("accounts.settings"))
    return render_template("accounts/change_password.html", form=form)


@blueprint.post("/settings/sign-out-everywhere")
def sign_out_everywhere() -> Response:
    """Every browser, this one too."""
    work = db.session()
    end_all_sessions(work, person=current().person, actor=actor(), now=utcnow())
    work.commit()
    flash("所有设备上的登录都已退出，请重新登录。", "ok")
    return redirect(url_for("accounts.sign_in"))


def _change(form: NewPasswordForm, *, old: str | None) -> bool:
    """Change the password and open a fresh session here; errors go beside their fields."""
    work, person = db.session(), current().person
    try:
        set_password(
            work, person=person, new=form.new.data or "", old=old, actor=actor(), now=utcnow()
        )
    except DomainError as error:
        work.rollback()
        for name, message in error.fields.items():
            form[name].errors = [*form[name].errors, message]
        return False
    open_session(person, now=utcnow())
    work.commit()
    return True


def _after_sign_in() -> str:
    return safe_next(request.args.get("next")) or url_for("assignments.home")


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt="device")


def _device_cookie() -> str:
    return "__Host-device" if settings().https else "device"


def _known_device(staff_no: str) -> str | None:
    """The device id of this browser if it signed in as this account before."""
    try:
        account, device = _serializer().loads(request.cookies.get(_device_cookie(), ""))
    except (BadSignature, ValueError, TypeError):
        return None
    return str(device) if account == staff_no else None


def _remember_device(response: Response, person: Person, device: str | None) -> None:
    value = _serializer().dumps([person.staff_no, device or secrets.token_urlsafe(12)])
    response.set_cookie(
        _device_cookie(),
        str(value),
        max_age=DEVICE_LIFE_S,
        httponly=True,
        samesite="Lax",
        secure=settings().https,
    )
