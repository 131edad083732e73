"""Who is asking: sign-in sessions kept on the server, and the door check before every view.

The cookie holds a random token; the table holds its hash. A session ends when it is revoked, when
the person's `session_version` grows (sign-out everywhere, password change, deactivation) or when
it was idle too long - never in the middle of an exam: attempts extend it (`extend_session`).
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final, cast
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session, defer, joinedload, load_only
from werkzeug.wrappers import Response

from elearn import clock, db
from elearn.config import Settings
from elearn.core.access import Actor, Permission
from elearn.core.errors import Forbidden
from elearn.models import LoginSession, OrgUnit, Person, RoleGrant

from .policy import ROUTES, Access

login_manager = LoginManager()
# The sign-in is ours, on the server. Flask-Login's own protection would compare addresses, which
# change on a phone, and sign the cookie anew to note it.
login_manager.session_protection = None
TOUCH_EVERY = timedelta(minutes=2)
ABSOLUTE_LIFE = timedelta(days=14)
# Built once: every request sends it, and building it costs more than the database's part.
_WHO_ASKS: Final = (
    select(LoginSession)
    .where(LoginSession.token_hash == bindparam("token"))
    .options(
        defer(LoginSession.user_agent),
        defer(LoginSession.source),
        joinedload(LoginSession.person, innerjoin=True).options(
            defer(Person.password_hash),
            joinedload(Person.org_unit, innerjoin=True),
            joinedload(Person.grants).options(
                load_only(RoleGrant.role), joinedload(RoleGrant.org_unit).load_only(OrgUnit.path)
            ),
        ),
    )
)


class SignedIn(UserMixin):
    """What Flask-Login carries: the person, the sign-in session, and the actor for services."""

    def __init__(self, person: Person, login: LoginSession, actor: Actor):
        self.person = person
        self.login = login
        self.actor = actor

    def get_id(self) -> str:
        """The token itself is in the Flask session; Flask-Login only needs something stable."""
        return str(self.login.id)


def settings() -> Settings:
    """The settings of the current app."""
    return cast(Settings, current_app.config["ELEARN"])


def utcnow() -> datetime:
    """The one clock of the web layer, the database's; services get it as `now`."""
    return clock.now()


def current() -> SignedIn:
    """The signed-in user; views behind a door call this."""
    return cast(SignedIn, current_user._get_current_object())  # noqa: SLF001  Flask-Login's way


def actor() -> Actor:
    """The actor for services."""
    return current().actor


def token_hash(token: str) -> str:
    """What the table stores instead of the token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(person: Person, *, now: datetime) -> LoginSession:
    """Start a fresh session for `person` (rotation: whatever was in the cookie is dropped)."""
    work = db.session()
    if isinstance(old := session.get("token"), str):
        work.execute(delete(LoginSession).where(LoginSession.token_hash == token_hash(old)))
    session.clear()
    token = secrets.token_urlsafe(32)
    login = LoginSession(
        token_hash=token_hash(token),
        person_id=person.id,
        session_version=person.session_version,
        created_at=now,
        last_seen_at=now,
        expires_at=now + idle_limit(person),
        user_agent=request.user_agent.string[:200],
        source=source_address(),
    )
    work.add(login)
    work.flush()
    session["token"] = token
    session.permanent = True
    login_user(SignedIn(person, login, make_actor(person)))
    return login


def close_session() -> None:
    """Sign out this browser: the row goes, so a stolen cookie is worth nothing."""
    work = db.session()
    login = work.get(LoginSession, current().login.id)
    if login is not None:
        work.delete(login)
    logout_user()
    session.clear()


def extend_session(until: datetime) -> None:
    """An exam in progress keeps its candidate signed in until its end and the grace after it."""
    login = db.session().get(LoginSession, current().login.id)
    if login is not None and login.expires_at < until:
        login.expires_at = until


def idle_limit(person: Person) -> timedelta:
    """Staff sessions idle out sooner than a cadre's."""
    limits = settings()
    return timedelta(seconds=limits.staff_idle_s if person.grants else limits.session_idle_s)


def make_actor(person: Person) -> Actor:
    """Roles with the subtree each holds in."""
    grants = tuple(sorted((grant.role, grant.org_unit.path) for grant in person.grants))
    return Actor(
        person_id=person.id,
        name=person.name,
        staff_no=person.staff_no,
        grants=grants,
        source=source_address(),
    )


def source_address() -> str:
    """The client address after the configured number of proxies."""
    return (request.remote_addr or "")[:64]


