"""People: create, edit, move, deactivate, reset passwords; the operator's first accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import ROLE_NAMES, SEPARATED_ADMINS, Actor, Permission, Role
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.core.field_reader import nearest
from elearn.core.people.cells import clean_name, clean_text, has_control
from elearn.core.ranks import rank_of
from elearn.models import LoginSession, OrgType, OrgUnit, Party, Person, RoleGrant, SignInFailure

from .passwords import hash_one_time, hash_password, make_one_time, password_problem
from .queries import covering_holders
from .roles import grant_role, lock_separated
from .units import clean_code, create_unit

MAX_NAME = 50
MAX_RANK = 30
MAX_POST = 100
FIRST_YEAR = 1970  # nobody in office was promoted before
# Taking over one of these would undo the separation of the three administrators.
OPERATOR_ONLY = SEPARATED_ADMINS - {Role.SYS_ADMIN}


@dataclass(frozen=True, slots=True)
class PersonFields:
    """What the page and the command line may set on a person."""

    staff_no: str
    name: str
    unit: OrgUnit
    rank: str = ""
    post: str = ""
    is_leader: bool = False
    party: Party | None = None
    promoted_on: date | None = None


def create_person(
    session: Session, *, actor: Actor | None, fields: PersonFields, now: datetime
) -> Person:
    """A new cadre without a password: `reset_password` or `set_initial_passwords` gives one."""
    _must_manage(actor, fields.unit)
    person = Person(active=True, must_change_password=True, created_at=now)
    _assign(session, person, fields)
    session.add(person)
    session.flush()
    _record(session, actor, "person.create", person, "新建人员", {"after": _snapshot(person)}, now)
    return person


def edit_person(
    session: Session, *, actor: Actor | None, person: Person, fields: PersonFields, now: datetime
) -> None:
    """Change what is known of a person; another unit moves them. Records keep the old unit."""
    _must_manage(actor, person.org_unit)
    if fields.unit.id != person.org_unit_id:
        _must_manage(actor, fields.unit)
    before = _snapshot(person)
    _assign(session, person, fields)
    session.flush()
    after = _snapshot(person)
    if before == after:
        return
    verb = "调动人员" if before["unit"] != after["unit"] else "修改人员"
    action = "person.move" if before["unit"] != after["unit"] else "person.edit"
    _record(session, actor, action, person, verb, {"before": before, "after": after}, now)


def deactivate_person(
    session: Session, *, actor: Actor | None, person: Person, now: datetime
) -> None:
    """No more sign-in, and out of every list of who has to learn; records stay."""
    _must_manage(actor, person.org_unit)
    if not person.active:
        return
    if reason := why_kept(session, [person], actor=actor).get(person.id):
        raise DomainError(reason, code="E-PERSON")
    person.active = False
    _end_sessions(session, person)
    _record(session, actor, "person.deactivate", person, "停用人员", {}, now)


def reactivate_person(
    session: Session, *, actor: Actor | None, person: Person, now: datetime
) -> None:
    """Sign-in and duties again, with the password from before."""
    _must_manage(actor, person.org_unit)
    if person.active:
        return
    if not person.org_unit.active:
        raise DomainError(
            f"单位「{person.org_unit.name}」已停用，请先把此人调到在用的单位", code="E-PERSON"
        )
    person.active = True
    _record(session, actor, "person.reactivate", person, "启用人员", {}, now)


def reset_password(session: Session, *, actor: Actor | None, person: Person, now: datetime) -> str:
    """A one-time password, to be shown once; every browser of the person is signed out.

    The passwords of security and audit administrators are reset by the operator alone (actor
    None): a system administrator who could set them could act as all three.
    """
    _must_manage(actor, person.org_unit)
    if actor is not None and actor.person_id == person.id:
        raise Forbidden("自己的密码请在“设置”里修改。")
    if not person.active:
        raise DomainError("此人已停用，请先启用再重置密码。", code="E-PERSON")
    held = {grant.role for grant in person.grants} & OPERATOR_ONLY
    if actor is not None and held:
        names = "、".join(ROLE_NAMES[role] for role in sorted(held))
        raise Forbidden(f"{names}的密码由运维人员在服务器上重置（三员分立）。")
    password = make_one_time()
    person.password_hash = hash_one_time(password)
    person.must_change_password = True
    _end_sessions(session, person)
    session.execute(delete(SignInFailure).where(SignInFailure.account == person.staff_no))
    _record(session, actor, "person.reset_password", person, "重置密码", {}, now)
    return password


def add_user(
    session: Session,
    *,
    staff_no: str,
    name: str,
    unit_code: str,
    now: datetime,
    roles: Sequence[Role] = (),
    password: str | None = None,
    unit_name: str | None = None,
) -> tuple[Person, str]:
    """A person with roles over the own unit, and the password for the first sign-in, which must
    be changed then. For the operator.

    `password` None makes a one-time one. In a system without units the unit is made as well, named
    `unit_name`; otherwise it must exist. Raises DomainError with what to do, in Chinese.
    """
    unit = _unit_for(session, unit_code.strip(), unit_name, now)
    fields = PersonFields(staff_no=staff_no, name=name, unit=unit)
    person = create_person(session, actor=None, fields=fields, now=now)
    if password is None:
        password = make_one_time()
        person.password_hash = hash_one_time(password)
    elif problem := password_problem(password, staff_no=person.staff_no):
        raise DomainError(problem, code="E-PASSWORD", fields={"password": problem})
    else:
        person.password_hash = hash_password(password)
    for role in roles:
        grant_role(session, actor=None, person=person, role=role, unit=unit, now=now)
    session.flush()
    return person, password


def _unit_for(session: Session, code: str, name: str | None, now: datetime) -> OrgUnit:
    codes = list(session.scalars(select(OrgUnit.code)))
    if not codes:
        return create_unit(
            session,
            actor=None,
            code=code,
            name=name or code,
            kind=OrgType.DISTRICT,
            parent=None,
            now=now,
        )
    unit = session.scalar(select(OrgUnit).where(OrgUnit.code == code))
    if unit is None:
        like = nearest(code, codes)
        hint = f"，是不是 {like}" if like else "，请先导入机构"
        raise DomainError(f"没有代码为 {code} 的单位{hint}", code="E-UNIT")
    return unit


def why_kept(session: Session, people: list[Person], *, actor: Actor | None) -> dict[int, str]:
    """Person id -> why that person must not be deactivated, if all of them were at once."""
    lock_separated(session)
    reasons: dict[int, str] = {}
    leaving = {person.id for person in people}
    for person in people:
        if actor is not None and actor.person_id == person.id:
            reasons[person.id] = "不能停用自己"
        elif (role := _last_of(session, person, leaving)) is not None:
            name = ROLE_NAMES[role]
            reasons[person.id] = f"{person.name}是这个范围内唯一的{name}，请先授权给另一人"
    return reasons


def _last_of(session: Session, person: Person, leaving: set[int]) -> Role | None:
    """A separated administrator's role that nobody would hold any more."""
    grants = session.scalars(select(RoleGrant).where(RoleGrant.person_id == person.id))
    for grant in grants:
        role = Role(grant.role)
        if role in SEPARATED_ADMINS:
            others = covering_holders(session, role, grant.org_unit.path)
            if not others - leaving:
                return role
    return None


