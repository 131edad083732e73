"""Granting and revoking roles, and the first accounts of a system."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import ROLE_NAMES, SEPARATED_ADMINS, Actor, Permission, Role
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.models import OrgUnit, Person, RoleGrant, SeparatedAdmin

from .queries import covering_holders

# What a role lets its holder see and do, in one sentence (the roles page).
ROLE_MEANINGS: dict[Role, str] = {
    Role.TRAINER: "查看课程与题库的检查结果，给本范围布置学习任务。",
    Role.EXAMINER: "在本范围安排考试，查看谁进入和交卷，公布结果。",
    Role.MARKER: "批阅本范围考试的简答题；看不到与阅卷无关的个人信息。",
    Role.LEADER: "查看本单位及下级的完成情况，不能修改。",
    Role.HR: "查看和导出本范围的完成情况，布置学习任务。",
    Role.SYS_ADMIN: "管理本范围的机构和人员、重置密码；不能授权，看不到审计日志。",
    Role.SEC_ADMIN: "在本范围授予和撤销角色；不能给自己授权，不能管理人员。",
    Role.AUDIT_ADMIN: "查看和导出本范围的审计日志；不能做其他管理。",
}


def grant_role(
    session: Session,
    *,
    actor: Actor | None,
    person: Person,
    role: Role,
    unit: OrgUnit,
    now: datetime,
) -> RoleGrant:
    """`role` over the subtree of `unit`. System, security and audit administrator exclude each
    other in one person: a primary key holds that, whatever happens at the same time."""
    _must_grant(actor, unit)
    _must_grant(actor, person.org_unit)
    if actor is not None and actor.person_id == person.id:
        raise Forbidden("不能给自己授权，请由另一位安全管理员办理。")
    if not person.active:
        raise _wrong("staff_no", f"{person.name}已停用，不能授权")
    if not unit.active:
        raise _wrong("unit", f"单位「{unit.name}」已停用")
    _check_not_held(session, person, role, unit)
    _separate(session, person, role)
    grant = RoleGrant(
        person_id=person.id,
        role=role,
        org_unit_id=unit.id,
        granted_by_id=actor.person_id if actor else None,
        granted_at=now,
    )
    session.add(grant)
    session.flush()
    session.expire(person, ["grants"])
    _record(session, actor, "role.grant", person, "授予", role, unit, now)
    return grant


def revoke_role(session: Session, *, actor: Actor | None, grant: RoleGrant, now: datetime) -> None:
    """Delete the grant; the audit log keeps that it was. The last administrator of a kind over a
    subtree cannot be removed: nobody could put one back."""
    unit, person, role = grant.org_unit, grant.person, Role(grant.role)
    _must_grant(actor, unit)
    if role in SEPARATED_ADMINS and person.active:
        lock_separated(session)
        others = covering_holders(session, role, unit.path, apart_from=grant.id)
        if not others:
            raise DomainError(
                f"{person.name}是「{unit.name}」最后一位{ROLE_NAMES[role]}，请先授权给另一人再撤销",
                code="E-ROLE",
            )
    session.delete(grant)
    session.flush()
    left = select(RoleGrant.id).where(RoleGrant.person_id == person.id, RoleGrant.role == role)
    if role in SEPARATED_ADMINS and session.scalar(left) is None:
        session.execute(delete(SeparatedAdmin).where(SeparatedAdmin.person_id == person.id))
    session.expire(person, ["grants"])
    _record(session, actor, "role.revoke", person, "撤销", role, unit, now)


def lock_separated(session: Session) -> None:
    """Two administrators taken out of office at once must not both be the last but one."""
    session.execute(select(SeparatedAdmin.person_id).with_for_update()).all()


def _check_not_held(session: Session, person: Person, role: Role, unit: OrgUnit) -> None:
    held = select(RoleGrant).where(RoleGrant.person_id == person.id, RoleGrant.role == role)
    for grant in session.scalars(held):
        if unit.path.startswith(grant.org_unit.path):
            where = grant.org_unit.name
            raise Conflict(
                f"{person.name}在「{where}」已经是{ROLE_NAMES[role]}，范围包括「{unit.name}」",
                code="E-ROLE",
            )


def _separate(session: Session, person: Person, role: Role) -> None:
    """Take the one place a person has among the three administrators."""
    if role not in SEPARATED_ADMINS:
        return
    held = session.get(SeparatedAdmin, person.id, populate_existing=True)
    if held is None:
        try:
            with session.begin_nested():
                session.add(SeparatedAdmin(person_id=person.id, role=role))
                session.flush()
        except IntegrityError:
            held = session.get(SeparatedAdmin, person.id, populate_existing=True)
    if held is not None and held.role != role:
        names = f"{person.name}已是{ROLE_NAMES[Role(held.role)]}，不能再任{ROLE_NAMES[role]}"
        raise Conflict(f"{names}：系统、安全、审计管理员必须由不同的人担任。", code="E-ROLE")


def _must_grant(actor: Actor | None, unit: OrgUnit) -> None:
    if actor is not None and not actor.may(Permission.GRANT_ROLE, unit.path):
        raise NotFound


def _wrong(field: str, message: str) -> DomainError:
    return DomainError(message, code="E-ROLE", fields={field: message})


def _record(
    session: Session,
    actor: Actor | None,
    action: str,
    person: Person,
    verb: str,
    role: Role,
    unit: OrgUnit,
    now: datetime,
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        object_type="person",
        object_id=person.public_id,
        summary=f"{verb} {person.name}（{person.staff_no}）{ROLE_NAMES[role]}：{unit.name}",
        detail={"role": role, "unit": unit.code, "staff_no": person.staff_no},
        now=now,
    )
