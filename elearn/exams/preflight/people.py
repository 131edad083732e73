"""Who sits the exam, who looks after it."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from elearn.core.access import HOLDERS, Permission, Role
from elearn.core.questions.model import QuestionType
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.marking.queries import rule_of
from elearn.exams.papers.drawing import stock_for
from elearn.exams.sittings.queries import candidates_query, is_eligible
from elearn.models import Accommodation, Exam, OrgUnit, Person, RoleGrant

from .findings import Line, failed, note, passed

NAMED = 5


def check_people(session: Session, exam: Exam) -> list[Line]:
    """Roster, accounts, extra time, second examiner, markers."""
    return [
        check_roster(session, exam),
        check_accounts(session, exam),
        check_accommodations(session, exam),
        check_examiners(session, exam),
        *check_markers(session, exam),
    ]


def check_roster(session: Session, exam: Exam) -> Line:
    """Is anybody invited?"""
    people = roster_size(session, exam)
    if not people:
        mend = "核对考试的单位、职级或名单；人员停用了的先恢复。"
        return failed("应考名册", "没有应考的人", mend)
    return passed("应考名册", f"{people} 人")


def check_accounts(session: Session, exam: Exam) -> Line:
    """Can everybody sign in?"""
    without = _people(session, exam, Person.password_hash.is_(None))
    never = _people(
        session, exam, Person.password_hash.is_not(None), Person.must_change_password.is_(True)
    )
    if not without and not never:
        return passed("账号", "每个人都登录过")
    said = []
    if without:
        said.append(f"{len(without)} 人没有密码：{_named(without)}")
    if never:
        said.append(f"{len(never)} 人从没登录过：{_named(never)}")
    mend = "没有密码的由系统管理员重设；没登录过的请本人考前登录一次、改好密码，别等到开考。"
    return note("账号", "；".join(said), mend)


def check_accommodations(session: Session, exam: Exam) -> Line:
    """Extra time that was asked for and nobody has approved counts for nothing."""
    people = candidates_query(exam).order_by(None).with_only_columns(Person.id)
    inside = select(func.count()).where(
        Accommodation.person_id.in_(people),
        Accommodation.ended_at.is_(None),
        Accommodation.valid_from < exam.closes_at,
        Accommodation.valid_until > exam.opens_at,
    )
    waiting = session.scalar(inside.where(Accommodation.approved_at.is_(None))) or 0
    if waiting:
        mend = "请另一位考务人员在“照顾加时”里批准或结束；没批准的开考时不加时。"
        return note("照顾加时", f"{waiting} 项还没有批准", mend)
    approved = session.scalar(inside.where(Accommodation.approved_at.is_not(None))) or 0
    return passed("照顾加时", f"已批准 {approved} 项" if approved else "没有申请")


def check_examiners(session: Session, exam: Exam) -> Line:
    """Acts of two persons need two; sealed papers are opened by people who do not sit the exam."""
    found = _holders(session, exam, Permission.SCHEDULE_EXAM)
    outside = [p for p in found if not is_eligible(session, exam=exam, person=p)]
    mend = "请安全管理员给另一位不参加这场考试的人授考务角色（本单位或上级单位）。"
    if not found:
        return failed("考务人员", "范围内没有考务人员", mend)
    if len(found) == 1:
        words = f"只有 {found[0].name} 一人：加时、同意印制、改正录入都要两个人"
        return note("考务人员", words, mend)
    if len(outside) < 2:
        words = (
            f"{len(found)} 人，不参加考试的 {len(outside)} 人：开考前查看封存的试卷要两个这样的人"
        )
        return note("考务人员", words, mend)
    return passed("考务人员", f"{len(found)} 人，不参加考试的有 {_named(outside)}")


def check_markers(session: Session, exam: Exam) -> list[Line]:
    """Nothing when no question needs a marker."""
    wanted = {section.type for section in read_spec(exam.blueprint_revision).sections}
    if not any(
        part.type is QuestionType.SHORT_ANSWER
        for item in stock_for(session, exam).pool
        if item.type in wanted
        for part in item.parts
    ):
        return []
    needed = 2 if rule_of(session, exam.id).double else 1
    found = _holders(session, exam, Permission.MARK_EXAM)
    if len(found) < needed:
        mend = "请安全管理员授阅卷角色；双评至少两人，有差异时还要第三人。"
        return [note("阅卷人", f"要 {needed} 人，现在 {len(found)} 人", mend)]
    return [passed("阅卷人", f"{len(found)} 人")]


def roster_size(session: Session, exam: Exam) -> int:
    """How many are expected."""
    query = select(func.count()).select_from(candidates_query(exam).order_by(None).subquery())
    return session.scalar(query) or 0


def _people(session: Session, exam: Exam, *conditions: ColumnElement[bool]) -> Sequence[Person]:
    return session.scalars(candidates_query(exam).where(*conditions)).all()


def _holders(session: Session, exam: Exam, permission: Permission) -> Sequence[Person]:
    """Active people whose role covers the exam's unit."""
    roles: frozenset[Role] = HOLDERS[permission]
    above = [int(part) for part in exam.org_unit.path.split("/") if part]
    return session.scalars(
        select(Person)
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .join(OrgUnit, OrgUnit.id == RoleGrant.org_unit_id)
        .where(Person.active, RoleGrant.role.in_(roles), OrgUnit.id.in_(above))
        .distinct()
        .order_by(Person.id)
    ).all()


def _named(people: Sequence[Person]) -> str:
    names = "、".join(f"{person.name}（{person.staff_no}）" for person in people[:NAMED])
    return names + ("等" if len(people) > NAMED else "")
