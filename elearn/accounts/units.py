"""The tree of units: create, edit, move, deactivate.

`path` (`/1/5/`, the unit's own id last) is what every scope check reads, so it is written here
and by the import alone. Changes of the tree happen one after the other: two moves at once could
close a circle that neither of them sees.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ColumnExpressionArgument, func, literal, select, update
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, NotFound
from elearn.core.people.cells import clean_text, has_control
from elearn.core.people.tree import name_key
from elearn.core.people.world import MAX_LEVELS
from elearn.models import Assignment, Exam, OrgType, OrgUnit, Person, RoleGrant

MAX_CODE = 40
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Impact:
    """What hangs on a unit and the units below it."""

    people: int
    units_below: int
    grants: int
    open_exams: int
    open_assignments: int

    def sentence(self) -> str:
        """`涉及在职人员 38 人、下级机构 4 个…`, for the page before the act."""
        parts = [f"在职人员 {self.people} 人", f"下级机构 {self.units_below} 个"]
        for count, text in (
            (self.grants, "角色授权 {} 项"),
            (self.open_exams, "未结束的考试 {} 场"),
            (self.open_assignments, "未到期的学习任务 {} 项"),
        ):
            if count:
                parts.append(text.format(count))
        return "涉及" + "、".join(parts)


def create_unit(
    session: Session,
    *,
    actor: Actor | None,
    code: str,
    name: str,
    kind: OrgType,
    parent: OrgUnit | None,
    now: datetime,
) -> OrgUnit:
    """A new unit under `parent`. Only the operator (actor None) makes a unit without one."""
    lock_tree(session)
    if parent is None and actor is not None:
        raise _wrong("parent", "请选择上级机构")
    if parent is not None:
        _must_manage(actor, parent)
        session.refresh(parent)
        _check_parent(parent, levels_below=0)
    code = _clean_code(session, code, None)
    name = _clean_name(session, name, parent.id if parent else None, None)
    unit = OrgUnit(code=code, name=name, type=kind, parent_id=parent.id if parent else None)
    unit.path = f"?{code}"
    session.add(unit)
    session.flush()
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    detail = {"code": code, "name": name, "type": kind, "parent": parent.code if parent else ""}
    _record(session, actor, "unit.create", unit, f"新建机构 {name}（{code}）", detail, now)
    return unit


def edit_unit(
    session: Session,
    *,
    actor: Actor | None,
    unit: OrgUnit,
    code: str,
    name: str,
    kind: OrgType,
    now: datetime,
) -> None:
    """Change code, name or type. Records written before keep the name of their time."""
    _must_manage(actor, unit)
    lock_tree(session)
    session.refresh(unit)
    before = {"code": unit.code, "name": unit.name, "type": unit.type}
    code = _clean_code(session, code, unit)
    name = _clean_name(session, name, unit.parent_id, unit)
    after = {"code": code, "name": name, "type": kind}
    if before == after:
        return
    unit.code, unit.name, unit.type = code, name, kind
    detail = {"before": before, "after": after}
    _record(session, actor, "unit.edit", unit, f"修改机构 {name}（{code}）", detail, now)


def move_unit(
    session: Session, *, actor: Actor | None, unit: OrgUnit, parent: OrgUnit, now: datetime
) -> None:
    """Hang the unit and all below it under another one; every path below is rewritten."""
    _must_manage(actor, unit)
    _must_manage(actor, parent)
    lock_tree(session)
    session.refresh(unit)
    session.refresh(parent)
    if parent.id == unit.parent_id:
        raise _wrong("parent", f"它已经在「{parent.name}」之下")
    old_parent = session.get(OrgUnit, unit.parent_id) if unit.parent_id else None
    if parent.path.startswith(unit.path):
        what = "它自己" if parent.id == unit.id else f"它的下级「{parent.name}」"
        raise _wrong("parent", f"不能把「{unit.name}」移到{what}之下：上下级会绕成一圈")
    if old_parent is None or (actor and not actor.may(Permission.MANAGE_PEOPLE, old_parent.path)):
        raise _wrong("parent", "这是您管理范围的最上级，不能移动")
    _check_parent(parent, levels_below=_levels_below(session, unit))
    _clean_name(session, unit.name, parent.id, unit)
    old = unit.path
    new = f"{parent.path}{unit.id}/"
    unit.parent_id = parent.id
    session.flush()
    session.execute(
        update(OrgUnit)
        .where(in_subtree(old))
        .values(path=literal(new).concat(func.substr(OrgUnit.path, len(old) + 1)))
        .execution_options(synchronize_session=False)
    )
    forget_paths(session)
    summary = f"移动机构 {unit.name}（{unit.code}）：{old_parent.name} → {parent.name}"
    detail = {"before": {"parent": old_parent.code}, "after": {"parent": parent.code}}
    _record(session, actor, "unit.move", unit, summary, detail, now)


def deactivate_unit(session: Session, *, actor: Actor | None, unit: OrgUnit, now: datetime) -> None:
    """Take the unit and all below it out of use. Refused while people work there."""
    _must_manage(actor, unit)
    lock_tree(session)
    session.refresh(unit)
    if not unit.active:
        return
    if unit.parent_id is None:
        raise DomainError(f"「{unit.name}」没有上级机构，不能停用", code="E-UNIT")
    people = unit_impact(session, unit, now=now).people
    if people:
        raise DomainError(
            f"「{unit.name}」及下级还有 {people} 名在职人员，请先把他们调走或停用", code="E-UNIT"
        )
    session.execute(
        update(OrgUnit)
        .where(in_subtree(unit.path), OrgUnit.active)
        .values(active=False)
        .execution_options(synchronize_session=False)
    )
    forget_paths(session)
    _record(
        session, actor, "unit.deactivate", unit, f"停用机构 {unit.name}（{unit.code}）", {}, now
    )


def reactivate_unit(session: Session, *, actor: Actor | None, unit: OrgUnit, now: datetime) -> None:
    """Use the unit again; those below it stay as they are."""
    _must_manage(actor, unit)
    lock_tree(session)
    session.refresh(unit)
    if unit.active:
        return
    parent = session.get(OrgUnit, unit.parent_id) if unit.parent_id else None
    if parent is not None and not parent.active:
        raise DomainError(f"上级「{parent.name}」还停用着，请先启用上级", code="E-UNIT")
    _clean_name(session, unit.name, unit.parent_id, unit)
    unit.active = True
    _record(
        session, actor, "unit.reactivate", unit, f"启用机构 {unit.name}（{unit.code}）", {}, now
    )


def unit_impact(session: Session, unit: OrgUnit, *, now: datetime) -> Impact:
    """Count what a move or deactivation of this subtree touches."""
    below = select(OrgUnit.id).where(in_subtree(unit.path))

    def count(*conditions: ColumnExpressionArgument[bool], of: type[object]) -> int:
        query = select(func.count()).select_from(of).where(*conditions)
        return session.scalar(query) or 0

    return Impact(
        people=count(Person.org_unit_id.in_(below), Person.active, of=Person),
        units_below=count(in_subtree(unit.path), OrgUnit.active, OrgUnit.id != unit.id, of=OrgUnit),
        grants=count(RoleGrant.org_unit_id.in_(below), of=RoleGrant),
        open_exams=count(
            Exam.org_unit_id.in_(below),
            Exam.closes_at > now,
            Exam.cancelled_at.is_(None),
            of=Exam,
        ),
        open_assignments=count(
            Assignment.org_unit_id.in_(below),
            Assignment.due_at > now,
            Assignment.cancelled_at.is_(None),
            of=Assignment,
        ),
    )


def lock_tree(session: Session) -> None:
    """Wait for other changes of the tree to end (SQLite writers wait for each other anyway).

    NO KEY UPDATE leaves those alone who only refer to a unit, such as a new person.
    """
    roots = select(OrgUnit.id).where(OrgUnit.parent_id.is_(None)).order_by(OrgUnit.id)
    session.execute(roots.with_for_update(key_share=True)).all()


def in_subtree(path: str) -> ColumnElement[bool]:
    """The unit at `path` and all below it."""
    return OrgUnit.path.startswith(path, autoescape=True)


def clean_code(code: str, *, field: str, title: str) -> str:
    """A unit code or staff number as it is kept. Raises DomainError at `field`."""
    text = unicodedata.normalize("NFKC", code).strip()
    if not text:
        raise _wrong(field, f"请填写{title}")
    if len(text) > MAX_CODE:
        raise _wrong(field, f"{title}最多 {MAX_CODE} 个字符，现在是 {len(text)} 个")
    if not text[0].isalnum() or not all(char.isalnum() or char in "._-" for char in text):
        raise _wrong(field, f"{title}只能用字母、数字、汉字和 . _ -，并以字母、数字或汉字开头")
    return text


def _clean_code(session: Session, code: str, unit: OrgUnit | None) -> str:
    text = clean_code(code, field="code", title="单位代码")
    other = session.scalar(select(OrgUnit).where(func.lower(OrgUnit.code) == text.lower()))
    if other is not None and other is not unit:
        raise Conflict(
            f"单位代码 {text} 已经有了", code="E-UNIT", fields={"code": f"代码 {text} 已被使用"}
        )
    return text


def _clean_name(session: Session, name: str, parent_id: int | None, unit: OrgUnit | None) -> str:
    """The name, unless an active sibling has the same: nobody could tell the two apart."""
    text = clean_text(name)
    if not text or has_control(text):
        raise _wrong("name", "请填写单位名称")
    if len(text) > MAX_NAME:
        raise _wrong("name", f"单位名称最多 {MAX_NAME} 个字，现在是 {len(text)} 个")
    siblings = select(OrgUnit).where(OrgUnit.active, OrgUnit.parent_id == parent_id)
    for sibling in session.scalars(siblings):
        if sibling is not unit and name_key(sibling.name) == name_key(text):
            raise _wrong("name", f"同一上级下已有「{sibling.name}」（代码 {sibling.code}）")
    return text


def _check_parent(parent: OrgUnit, *, levels_below: int) -> None:
    """`levels_below`: how many levels the hung unit has under it."""
    if not parent.active:
        raise _wrong("parent", f"上级「{parent.name}」已停用")
    if parent.path.count("/") + levels_below > MAX_LEVELS:
        raise _wrong("parent", f"机构最多 {MAX_LEVELS} 级，放在「{parent.name}」下面就超过了")


def _levels_below(session: Session, unit: OrgUnit) -> int:
    paths = session.scalars(select(OrgUnit.path).where(in_subtree(unit.path)))
    return max(path.count("/") for path in paths) - unit.path.count("/")


def _must_manage(actor: Actor | None, unit: OrgUnit) -> None:
    if actor is not None and not actor.may(Permission.MANAGE_PEOPLE, unit.path):
        raise NotFound


def forget_paths(session: Session) -> None:
    """Units in memory read their path again."""
    for row in list(session.identity_map.values()):
        if isinstance(row, OrgUnit):
            session.expire(row)


def _wrong(field: str, message: str) -> DomainError:
    return DomainError(message, code="E-UNIT", fields={field: message})


def _record(
    session: Session,
    actor: Actor | None,
    action: str,
    unit: OrgUnit,
    summary: str,
    detail: Mapping[str, object],
    now: datetime,
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        object_type="org_unit",
        object_id=unit.public_id,
        summary=summary,
        detail=dict(detail),
        now=now,
    )
