"""One-time passwords for many people at once, after an import."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import SEPARATED_ADMINS, Actor, Permission
from elearn.core.csv_safe import Writable, write_csv
from elearn.core.errors import DomainError
from elearn.models import LoginSession, OrgUnit, Person, RoleGrant

from .passwords import hash_one_time, make_one_time
from .queries import within

MOST_AT_ONCE = 20_000
_CHUNK = 500
HEADINGS = ("工号", "姓名", "单位代码", "单位", "初始密码")


@dataclass(frozen=True, slots=True)
class InitialPassword:
    """One line of the list that is handed out."""

    staff_no: str
    name: str
    unit_code: str
    unit_name: str
    password: str

    def cells(self) -> tuple[str, ...]:
        """In the order of HEADINGS."""
        return (self.staff_no, self.name, self.unit_code, self.unit_name, self.password)


def count_without_password(session: Session, *, actor: Actor | None) -> int:
    """Active people in the actor's scope who cannot sign in yet."""
    waiting = select(Person.id).join(Person.org_unit).where(_waiting(actor, again=False))
    return session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def set_initial_passwords(
    session: Session, *, actor: Actor | None, now: datetime, again: bool = False
) -> list[InitialPassword]:
    """A one-time password for every active person in scope who has none.

    `again` also gives a new one to those who never finished their first sign-in: the way out
    when the list was lost. Nobody who uses the system is touched. Security and audit
    administrators get theirs from the operator alone.
    """
    people = session.execute(_people(actor, again=again).limit(MOST_AT_ONCE)).all()
    if not people:
        raise DomainError("没有需要生成初始密码的人员。", code="E-PERSON")
    lines = [
        InitialPassword(staff_no, name, code, unit, make_one_time())
        for _, staff_no, name, code, unit in people
    ]
    session.execute(
        update(Person),
        [
            {
                "id": row.id,
                "password_hash": hash_one_time(line.password),
                "must_change_password": True,
            }
            for row, line in zip(people, lines, strict=True)
        ],
    )
    if again:
        _end_sessions(session, [row.id for row in people])
    session.expire_all()
    record_act(
        session,
        actor=actor,
        action="person.initial_passwords",
        object_type="person",
        summary=f"为 {len(lines)} 人生成初始密码",
        detail={"count": len(lines), "again": again},
        now=now,
    )
    return lines


def _end_sessions(session: Session, ids: list[int]) -> None:
    for start in range(0, len(ids), _CHUNK):
        theirs = LoginSession.person_id.in_(ids[start : start + _CHUNK])
        session.execute(delete(LoginSession).where(theirs))


def write_initial_passwords(target: Writable, lines: list[InitialPassword]) -> None:
    """The list as CSV, to be printed or handed out; it cannot be made a second time."""
    write_csv(target, HEADINGS, (line.cells() for line in lines))


def _people(actor: Actor | None, *, again: bool) -> Select[int, str, str, str, str]:
    return (
        select(Person.id, Person.staff_no, Person.name, OrgUnit.code, OrgUnit.name)
        .join(Person.org_unit)
        .where(_waiting(actor, again=again))
        .order_by(OrgUnit.path, Person.staff_no)
    )


def _waiting(actor: Actor | None, *, again: bool) -> ColumnElement[bool]:
    none = Person.password_hash.is_(None)
    condition = Person.active & (or_(none, _never_signed_in()) if again else none)
    if actor is None:
        return condition
    kept_apart = exists().where(
        RoleGrant.person_id == Person.id, RoleGrant.role.in_(SEPARATED_ADMINS)
    )
    return condition & ~kept_apart & within(actor.roots(Permission.MANAGE_PEOPLE))


def _never_signed_in() -> ColumnElement[bool]:
    """Neither the notice accepted nor a password of their own."""
    return Person.must_change_password & Person.notice_accepted_at.is_(None)