@login_manager.request_loader
def load_signed_in(_: object) -> SignedIn | None:
    """One statement: session, person, grants. None for anything that does not add up."""
    token = session.get("token")
    if not isinstance(token, str):
        return None
    found = db.session().scalars(_WHO_ASKS, {"token": token_hash(token)})
    login = found.unique().one_or_none()
    now = utcnow()
    if login is None or not _still_valid(login, now):
        return None
    return SignedIn(login.person, login, make_actor(login.person))


def _still_valid(login: LoginSession, now: datetime) -> bool:
    person = login.person
    return (
        person.active
        and login.session_version == person.session_version
        and login.expires_at > now
        and login.created_at + ABSOLUTE_LIFE > now
    )


def touch_session() -> None:
    """Move the idle limit on, at most every two minutes.

    A writing request does it in its own transaction: on SQLite a second writer would wait for the
    first, which is this very request.
    """
    if not current_user.is_authenticated:
        return
    login, now = current().login, utcnow()
    if now - login.last_seen_at < TOUCH_EVERY:
        return
    limit = now + idle_limit(current().person)
    if db.will_write():
        _touch(db.session(), login.id, now, limit)
        return
    with db.transaction(db.get_engine()) as work:
        _touch(work, login.id, now, limit)


def _touch(work: Session, login_id: int, now: datetime, limit: datetime) -> None:
    row = work.get(LoginSession, login_id)
    if row is not None:
        row.last_seen_at = now
        row.expires_at = max(row.expires_at, limit)


def check_door() -> Response | str | None:
    """Before every request: may this person pass this route at all?"""
    if request.endpoint is None:
        return None  # 404 and 405 come from routing
    policy = ROUTES.get(request.endpoint)
    if policy is None:
        abort(404)
    if policy is Access.PUBLIC or policy is Access.OWN_DOOR:
        return None
    if not current_user.is_authenticated:
        return _ask_to_sign_in()
    if isinstance(policy, Permission) and not actor().may(policy):
        raise Forbidden("您没有查看此页的权限。需要时请联系" + settings().help_contact + "。")
    return _first_sign_in_pending()


def live_token() -> str | None:
    """The hash of the cookie's token, for a statement that asks for the whole of `_still_valid`."""
    token = session.get("token")
    return token_hash(token) if isinstance(token, str) else None


def pass_own_door() -> Response | None:
    """The door of SIGNED_IN, for a view that is asked before it; None: go on."""
    if not current_user.is_authenticated:
        return _ask_to_sign_in()
    touch_session()
    return None


def _ask_to_sign_in() -> Response:
    if wants_json():
        abort(401)
    target = request.full_path.rstrip("?") if request.method == "GET" else _came_from()
    if session.pop("token", None):
        flash("登录已过期，请重新登录。您已保存的内容都还在。", "warn")
    return redirect(url_for("accounts.sign_in", next=target))


def _came_from() -> str | None:
    """The page of ours whose form was sent: signing in leads back to it."""
    came = urlsplit(request.referrer or "")
    if came.netloc != request.host or not came.path.startswith("/"):
        return None
    return f"{came.path}?{came.query}" if came.query else came.path


def _first_sign_in_pending() -> Response | None:
    """First sign-in: privacy notice and a new password come before anything else."""
    person = current().person
    free = {
        "accounts.first_sign_in",
        "accounts.sign_out",
        "exams.save",
        "exams.state",
        "exams.takeover",
    }
    if request.endpoint in free:
        return None
    if person.must_change_password or person.notice_accepted_at is None:
        if wants_json():
            abort(403)
        return redirect(url_for("accounts.first_sign_in"))
    return None


def wants_json() -> bool:
    """True for the endpoints scripts call: they get status codes, not pages."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return request.is_json or best == "application/json"


def init_app(app: Flask) -> None:
    """Wire Flask-Login and the door."""
    login_manager.init_app(app)
    app.before_request(check_door)
    app.before_request(_touch_unless_own_door)


def _touch_unless_own_door() -> None:
    """What is the same for everybody asks for no session: a style sheet costs no statement, and
    what the service worker keeps does not depend on a cookie."""
    if ROUTES.get(request.endpoint or "") not in {Access.OWN_DOOR, Access.PUBLIC}:
        touch_session()


def safe_next(target: str | None) -> str | None:
    """Only a path on this site: no scheme, host, backslash or control character."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(c in target for c in "\\\r\n\t") or not target.isprintable():
        return None
    return target
