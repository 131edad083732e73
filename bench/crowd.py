"""Thousands of people with what they did, as rows: the product's services would take hours.

Shares follow the demo: of every course most have finished, some have begun, some have not; four
of five sat the last exam. Lessons are one row a course, papers and grades carry no detail.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from elearn.models import (
    Attempt,
    AttemptState,
    ClosedBy,
    Course,
    CourseRevision,
    Exam,
    Grade,
    HoursBucket,
    LessonProgress,
    OrgUnit,
    Party,
    Person,
    RecordKind,
    TrainingRecord,
    new_public_id,
)

DAY: Final = timedelta(days=1)
RANKS: Final = ("一级科员", "四级主任科员", "三级主任科员", "乡科级副职")
BATCH: Final = 10_000
FULL: Final = 10_000


def add_people(
    session: Session, *, units: Sequence[OrgUnit], count: int, password_hash: str, now: datetime
) -> None:
    """`count` cadres `b1`, `b2`… spread over the units, past their first sign-in."""
    _insert(
        session,
        Person,
        (
            {
                "staff_no": f"b{number}",
                "name": f"干部{number}",
                "org_unit_id": units[number % len(units)].id,
                "rank": RANKS[number % len(RANKS)],
                "post": "科员",
                "party": Party.NON_PARTY if number % 9 == 0 else Party.PARTY,
                "password_hash": password_hash,
                "must_change_password": False,
                "notice_accepted_at": now,
                "is_demo": True,
                "created_at": now,
            }
            for number in range(1, count + 1)
        ),
    )


def add_learning(session: Session, *, now: datetime) -> None:
    """Of each course: three of five have finished, one has begun, one has not."""
    people = _people(session)
    revisions = session.scalars(
        select(CourseRevision).join(Course, Course.current_revision_id == CourseRevision.id)
    ).all()
    for shift, revision in enumerate(revisions):
        begun = [person for person in people if (person[0] + shift) % 5 != 0]
        done = [person for person in begun if (person[0] + shift) % 5 != 1]
        lesson = revision.lessons[0].code
        _insert(session, LessonProgress, (_progress(p, revision, lesson, now) for p in begun))
        _insert(session, TrainingRecord, (_course_record(p, revision, now) for p in done))


def add_sittings(session: Session, *, exam: Exam, now: datetime) -> None:
    """Four of five have sat `exam`; of those every eighth has failed."""
    sat = [person for person in _people(session) if person[0] % 5]
    ids = {person[0]: new_public_id() for person in sat}
    _insert(session, Attempt, (_attempt(person, exam, ids[person[0]]) for person in sat))
    attempts = session.execute(
        select(Attempt.id, Attempt.person_id).where(Attempt.exam_id == exam.id)
    )
    _insert(session, Grade, (_grade(attempt, person, now) for attempt, person in attempts.all()))
    _insert(session, TrainingRecord, (_exam_record(p, exam, ids[p[0]], now) for p in sat))


def _people(session: Session) -> list[tuple[int, int]]:
    """(person id, unit id)."""
    rows = session.execute(select(Person.id, Person.org_unit_id).order_by(Person.id))
    return [(person, unit) for person, unit in rows]


def _insert(session: Session, model: Any, rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            session.execute(insert(model), batch)
            batch = []
    if batch:
        session.execute(insert(model), batch)


def _progress(
    person: tuple[int, int], revision: CourseRevision, lesson: str, now: datetime
) -> dict[str, Any]:
    return {
        "person_id": person[0],
        "course_id": revision.course_id,
        "lesson_code": lesson,
        "course_revision_id": revision.id,
        "opened_at": now - 20 * DAY,
        "last_seen_at": now - 20 * DAY,
        "finished_at": now - 20 * DAY,
        "visible_seconds": 600,
    }


def _course_record(
    person: tuple[int, int], revision: CourseRevision, now: datetime
) -> dict[str, Any]:
    return {
        "source_key": f"course:{revision.course.code}:{person[0]}",
        "kind": RecordKind.COURSE,
        "subject_code": revision.course.code,
        "subject_title": revision.title,
        "subject_hash": revision.hash,
        "strand": revision.strand,
        "required": revision.required,
        "hours_centi": revision.hours_centi,
        "explanation": "学完全部小节，随堂题全部答对。",
        **_record(person, now - 20 * DAY, now - 10 * DAY, passed=True),
    }


def _exam_record(
    person: tuple[int, int], exam: Exam, attempt: str, now: datetime
) -> dict[str, Any]:
    passed = bool(person[0] % 8)
    return {
        "source_key": f"attempt:{attempt}",
        "kind": RecordKind.EXAM,
        "subject_code": exam.blueprint_revision.blueprint.code,
        "subject_title": exam.title,
        "subject_hash": exam.blueprint_revision.hash,
        "hours_centi": 100 if passed else 0,
        "score_centi": _score(person[0]),
        "full_centi": FULL,
        "explanation": "",
        **_record(person, exam.opens_at, now - 5 * DAY, passed=passed),
    }


def _record(
    person: tuple[int, int], started: datetime, finished: datetime, *, passed: bool
) -> dict[str, Any]:
    return {
        "person_id": person[0],
        "org_unit_id": person[1],
        "org_name": "单位",
        "started_at": started,
        "finished_at": finished,
        "credit_year": finished.astimezone(UTC).year,
        "hours_bucket": HoursBucket.ONLINE,
        "credit_rule": "declared",
        "credit_rule_version": "1",
        "passed": passed,
        "evidence": {},
        "hash": hashlib.sha256(str(person).encode()).hexdigest(),
        "created_at": finished,
    }


def _attempt(person: tuple[int, int], exam: Exam, public_id: str) -> dict[str, Any]:
    return {
        "public_id": public_id,
        "exam_id": exam.id,
        "person_id": person[0],
        "no": 1,
        "state": AttemptState.SUBMITTED,
        "seed": "0" * 32,
        "bank_hash": "0" * 64,
        "paper_hash": "0" * 64,
        "paper": {"sections": []},
        "started_at": exam.opens_at,
        "deadline_at": exam.opens_at + timedelta(hours=1),
        "submitted_at": exam.opens_at + timedelta(minutes=40),
        "closed_by": ClosedBy.CANDIDATE,
        "last_seq": 20,
        "answered": 20,
        "flags": [],
    }


def _grade(attempt_id: int, person_id: int, now: datetime) -> dict[str, Any]:
    return {
        "attempt_id": attempt_id,
        "no": 1,
        "state": "FINAL",
        "score_centi": _score(person_id),
        "full_centi": FULL,
        "passed": bool(person_id % 8),
        "policy_version": "1",
        "detail": {"items": []},
        "graded_at": now - 5 * DAY,
    }


def _score(person_id: int) -> int:
    return 6000 + person_id % 40 * 100 if person_id % 8 else 5000
