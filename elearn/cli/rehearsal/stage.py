"""A database for rehearsing: schema, the real bank, an open exam, people already signed in."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from flask import session as flask_session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from elearn import db, migrate
from elearn.app import create_app
from elearn.authoring.services import sync_content
from elearn.config import Settings
from elearn.core.access import Actor, Role
from elearn.core.errors import DomainError
from elearn.demo.people import create_org
from elearn.exams.sittings.services import schedule_exam
from elearn.models import (
    BlueprintRow,
    LoginSession,
    OrgUnit,
    Party,
    Person,
    ReviewPolicy,
    new_public_id,
)

BLUEPRINT: Final = "law-study-50"
#: law-study-50 has choices alone (20 single, 15 true or false, 15 multiple): one screen position
#: is an answer to any of them.
ITEMS: Final = 50
BATCH: Final = 5_000
LIFE: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in browser: its session cookie and a CSRF token that fits it."""

    person: str
    cookie: str
    csrf: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run needs to know: where the data is, the exam, who can come.

    `stranger` is a browser that is not signed in.
    """

    settings: Settings
    exam: str
    visitors: tuple[Visitor, ...]
    stranger: Visitor
    password: str


def build_stage(
    settings: Settings,
    *,
    people: int,
    now: datetime,
    open_for: timedelta = timedelta(days=1),
    duration_s: int | None = None,
) -> Stage:
    """Fill the empty database of `settings`. Raises DomainError when the bank cannot be used.

    `duration_s` shortens the exam by closing its window; None leaves the blueprint's time.
    """
    engine = db.make_engine(settings.database_url)
    password = f"Probe-{secrets.token_hex(4)}"
    try:
        migrate.upgrade(engine)
        closes = now + (timedelta(seconds=duration_s) if duration_s else open_for)
        with db.transaction(engine) as work:
            exam = _open_exam(work, settings, password, now, closes)
            units = work.scalars(select(OrgUnit.id)).all()
            hashed = work.scalars(select(Person.password_hash).limit(1)).one()
            _add_people(work, units, people, hashed, now)
        stranger, *visitors = _browsers(settings, engine, now)
    finally:
        engine.dispose()
    return Stage(settings, exam, tuple(visitors), stranger, password)


def _browsers(settings: Settings, engine: Engine, now: datetime) -> list[Visitor]:
    """One that is not signed in; then everybody whose number begins with `p`, signed in without
    going through the password."""
    app = create_app(settings, engine=engine)
    with app.test_request_context(base_url="http://127.0.0.1"):
        csrf = generate_csrf()
        seed = flask_session["csrf_token"]
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # the cookie kind
    name = app.config["SESSION_COOKIE_NAME"]
    made = [Visitor("", f"{name}={signer.dumps({'csrf_token': seed})}", csrf)]
    with db.transaction(engine) as work:
        people = work.execute(
            select(Person.id, Person.staff_no).where(Person.staff_no.startswith("p")).order_by("id")
        ).all()
        rows = []
        for person_id, staff_no in people:
            token = secrets.token_urlsafe(16)
            rows.append(_login(token, person_id, now))
            values = {"csrf_token": seed, "token": token, "_permanent": True}
            made.append(Visitor(staff_no, f"{name}={signer.dumps(values)}", csrf))
        for at in range(0, len(rows), BATCH):
            work.execute(insert(LoginSession), rows[at : at + BATCH])
    return made


def _open_exam(
    work: Session, settings: Settings, password: str, now: datetime, closes: datetime
) -> str:
    report = sync_content(work, root=settings.content_dir, now=now)
    wrong = [str(problem) for problem in report.problems if problem.is_error]
    if wrong:
        msg = f"题库或课程文件有错误，先运行 elearn content check：{wrong[0]}"
        raise DomainError(msg, code="E-CONTENT")
    row = work.scalar(select(BlueprintRow).where(BlueprintRow.code == BLUEPRINT))
    if row is None or row.current is None:
        msg = f"演练用的组卷规则 {BLUEPRINT} 不在内容文件夹里。"
        raise DomainError(msg, code="E-BLUEPRINT")
    org = create_org(work, password=password, now=now)
    by = org.staff["examiner1"]
    exam = schedule_exam(
        work,
        actor=Actor(by.id, by.name, by.staff_no, ((Role.EXAMINER, org.root.path),)),
        blueprint_revision=row.current,
        title="承载演练",
        opens_at=now - timedelta(minutes=1),
        closes_at=closes,
        org_unit=org.root,
        attempts_max=20,
        review_policy=ReviewPolicy.AT_ONCE,
        now=now - timedelta(days=1),
    )
    work.flush()
    return exam.public_id


def _add_people(
    work: Session, units: Sequence[int], count: int, hashed: str | None, now: datetime
) -> None:
    rows = [
        {
            "public_id": new_public_id(),
            "staff_no": f"p{number}",
            "name": f"演练{number}",
            "org_unit_id": units[number % len(units)],
            "rank": "一级科员",
            "post": "科员",
            "party": Party.PARTY,
            "password_hash": hashed,
            "must_change_password": False,
            "notice_accepted_at": now,
            "is_demo": True,
            "created_at": now,
        }
        for number in range(1, count + 1)
    ]
    for at in range(0, len(rows), BATCH):
        work.execute(insert(Person), rows[at : at + BATCH])


def _login(token: str, person_id: int, now: datetime) -> dict[str, object]:
    return {
        "token_hash": hashlib.sha256(token.encode()).hexdigest(),
        "person_id": person_id,
        "session_version": 1,
        "created_at": now,
        "last_seen_at": now,
        "expires_at": now + LIFE,
    }


def temporary_settings(content_dir: Path, url: str, folder: Path) -> Settings:
    """Settings of a run that shares nothing with production but the code and the bank."""
    return Settings(
        database_url=url,
        secret_key=secrets.token_hex(32),
        instance_dir=folder,
        content_dir=content_dir,
        bind="127.0.0.1",
    )