def _assign(session: Session, person: Person, fields: PersonFields) -> None:
    person.staff_no = _staff_no(session, fields.staff_no, person)
    person.name = _text("name", "姓名", clean_name(fields.name), MAX_NAME, required=True)
    if fields.unit.id != person.org_unit_id and not fields.unit.active:
        raise _wrong("unit", f"单位「{fields.unit.name}」已停用")
    person.org_unit_id, person.org_unit = fields.unit.id, fields.unit
    rank = _text("rank", "职级", clean_text(fields.rank), MAX_RANK)
    official = rank_of(rank)
    person.rank = official.name if official else rank
    person.post = _text("post", "职务", clean_text(fields.post), MAX_POST)
    person.is_leader, person.party = fields.is_leader, fields.party
    if fields.promoted_on is not None and fields.promoted_on.year < FIRST_YEAR:
        raise _wrong("promoted_on", "提任日期不对，请核对年份")
    person.promoted_on = fields.promoted_on


def _staff_no(session: Session, staff_no: str, person: Person) -> str:
    text = clean_code(staff_no, field="staff_no", title="工号")
    with session.no_autoflush:
        same = select(Person.id).where(func.lower(Person.staff_no) == text.lower())
        other = session.scalar(same.where(Person.id != (person.id or 0)))
    if other is not None:
        message = f"工号 {text} 已被使用"
        raise Conflict(message, code="E-PERSON", fields={"staff_no": message})
    return text


def _text(field: str, title: str, text: str, most: int, *, required: bool = False) -> str:
    if required and not text:
        raise _wrong(field, f"请填写{title}")
    if has_control(text):
        raise _wrong(field, f"{title}里有不能使用的控制字符")
    if len(text) > most:
        raise _wrong(field, f"{title}最多 {most} 个字，现在是 {len(text)} 个")
    return text


def _snapshot(person: Person) -> dict[str, object]:
    return {
        "staff_no": person.staff_no,
        "name": person.name,
        "unit": person.org_unit.code,
        "rank": person.rank,
        "post": person.post,
        "is_leader": person.is_leader,
        "party": person.party,
        "promoted_on": person.promoted_on.isoformat() if person.promoted_on else None,
    }


def _end_sessions(session: Session, person: Person) -> None:
    person.session_version += 1
    session.execute(delete(LoginSession).where(LoginSession.person_id == person.id))


def _must_manage(actor: Actor | None, unit: OrgUnit) -> None:
    if actor is not None and not actor.may(Permission.MANAGE_PEOPLE, unit.path):
        raise NotFound


def _wrong(field: str, message: str) -> DomainError:
    return DomainError(message, code="E-PERSON", fields={field: message})


def _record(
    session: Session,
    actor: Actor | None,
    action: str,
    person: Person,
    verb: str,
    detail: dict[str, object],
    now: datetime,
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        object_type="person",
        object_id=person.public_id,
        summary=f"{verb} {person.name}（{person.staff_no}）",
        detail=detail,
        now=now,
    )
