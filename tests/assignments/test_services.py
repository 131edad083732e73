"""Giving out and withdrawing assignments: scope, sense, once, with an audit entry."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.assignments.services import cancel_assignment, create_assignment, rank_words
from elearn.core.access import Actor, Role
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.models import Assignment, AuditEntry, Course, Exam, OrgUnit
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_reports import DAY, make_assignment, make_course, make_exam


def assign(
    session: Session, actor: Actor, target: Course | Exam, unit: OrgUnit, **values: Any
) -> Assignment:
    default_due = target.closes_at if isinstance(target, Exam) else NOW + 10 * DAY
    defaults: dict[str, Any] = {"ranks": [], "due_at": default_due, "note": "", "now": NOW}
    return create_assignment(
        session, actor=actor, target=target, org_unit=unit, **{**defaults, **values}
    )


def hr_of(session: Session, unit: OrgUnit, role: Role = Role.HR) -> Actor:
    return make_actor(make_person(session, unit, role))


@pytest.mark.parametrize("role", [Role.HR, Role.TRAINER])
def test_a_course_is_assigned_and_audited(session: Session, role: Role) -> None:
    unit = make_unit(session, name="财政局")
    actor = hr_of(session, unit, role)
    course = make_course(session, title="礼品与宴请").course
    ranks = ["二级科员", "一级科员"]
    made = assign(session, actor, course, unit, ranks=ranks, note="  七一前\n完成 ")
    assert (made.kind, made.course_id, made.exam_id) == ("COURSE", course.id, None)
    assert (made.ranks, made.note) == ("|二级科员|一级科员|", "七一前 完成")
    assert (made.created_by_id, made.created_at) == (actor.person_id, NOW)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.object_id) == ("assignment.create", made.public_id)
    assert entry.summary == "布置任务《礼品与宴请》给财政局"
    assert entry.detail["target"] == course.code


def test_an_exam_takes_over_the_ranks_of_its_audience(session: Session) -> None:
    unit = make_unit(session)
    actor = hr_of(session, unit)
    exam = make_exam(session, unit, ranks="|一级科员|二级科员|")
    assert assign(session, actor, exam, unit).ranks == "|一级科员|二级科员|"


def test_only_within_the_own_subtree(session: Session) -> None:
    root = make_unit(session)
    own, other = make_unit(session, root), make_unit(session, root)
    actor, course = hr_of(session, own), make_course(session).course
    assign(session, actor, course, make_unit(session, own))
    for unit in (root, other):
        with pytest.raises(Forbidden):
            assign(session, actor, course, unit)


def test_leaders_and_examiners_give_out_nothing(session: Session) -> None:
    unit = make_unit(session)
    actor = make_actor(make_person(session, unit, Role.LEADER, Role.EXAMINER))
    with pytest.raises(Forbidden):
        assign(session, actor, make_course(session).course, unit)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"due_at": NOW}, "due_at"),
        ({"due_at": NOW - DAY}, "due_at"),
        ({"due_at": NOW + 2000 * DAY}, "due_at"),
        ({"ranks": ["一级科员", "总经理"]}, "ranks"),
        ({"ranks": ["a|b"]}, "ranks"),
    ],
)
def test_senseless_course_assignments_name_the_field(
    session: Session, values: dict[str, Any], field: str
) -> None:
    unit = make_unit(session)
    actor = hr_of(session, unit)
    with pytest.raises(DomainError) as caught:
        assign(session, actor, make_course(session).course, unit, **values)
    assert list(caught.value.fields) == [field]
    assert session.scalar(select(func.count()).select_from(Assignment)) == 0


def test_a_rank_outside_the_ladder_is_known_where_people_hold_it(session: Session) -> None:
    unit, elsewhere = make_unit(session), make_unit(session)
    actor, course = hr_of(session, unit), make_course(session).course
    make_person(session, unit, rank="管理岗七级")
    make_person(session, elsewhere, rank="管理岗八级")
    ranks = ["管理岗七级", "一级科员"]
    assert assign(session, actor, course, unit, ranks=ranks).ranks == "|一级科员|管理岗七级|"
    with pytest.raises(DomainError, match="没有这样的职级：管理岗八级"):
        assign(session, actor, course, unit, ranks=["管理岗八级"])


def test_retired_courses_and_units_are_refused(session: Session) -> None:
    unit = make_unit(session)
    actor = hr_of(session, unit)
    course = make_course(session, active=False).course
    unit.active = False
    with pytest.raises(DomainError) as caught:
        assign(session, actor, course, unit)
    assert set(caught.value.fields) == {"org_unit", "target"}


@pytest.mark.parametrize(
    ("exam_values", "values", "field"),
    [
        ({"cancelled_at": NOW}, {}, "target"),
        ({"opens_at": NOW - 3 * DAY, "closes_at": NOW}, {"due_at": NOW + DAY}, "target"),
        ({}, {"due_at": NOW + 3 * DAY}, "due_at"),
        ({"opens_at": NOW + DAY}, {"due_at": NOW + timedelta(hours=1)}, "due_at"),
        ({"ranks": "|一级科员|"}, {"ranks": ["一级科员", "二级科员"]}, "ranks"),
    ],
)
def test_an_exam_is_only_assigned_where_it_can_be_sat(
    session: Session, exam_values: dict[str, Any], values: dict[str, Any], field: str
) -> None:
    unit = make_unit(session)
    actor = hr_of(session, unit)
    exam = make_exam(session, unit, **exam_values)
    with pytest.raises(DomainError) as caught:
        assign(session, actor, exam, unit, **values)
    assert list(caught.value.fields) == [field]


def test_an_exam_is_not_assigned_to_units_outside_its_audience(session: Session) -> None:
    root = make_unit(session)
    town, other = make_unit(session, root), make_unit(session, root)
    actor, exam = hr_of(session, root), make_exam(session, town)
    assign(session, actor, exam, make_unit(session, town))
    for unit in (other, root):
        with pytest.raises(DomainError) as caught:
            assign(session, actor, exam, unit)
        assert list(caught.value.fields) == ["org_unit"]


def test_the_same_is_not_asked_twice_but_of_others_it_is(session: Session) -> None:
    root = make_unit(session)
    town = make_unit(session, root)
    actor, course = hr_of(session, root), make_course(session).course
    first = assign(session, actor, course, root)
    with pytest.raises(Conflict, match="已有相同的任务"):
        assign(session, actor, course, root, due_at=NOW + DAY)
    assign(session, actor, course, town)
    assign(session, actor, course, root, ranks=["一级科员"])
    assign(session, actor, make_course(session).course, root)
    cancel_assignment(session, actor=actor, assignment=first, now=NOW)
    assert assign(session, actor, course, root).id != first.id


def test_twenty_clicks_make_one_assignment(own_engine: Engine) -> None:
    with db.transaction(own_engine) as work:
        unit = make_unit(work)
        actor = hr_of(work, unit)
        unit_id, course_id = unit.id, make_course(work).course_id

    def click(_: int) -> bool:
        try:
            with db.transaction(own_engine) as work:
                course = work.get_one(Course, course_id)
                assign(work, actor, course, work.get_one(OrgUnit, unit_id))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(click, range(20))) == 1
    with db.transaction(own_engine) as work:
        assert work.scalar(select(func.count()).select_from(Assignment)) == 1
        assert work.scalar(select(func.count()).select_from(AuditEntry)) == 1


def test_cancelling_is_audited_once(session: Session) -> None:
    unit = make_unit(session, name="财政局")
    actor = hr_of(session, unit)
    made = make_assignment(session, unit, make_course(session, title="礼品与宴请"))
    for minutes in (1, 2):
        at = NOW + timedelta(minutes=minutes)
        cancel_assignment(session, actor=actor, assignment=made, now=at)
    assert made.cancelled_at == NOW + timedelta(minutes=1)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.summary) == ("assignment.cancel", "取消任务《礼品与宴请》给财政局")


def test_cancelling_elsewhere_is_refused(session: Session) -> None:
    root = make_unit(session)
    actor = hr_of(session, make_unit(session, root))
    made = make_assignment(session, root, make_course(session))
    with pytest.raises(Forbidden):
        cancel_assignment(session, actor=actor, assignment=made, now=NOW)
    assert made.cancelled_at is None


def test_the_same_set_of_ranks_gives_the_same_words() -> None:
    assert rank_words(["一级科员", "二级科员", "一级科员"]) == rank_words(
        ["二级科员", " 一级科员 "]
    )
    assert rank_words(["县处级副职", "办事员"]) == "|办事员|县处级副职|"
    assert rank_words([]) == rank_words(["", " "]) == ""
