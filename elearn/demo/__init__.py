"""The demonstration organisation: made once, through the product's own services."""

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.accounts.passwords import hash_password
from elearn.config import Settings
from elearn.models import Person

from .history import tell_history
from .office import open_exam_office
from .people import create_org

SIGN_INS = (
    ("cadre1", "干部：有课学了一半，有考试可参加"),
    ("leader1", "单位负责人：看本单位完成情况"),
    ("hr1", "组织人事：完成情况、导出、布置任务"),
    ("trainer1", "教员：课程与题库、布置任务"),
    ("examiner1", "考务：安排考试、监看"),
    ("examiner2", "考务：在考试中心，不参加考试；要两个人办的事由他批准"),
    ("marker1", "阅卷：简答题"),
    ("marker2", "阅卷：在考试中心；双评和复核的另一个人"),
    ("sysadmin1", "系统管理员：人员与机构"),
    ("secadmin1", "安全管理员：角色授权"),
    ("auditadmin1", "审计管理员：审计日志"),
)

_SIGNS_IN = Person.staff_no.in_([staff_no for staff_no, _ in SIGN_INS])


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What to print: the password of all demo accounts, and who is who."""

    password: str
    accounts: list[str]
    created: bool


def ensure_demo(engine: Engine, settings: Settings, *, now: datetime) -> DemoReport:
    """Create organisation and history unless they are there; all or nothing.

    `ELEARN_DEMO_PASSWORD` sets the password, also later; otherwise one is made up once and kept in
    the instance folder, readable by its owner only.
    """
    given = os.environ.get("ELEARN_DEMO_PASSWORD")
    password = given or _kept_password(settings.instance_dir)
    with db.transaction(engine) as session:
        created = session.scalar(select(Person.id).limit(1)) is None
        if created:
            tell_history(session, create_org(session, password=password, now=now), now=now)
        elif given:
            _reset_passwords(session, password)
        open_exam_office(session, now=now)
        there = set(session.scalars(select(Person.staff_no).where(Person.is_demo, _SIGNS_IN)))
    accounts = [f"{staff_no:<12} {what}" for staff_no, what in SIGN_INS if staff_no in there]
    return DemoReport(password, accounts, created)


def _reset_passwords(session: Session, password: str) -> None:
    hashed = hash_password(password)
    for person in session.scalars(select(Person).where(Person.is_demo)):
        person.password_hash = hashed


def _kept_password(folder: Path) -> str:
    path = folder / "demo_password"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(f"Demo-{secrets.token_hex(4)}")
    return path.read_text().strip()
