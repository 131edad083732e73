"""A whole district in a second: rows made by the database itself, INSERT ... SELECT over numbers.

Every number of it can be computed: person i is in unit `i % UNITS`, has completed course c when
`(i + c) % 10 < 7`, has begun it when `< 8`, sat the exam when `i % 10 != 0` and passed it when
`i % 10 > 2`.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    case,
    cast,
    insert,
    literal,
    select,
)
from sqlalchemy.orm import Session

from elearn.models import (
    Attempt,
    CourseRevision,
    Exam,
    Grade,
    LessonProgress,
    OrgUnit,
    Person,
    TrainingRecord,
)
from tests.factories import NOW, make_unit
from tests.factories_reports import DAY, make_assignment, make_course, make_exam

UNITS = 1000
COURSES = 4


def make_district(session: Session, people: int) -> OrgUnit:
    """`people` cadres in UNITS units of two levels, COURSES courses (the first two are late) and an
    exam that is over, all asked of everybody."""
    district = make_unit(session, name="滨江区")
    _units(session, district)
    numbers = _numbers(people)
    _fill(
        session,
        Person,
        numbers,
        public_id=literal("p") + _text(numbers.c.i),
        staff_no=literal("n") + _text(numbers.c.i),
        name=literal("干部") + _text(numbers.c.i),
        org_unit_id=district.id + 1 + numbers.c.i % UNITS,
        rank="一级科员",
        post="科员",
        is_leader=False,
        active=True,
        must_change_password=False,
        session_version=1,
        is_demo=False,
        created_at=NOW - timedelta(days=2000),
    )
    for number in range(COURSES):
        late = number < 2
        course = make_course(session, title=f"课程{number}")
        make_assignment(session, district, course, due_at=NOW - DAY if late else NOW + DAY)
        _learn(session, course, number)
    exam = make_exam(session, district, opens_at=NOW - 9 * DAY, closes_at=NOW - DAY)
    make_assignment(session, district, exam)
    _sit(session, exam)
    session.flush()
    return district


def _units(session: Session, district: OrgUnit) -> None:
    """Ten towns, the others under them; ids follow the district's."""
    numbers = _numbers(UNITS)
    own = district.id + numbers.c.i
    town = district.id + 1 + (numbers.c.i - 1) % 10
    is_town = numbers.c.i <= 10
    path = literal(district.path) + case(
        (is_town, _text(own) + "/"), else_=_text(town) + "/" + _text(own) + "/"
    )
    _fill(
        session,
        OrgUnit,
        numbers,
        id=own,
        public_id=literal("u") + _text(numbers.c.i),
        code=literal("D") + _text(numbers.c.i),
        name=literal("单位") + _text(numbers.c.i),
        type=case((is_town, "TOWN_STREET"), else_="UNIT"),
        parent_id=case((is_town, district.id), else_=town),
        path=path,
        active=True,
    )


def _learn(session: Session, course: CourseRevision, number: int) -> None:
    turn = (Person.id + number) % 10
    _fill(
        session,
        TrainingRecord,
        Person,
        turn < 7,
        public_id=literal(f"r{number}-") + _text(Person.id),
        source_key=literal(f"course:{course.course.code}:") + _text(Person.id),
        person_id=Person.id,
        kind="COURSE",
        subject_code=course.course.code,
        subject_title=course.title,
        subject_hash=course.hash,
        strand="DIS",
        required=True,
        org_unit_id=Person.org_unit_id,
        org_name="单位",
        started_at=NOW - 5 * DAY,
        finished_at=NOW - 4 * DAY,
        credit_year=2026,
        hours_centi=150,
        hours_bucket="ONLINE",
        credit_rule="declared",
        credit_rule_version="1",
        passed=True,
        explanation="",
        evidence={},
        hash="0" * 64,
        created_at=NOW,
    )
    for lesson in ("l1", "l2", "l3"):
        _fill(
            session,
            LessonProgress,
            Person,
            turn < 8,
            person_id=Person.id,
            course_id=course.course_id,
            lesson_code=lesson,
            course_revision_id=course.id,
            opened_at=NOW,
            last_seen_at=NOW,
            visible_seconds=60,
            position="",
        )


def _sit(session: Session, exam: Exam) -> None:
    started = NOW - 3 * DAY
    _fill(
        session,
        Attempt,
        Person,
        Person.id % 10 != 0,
        public_id=literal("t") + _text(Person.id),
        exam_id=exam.id,
        person_id=Person.id,
        no=1,
        state="SUBMITTED",
        seed="0",
        bank_hash="0",
        paper_hash="0",
        paper={},
        started_at=started,
        deadline_at=started + timedelta(hours=1),
        submitted_at=started + timedelta(minutes=30),
        closed_by="CANDIDATE",
        last_seq=0,
        answered=0,
        flags=[],
    )
    passed = Attempt.person_id % 10 > 2
    _fill(
        session,
        Grade,
        Attempt,
        attempt_id=Attempt.id,
        no=1,
        state="FINAL",
        score_centi=case((passed, 9000), else_=5000),
        full_centi=10_000,
        passed=passed,
        policy_version="1",
        detail={},
        reason="",
        graded_at=NOW,
    )


def _numbers(count: int) -> Any:
    first = select(literal(1).label("i")).cte("numbers", recursive=True)
    return first.union_all(select(first.c.i + 1).where(first.c.i < count))


def _text(value: ColumnElement[Any] | Any) -> ColumnElement[str]:
    return cast(value, String)


def _fill(session: Session, model: Any, source: Any, *where: Any, **values: Any) -> None:
    columns = model.__table__.columns
    chosen = [
        (value if hasattr(value, "compare") else literal(value, columns[name].type)).label(name)
        for name, value in values.items()
    ]
    query = select(*chosen).select_from(source).where(*where)
    session.execute(insert(model).from_select(list(values), query, include_defaults=False))
