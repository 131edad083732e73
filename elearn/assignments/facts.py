"""What the tables say about each person an assignment covers.

SQL only collects facts, grouped or per person; `core.duties.duty_state` makes states of them, so
there is one rule. Statements are per assignment and plain, joined by UNION ALL: their number does
not depend on how many people there are, and every planner estimates them well.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from elearn.core.duties import DutyState, Fact, duty_state, facts_in_state
from elearn.core.rates import Counts
from elearn.exams.makeups.conditions import passed_makeup
from elearn.models import (
    Assignment,
    Attempt,
    AttemptState,
    Grade,
    LessonProgress,
    Person,
    RecordKind,
    TrainingRecord,
)

from .coverage import coverage, due_of, is_exam

ALL_TRIES: Final = 10_000  # more than `attempts_max` can be
BRANCHES: Final = 100  # of one UNION ALL; SQLite stops at 500


def facts_query(assignment: Assignment, *, now: datetime) -> Select[*tuple[Any, ...]]:
    """(person_id, org_unit_id, assignment_id, facts) of everybody it covers. Conditions on Person
    and OrgUnit can be added."""
    query = select(
        Person.id.label("person_id"),
        Person.org_unit_id.label("org_unit_id"),
        literal(assignment.id).label("assignment_id"),
    ).join(Person.org_unit)
    if assignment.exam is not None:
        sat = sittings(now).where(Attempt.exam_id == assignment.exam.id).subquery()
        known = func.coalesce(sat.c.facts, 0)
        facts = known + case(
            (sat.c.attempts >= assignment.exam.attempts_max, Fact.USED_UP.value), else_=0
        )
        # Passing a make-up is having sat and passed the exam it makes up for.
        made_up = passed_makeup(assignment.exam.id)
        for fact in (Fact.TOOK, Fact.PASSED):
            missing = known.op("&")(fact.value) == 0
            facts += case((and_(made_up, missing), fact.value), else_=0)
        query = query.outerjoin(sat, sat.c.person_id == Person.id)
    else:
        done = exists().where(
            TrainingRecord.kind == RecordKind.COURSE,
            TrainingRecord.subject_code == (assignment.course.code if assignment.course else ""),
            TrainingRecord.person_id == Person.id,
        )
        started = exists().where(
            LessonProgress.person_id == Person.id,
            LessonProgress.course_id == assignment.course_id,
        )
        facts = _bit(done, Fact.DONE) + _bit(started, Fact.STARTED)
    return query.add_columns(facts.label("facts")).where(*coverage(assignment))


def counts_by(
    session: Session,
    assignments: Sequence[Assignment],
    conditions: Sequence[ColumnElement[bool]],
    *,
    now: datetime,
) -> dict[tuple[int, int], Counts]:
    """(unit, assignment) -> counts over the unit's own people who meet `conditions`."""
    found: dict[tuple[int, int], Counts] = {}
    by_id = {assignment.id: assignment for assignment in assignments}
    for start in range(0, len(assignments), BRANCHES):
        branches = []
        for assignment in assignments[start : start + BRANCHES]:
            rows = facts_query(assignment, now=now).where(*conditions).subquery()
            key = (rows.c.org_unit_id, rows.c.assignment_id, rows.c.facts)
            branches.append(select(*key, func.count()).group_by(*key))
        for unit_id, assignment_id, facts, people in session.execute(union_all(*branches)):
            counts = counts_of(by_id[assignment_id], Fact(facts), people, now=now)
            at = (unit_id, assignment_id)
            found[at] = found.get(at, Counts()) + counts
    return found


def people_in_state(
    assignments: Sequence[Assignment], state: DutyState | None, *, now: datetime
) -> FromClause:
    """person_id, once per duty in this state (None: per duty)."""
    branches: list[Select[Any]] = []
    for assignment in assignments:
        rows = facts_query(assignment, now=now).subquery()
        branch = select(rows.c.person_id)
        if state is not None:
            past = due_of(assignment) <= now
            wanted = facts_in_state(state, is_exam=is_exam(assignment), past_due=past)
            if not wanted:
                continue  # e.g. nothing is overdue before it is due
            branch = branch.where(rows.c.facts.in_(wanted))
        branches.append(branch)
    if not branches:
        return select(Person.id.label("person_id")).where(false()).subquery()
    groups = [
        union_all(*branches[start : start + BRANCHES]).subquery()
        for start in range(0, len(branches), BRANCHES)
    ]
    return union_all(*(select(group.c.person_id) for group in groups)).subquery()


def counts_of(assignment: Assignment, facts: Fact, people: int, *, now: datetime) -> Counts:
    """So many people with these facts."""
    exam = is_exam(assignment)
    state = duty_state(facts, is_exam=exam, past_due=due_of(assignment) <= now)
    return Counts(
        assigned=people,
        should_sit=people if exam else 0,
        took=people if Fact.TOOK in facts else 0,
        passed=people if Fact.PASSED in facts else 0,
        **{state.value.lower(): people},
    )


def sittings(now: datetime) -> Select[*tuple[Any, ...]]:
    """(person_id, exam_id, tries used, facts): only the latest grade of an attempt speaks, and an
    attempt past its deadline is handed in even before the server has closed it. An annulled one
    uses up every try."""
    later = aliased(Grade)
    latest = ~exists().where(later.attempt_id == Grade.attempt_id, later.no > Grade.no)
    over = or_(Attempt.state == AttemptState.SUBMITTED, Attempt.deadline_at <= now)
    # While late answers may still count, no grade is final.
    final = and_(func.coalesce(Grade.state, "") == "FINAL", Attempt.late_until.is_(None))
    annulled = case((Attempt.voided_at.is_not(None), ALL_TRIES), else_=0)
    facts = (
        func.max(_bit(over, Fact.TOOK))
        + func.max(_bit(and_(over, ~final), Fact.PENDING))
        + func.max(_bit(~over, Fact.RUNNING))
        + func.max(_bit(and_(final, Grade.passed.is_(True)), Fact.PASSED))
    )
    return (
        select(
            Attempt.person_id,
            Attempt.exam_id,
            (func.count(Attempt.id) + func.max(annulled)).label("attempts"),
            facts.label("facts"),
        )
        .outerjoin(Grade, and_(Grade.attempt_id == Attempt.id, latest))
        .where(Attempt.refiled_at.is_(None))
        .group_by(Attempt.person_id, Attempt.exam_id)
    )


def _bit(condition: ColumnElement[bool], fact: Fact) -> ColumnElement[int]:
    return case((condition, fact.value), else_=0)
