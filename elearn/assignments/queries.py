"""Reads of assignments: those a manager may see, and the people of one of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from elearn.accounts.queries import within
from elearn.core.access import Actor, Permission
from elearn.core.duties import DutyState, Fact, duty_state, facts_in_state
from elearn.core.errors import NotFound
from elearn.core.rates import Counts
from elearn.models import (
    Assignment,
    AssignmentKind,
    Course,
    CourseRevision,
    Exam,
    LearningPath,
    LearningPathStep,
    LessonProgress,
    OrgUnit,
    Person,
)

from .coverage import due_of, is_exam
from .facts import counts_by, facts_query


def title_of(assignment: Assignment) -> str:
    """The course's or exam's name."""
    if assignment.exam is not None:
        return assignment.exam.title
    course = assignment.course
    if course is None:
        return ""
    return course.current.title if course.current else course.code


def managed_assignments(actor: Actor) -> Select[Assignment]:
    """Assignments of units inside the actor's subtrees, latest due first."""
    return (
        select(Assignment)
        .join(Assignment.org_unit)
        .where(within(actor.roots(Permission.MANAGE_ASSIGNMENT)))
        .options(
            contains_eager(Assignment.org_unit),
            joinedload(Assignment.course).joinedload(Course.current),
            joinedload(Assignment.exam),
            joinedload(Assignment.created_by),
        )
        .order_by(Assignment.due_at.desc(), Assignment.id.desc())
    )


def get_managed_assignment(session: Session, actor: Actor, public_id: str) -> Assignment:
    """One of them. Raises NotFound for any other."""
    assignment = session.scalar(managed_assignments(actor).where(Assignment.public_id == public_id))
    if assignment is None:
        raise NotFound
    return assignment


def assignment_counts(session: Session, assignment: Assignment, *, now: datetime) -> Counts:
    """How many people it covers, and how many are in each state."""
    return sum(counts_by(session, [assignment], [], now=now).values(), Counts())


def assignment_people(
    assignment: Assignment, *, now: datetime, state: DutyState | None = None, search: str = ""
) -> Select[*tuple[Any, ...]]:
    """(Person with unit, facts) of everybody covered, by unit and staff number."""
    rows = facts_query(assignment, now=now).subquery()
    query = (
        select(Person, rows.c.facts)
        .join(rows, rows.c.person_id == Person.id)
        .join(Person.org_unit)
        .options(contains_eager(Person.org_unit))
        .order_by(OrgUnit.path, Person.staff_no)
    )
    if state is not None:
        past = due_of(assignment) <= now
        wanted = facts_in_state(state, is_exam=is_exam(assignment), past_due=past)
        query = query.where(rows.c.facts.in_(wanted))
    if search:
        query = query.where(name_or_number(search))
    return query


def state_of(assignment: Assignment, facts: int, *, now: datetime) -> DutyState:
    """The state of one row of `assignment_people`."""
    past = due_of(assignment) <= now
    return duty_state(Fact(facts), is_exam=is_exam(assignment), past_due=past)


def name_or_number(search: str) -> Any:
    """Part of the name, or of the staff number."""
    return or_(
        Person.name.contains(search, autoescape=True),
        Person.staff_no.contains(search, autoescape=True),
    )


def lessons_read(session: Session, course_id: int, person_ids: list[int]) -> dict[int, int]:
    """Person -> how many lessons of the current revision they finished."""
    done: dict[int, int] = {}
    codes = _lesson_codes(session, course_id)
    rows = session.execute(
        select(LessonProgress.person_id, LessonProgress.lesson_code).where(
            LessonProgress.course_id == course_id,
            LessonProgress.person_id.in_(person_ids),
            LessonProgress.finished_at.is_not(None),
        )
    )
    for person_id, code in rows:
        if code in codes:
            done[person_id] = done.get(person_id, 0) + 1
    return done


def _lesson_codes(session: Session, course_id: int) -> set[str]:
    revision = session.scalar(
        select(CourseRevision)
        .join(Course, Course.current_revision_id == CourseRevision.id)
        .where(Course.id == course_id)
        .options(selectinload(CourseRevision.lessons))
    )
    return {lesson.code for lesson in revision.lessons} if revision else set()


def ranks_in(session: Session, roots: Sequence[str]) -> list[str]:
    """Ranks the active people of these subtrees hold."""
    query = (
        select(Person.rank)
        .join(Person.org_unit)
        .where(Person.active, Person.rank != "", within(roots))
        .distinct()
    )
    return list(session.scalars(query))


def assignable_courses(session: Session) -> list[CourseRevision]:
    """Current revisions of active courses, by strand and title."""
    return list(
        session.scalars(
            select(CourseRevision)
            .join(Course, Course.current_revision_id == CourseRevision.id)
            .where(Course.active)
            .options(contains_eager(CourseRevision.course))
            .order_by(CourseRevision.strand, CourseRevision.title)
        )
    )


def assignable_exams(session: Session, actor: Actor, *, now: datetime) -> list[Exam]:
    """Exams not over yet whose audience reaches into the actor's subtrees."""
    roots = actor.roots(Permission.MANAGE_ASSIGNMENT)
    ancestors = {int(part) for root in roots for part in root.split("/") if part}
    return list(
        session.scalars(
            select(Exam)
            .join(Exam.org_unit)
            .where(
                Exam.cancelled_at.is_(None),
                Exam.closes_at > now,
                or_(within(roots), OrgUnit.id.in_(ancestors)),
            )
            .options(contains_eager(Exam.org_unit))
            .order_by(Exam.opens_at, Exam.id)
        )
    )


def assignable_paths(session: Session) -> list[LearningPath]:
    """Active paths with their steps and courses: stages first, by code."""
    return list(
        session.scalars(
            select(LearningPath)
            .where(LearningPath.active)
            .options(selectinload(LearningPath.steps).joinedload(LearningPathStep.course))
            .order_by(LearningPath.kind.desc(), LearningPath.code)
        )
    )


def active_twin(
    session: Session,
    *,
    kind: AssignmentKind,
    course_id: int | None,
    exam_id: int | None,
    org_unit_id: int,
    ranks: str,
) -> Assignment | None:
    """The assignment in force that already asks for the same of the same people."""
    target = (
        Assignment.course_id == course_id
        if kind == AssignmentKind.COURSE
        else Assignment.exam_id == exam_id
    )
    return session.scalar(
        select(Assignment).where(
            target,
            Assignment.org_unit_id == org_unit_id,
            Assignment.ranks == ranks,
            Assignment.cancelled_at.is_(None),
        )
    )
