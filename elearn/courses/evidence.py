"""What the server saw: one reading clock per person, time per lesson, and the decision on it.

Every function here works while holding the person's clock row, so two phones or tabs of one person
take turns and the seconds credited never exceed the time that has passed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.config import DISPLAY_ZONE
from elearn.core.completion import Decision, LessonEvidence, decide, latest_beat
from elearn.core.errors import DomainError
from elearn.core.reading import ClockMode, earn
from elearn.models import (
    Course,
    CourseRevision,
    Lesson,
    LessonProgress,
    Person,
    ReadingClock,
    StudyDay,
    TrainingRecord,
)
from elearn.records.services import record_course

from .queries import CourseStanding, record_of, rule_of, standing


@dataclass(frozen=True, slots=True)
class Settled:
    """`record` is there once the course is completed; `new` when this very act completed it."""

    decision: Decision
    record: TrainingRecord | None
    new: bool = False


def lock_clock(
    session: Session, *, person: Person, course: CourseRevision, lesson: Lesson, now: datetime
) -> ReadingClock:
    """The person's clock, locked; a new one has nothing to count yet."""
    clock = session.get(ReadingClock, person.id, with_for_update=True)
    if clock is not None:
        return clock
    try:
        with session.begin_nested():
            session.add(
                ReadingClock(
                    person_id=person.id,
                    course_id=course.course_id,
                    lesson_code=lesson.code,
                    last_beat_at=now,
                    mode=ClockMode.AWAY,
                )
            )
    except IntegrityError:
        pass  # another request of this person was first: wait for it below
    return session.get_one(ReadingClock, person.id, with_for_update=True)


def find_progress(
    session: Session, *, person_id: int, course_id: int, lesson_code: str
) -> LessonProgress | None:
    """The row as committed, whatever this session read before it held the clock."""
    return session.scalar(
        select(LessonProgress)
        .where(
            LessonProgress.person_id == person_id,
            LessonProgress.course_id == course_id,
            LessonProgress.lesson_code == lesson_code,
        )
        .execution_options(populate_existing=True)
    )


def opened_progress(
    session: Session, *, person: Person, course: CourseRevision, lesson: Lesson
) -> LessonProgress:
    """Progress of a lesson the server has seen opened. Raises DomainError for any other."""
    progress = find_progress(
        session, person_id=person.id, course_id=course.course_id, lesson_code=lesson.code
    )
    if progress is None:
        raise DomainError("系统还没有看到您打开这一节。请先打开阅读，再继续。", code="E-NOT-OPENED")
    return progress


def count_time(
    session: Session,
    clock: ReadingClock,
    progress: LessonProgress,
    *,
    minutes: int,
    rule: dict[str, Any],
    now: datetime,
) -> None:
    """Credit the time since the last event to this lesson and move the clock. `rule`: the stored
    completion rule; where it asks for days, the day is noted too."""
    if rule.get("study_days"):
        _count_day(session, clock, progress, minutes=minutes, now=now)
    earned = earn(
        mode=ClockMode(clock.mode),
        last=clock.last_beat_at,
        now=now,
        opened_at=progress.opened_at,
        minutes=minutes,
        counted=progress.visible_seconds,
    )
    progress.visible_seconds += earned.seconds
    progress.last_seen_at = max(progress.last_seen_at, now)
    clock.last_beat_at = earned.clock


def _count_day(
    session: Session, clock: ReadingClock, progress: LessonProgress, *, minutes: int, now: datetime
) -> None:
    """Study of this day, reading a lesson again included: the room a lesson has for time does not
    matter for the day. It belongs to the day it began: a page left open overnight is not study of
    the next morning. The clock is held, so nobody else writes this person's days."""
    seen = earn(
        mode=ClockMode(clock.mode),
        last=clock.last_beat_at,
        now=now,
        opened_at=progress.opened_at,
        minutes=minutes,
        counted=0,
    )
    if not seen.seconds:
        return
    began = max(clock.last_beat_at, progress.opened_at).astimezone(DISPLAY_ZONE).date()
    key = (progress.person_id, progress.course_id, began)
    day = session.get(StudyDay, key, populate_existing=True)
    if day is None:
        day = StudyDay(person_id=key[0], course_id=key[1], day=key[2], seconds=0)
        session.add(day)
    day.seconds += seen.seconds
    session.flush()


def leave_page(session: Session, *, clock: ReadingClock, person: Person, now: datetime) -> None:
    """The person opens another page: what was read on the one before counts there."""
    row = session.execute(
        select(Lesson.minutes, CourseRevision.rule)
        .join(CourseRevision, CourseRevision.id == Lesson.course_revision_id)
        .join(Course, Course.current_revision_id == Lesson.course_revision_id)
        .where(Course.id == clock.course_id, Lesson.code == clock.lesson_code)
    ).first()
    progress = find_progress(
        session,
        person_id=person.id,
        course_id=clock.course_id,
        lesson_code=clock.lesson_code,
    )
    if row is not None and progress is not None:
        count_time(session, clock, progress, minutes=row.minutes, rule=row.rule, now=now)
    clock.last_beat_at = latest_beat(clock.last_beat_at, now)


def stay_on_page(clock: ReadingClock, *, course: CourseRevision, lesson: Lesson) -> None:
    """A form came from this page, so somebody is looking at it."""
    clock.course_id, clock.lesson_code = course.course_id, lesson.code
    if clock.mode == ClockMode.AWAY:
        clock.mode = ClockMode.PAGE


def settle(session: Session, *, person: Person, course: CourseRevision, now: datetime) -> Settled:
    """Decide completion on the evidence; when it is done the training record is written, once."""
    session.flush()
    seen = standing(session, person_id=person.id, revision=course)
    evidence = seen.evidence()
    decision = decide(rule_of(course), evidence, seen.days)
    record = record_of(session, person_id=person.id, course_code=course.course.code)
    if record is not None or not decision.done:
        return Settled(decision, record)
    started = min(row.opened_at for row in seen.progress.values())
    record = record_course(
        session,
        person=person,
        course_revision=course,
        started_at=started,
        finished_at=max(now, started),
        evidence=evidence_document(course, evidence, seen),
        explanation=decision.sentence,
        now=now,
    )
    return Settled(decision, record, new=True)


def evidence_document(
    course: CourseRevision, evidence: list[LessonEvidence], seen: CourseStanding
) -> dict[str, Any]:
    """What the record keeps: the rule, and per lesson what the server saw."""
    finished = {code: row.finished_at for code, row in seen.progress.items()}
    return {
        "rule": course.rule,
        **({"study_days": seen.days} if rule_of(course).study_days else {}),
        "study_seconds": sum(lesson.visible_seconds for lesson in evidence),
        "lessons": [
            {
                "code": lesson.code,
                "opened_at": _stamp(lesson.opened_at),
                "finished_at": _stamp(finished.get(lesson.code)),
                "seconds": lesson.visible_seconds,
                "quiz_required": lesson.quiz_required,
                "quiz_passed": lesson.quiz_passed,
            }
            for lesson in evidence
        ],
    }


def _stamp(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
