"""Makes what reports are made of: courses, exams, attempts, grades, records, assignments - as rows,
without going through reading and answering."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.assembly.model import Blueprint
from elearn.core.credit.measures import Stated
from elearn.core.lessons.model import CompletionRule
from elearn.models import (
    Assignment,
    AssignmentKind,
    Attempt,
    AttemptState,
    BlueprintRevision,
    BlueprintRow,
    ClosedBy,
    Course,
    CourseRevision,
    Exam,
    ExamCandidate,
    Grade,
    Lesson,
    LessonProgress,
    OrgUnit,
    Person,
    ReviewPolicy,
    TrainingRecord,
)
from elearn.records.classes.records import record_class
from elearn.records.services import record_course
from tests.factories import NOW, make_person, make_unit

_counter = itertools.count(1)
DAY = timedelta(days=1)


def make_course(
    session: Session, *, lessons: int = 3, active: bool = True, **values: Any
) -> CourseRevision:
    """An active course with its current revision; lessons of 10 minutes, codes `l1`, `l2`, …"""
    number = next(_counter)
    course = Course(code=values.pop("code", f"c{number}"), active=active)
    session.add(course)
    session.flush()
    defaults: dict[str, Any] = {
        "course_id": course.id,
        "hash": f"{number:064x}",
        "title": f"课程{number}",
        "strand": "DIS",
        "topics": ["DIS-04"],
        "summary": "",
        "required": True,
        "hours_centi": 150,
        "audience": [],
        "rule": CompletionRule().canonical(),
        "created_at": NOW,
    }
    revision = CourseRevision(**{**defaults, **values})
    revision.lessons = [
        Lesson(
            position=at,
            code=f"l{at}",
            title=f"第{at}节",
            minutes=10,
            quiz_required=False,
            html="<p>正文</p>",
            toc=[],
        )
        for at in range(1, lessons + 1)
    ]
    session.add(revision)
    session.flush()
    course.current_revision_id = revision.id
    session.flush()
    session.refresh(course)
    session.refresh(revision)
    return revision


def make_progress(
    session: Session, person: Person, course: CourseRevision, *, finished: int = 0, opened: int = 1
) -> None:
    """The first `opened` lessons opened, the first `finished` of them read to the end."""
    for at in range(1, opened + 1):
        session.add(
            LessonProgress(
                person_id=person.id,
                course_id=course.course_id,
                lesson_code=f"l{at}",
                course_revision_id=course.id,
                opened_at=NOW,
                last_seen_at=NOW,
                finished_at=NOW if at <= finished else None,
                visible_seconds=60,
            )
        )
    session.flush()


def make_course_record(
    session: Session, person: Person, course: CourseRevision, *, at: datetime = NOW
) -> TrainingRecord:
    """The person has completed the course."""
    return record_course(
        session,
        person=person,
        course_revision=course,
        started_at=at - timedelta(hours=1),
        finished_at=at,
        evidence={"lessons": 3},
        explanation="已读 3 / 3 节。",
        now=at,
    )


def make_class_record(
    session: Session,
    person: Person,
    *,
    hours: int = 0,
    days: float = 0,
    months: float = 0,
    at: datetime = NOW,
) -> TrainingRecord:
    """A class that ended `at`; what it states in hours, days, months."""
    made = record_class(
        session,
        person=person,
        source=f"{next(_counter)}",
        title="进修班",
        started_at=at - 5 * DAY,
        finished_at=at,
        stated=Stated(hours * 100, int(days * 100), int(months * 100)),
        evidence={},
        now=at,
    )
    assert made is not None
    return made


def exam_values(**changes: Any) -> dict[str, Any]:
    """What `record_exam` is told about a passed exam."""
    return {
        "attempt_public_id": "attempt-1",
        "exam_title": "廉政知识测试",
        "subject_code": "integrity-80",
        "paper_hash": "a" * 64,
        "started_at": NOW,
        "finished_at": NOW + timedelta(minutes=40),
        "score_centi": 8650,
        "full_centi": 10_000,
        "passed": True,
        "hours_centi": 200,
        "valid_months": 24,
        "evidence": {"attempt_no": 1},
        "now": NOW + timedelta(minutes=41),
        **changes,
    }


def make_exam(session: Session, unit: OrgUnit, **values: Any) -> Exam:
    """An exam that opened a day ago and closes in two days; two tries of 50 minutes."""
    number = next(_counter)
    spec = values.pop("spec", None) or Blueprint(f"bp{number}", "组卷规则", (), 3000, 6000)
    row = BlueprintRow(code=f"bp{number}")
    session.add(row)
    session.flush()
    revision = BlueprintRevision(
        blueprint_id=row.id,
        hash=f"{number:064x}",
        title="组卷规则",
        spec=spec.canonical(),
        created_at=NOW,
    )
    session.add(revision)
    session.flush()
    creator = values.pop("created_by_id", None) or session.scalar(select(Person.id).limit(1))
    defaults: dict[str, Any] = {
        "title": f"考试{number}",
        "blueprint_revision_id": revision.id,
        "org_unit_id": unit.id,
        "opens_at": NOW - DAY,
        "closes_at": NOW + 2 * DAY,
        "duration_s": 3000,
        "attempts_max": 2,
        "review_policy": ReviewPolicy.AT_ONCE,
        "created_by_id": creator,
        "created_at": NOW - 2 * DAY,
    }
    exam = Exam(**{**defaults, **values})
    session.add(exam)
    session.flush()
    return exam


def list_candidate(session: Session, exam: Exam, person: Person) -> None:
    """Put a person on the list of an exam with `listed_only`."""
    session.add(ExamCandidate(exam_id=exam.id, person_id=person.id))
    session.flush()


def make_attempt(
    session: Session,
    person: Person,
    exam: Exam,
    *,
    score: int | None = None,
    passed: bool | None = None,
    at: datetime = NOW - timedelta(hours=2),
    no: int = 1,
) -> Attempt:
    """A running attempt, or one handed in and graded: `score` in points, `passed` None = pending."""
    done = score is not None
    attempt = Attempt(
        exam_id=exam.id,
        person_id=person.id,
        no=no,
        state=AttemptState.SUBMITTED if done else AttemptState.IN_PROGRESS,
        seed="0" * 32,
        bank_hash="b" * 64,
        paper_hash="a" * 64,
        paper={},
        started_at=at,
        deadline_at=at + timedelta(seconds=3000),
        submitted_at=at + timedelta(minutes=30) if done else None,
        closed_by=ClosedBy.CANDIDATE if done else None,
    )
    session.add(attempt)
    session.flush()
    if score is not None:
        make_grade(session, attempt, score=score, passed=passed)
    return attempt


def make_grade(
    session: Session, attempt: Attempt, *, score: int, passed: bool | None, no: int = 1
) -> Grade:
    """Grade number `no` of the attempt."""
    grade = Grade(
        attempt_id=attempt.id,
        no=no,
        state="PENDING" if passed is None else "FINAL",
        score_centi=score * 100,
        full_centi=10_000,
        passed=passed,
        policy_version="1",
        detail={},
        graded_at=NOW,
    )
    session.add(grade)
    session.flush()
    return grade


def make_assignment(
    session: Session, unit: OrgUnit, target: CourseRevision | Exam, **values: Any
) -> Assignment:
    """Due in ten days, an exam when it closes."""
    is_exam = isinstance(target, Exam)
    creator = session.scalar(select(Person.id).limit(1))
    defaults: dict[str, Any] = {
        "kind": AssignmentKind.EXAM if is_exam else AssignmentKind.COURSE,
        "exam_id": target.id if isinstance(target, Exam) else None,
        "course_id": None if isinstance(target, Exam) else target.course_id,
        "org_unit_id": unit.id,
        "ranks": "",
        "due_at": target.closes_at if isinstance(target, Exam) else NOW + 10 * DAY,
        "note": "",
        "created_by_id": creator,
        "created_at": NOW - 2 * DAY,
    }
    assignment = Assignment(**{**defaults, **values})
    session.add(assignment)
    session.flush()
    return assignment


@dataclass
class Town:
    """A district with two towns; `people` by name. 甲 is good, 乙 is late, 丙 has no task."""

    district: OrgUnit
    good: OrgUnit
    late: OrgUnit
    empty: OrgUnit
    people: dict[str, Person]
    course: CourseRevision
    exam: Exam
    tasks: dict[str, Assignment]


def build_town(session: Session) -> Town:
    district = make_unit(session, name="全区")
    good, late = (
        make_unit(session, district, name="甲镇"),
        make_unit(session, district, name="乙镇"),
    )
    empty = make_unit(session, district, name="丙镇")
    section = make_unit(session, late, name="乙镇财政所")
    people = {
        "局长": make_person(session, district, name="局长", staff_no="a0", rank="县处级正职"),
        "甲一": make_person(session, good, name="甲一", staff_no="b1"),
        "甲二": make_person(session, good, name="甲二", staff_no="b2"),
        "乙一": make_person(session, late, name="乙一", staff_no="c1"),
        "乙二": make_person(session, section, name="乙二", staff_no="c2", rank="二级科员"),
        "丙一": make_person(session, empty, name="丙一", staff_no="d1"),
    }
    make_person(session, good, name="离职", active=False)
    course = make_course(session, title="礼品与宴请", hours_centi=150)
    exam = make_exam(session, district, title="季度测试", attempts_max=1)
    tasks = {
        "甲镇课": make_assignment(session, good, course, due_at=NOW + DAY),
        "乙镇课": make_assignment(session, late, course, due_at=NOW - 3 * DAY),
        "乙镇考": make_assignment(session, late, exam, due_at=NOW - DAY),
        "局长课": make_assignment(session, district, course, ranks="|县处级正职|"),
    }
    for name in ("甲一", "甲二", "局长"):
        make_course_record(session, people[name], course, at=NOW - DAY)
    make_progress(session, people["乙一"], course)
    make_attempt(session, people["乙一"], exam, score=85, passed=True, at=NOW - 2 * DAY)
    session.expire_all()
    return Town(district, good, late, empty, people, course, exam, tasks)
