"""What learners do with courses: open, read, answer, finish. Completion follows from evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from elearn.core.completion import latest_beat
from elearn.core.errors import DomainError
from elearn.core.lessons.blocks import is_position
from elearn.core.reading import ClockMode
from elearn.models import CourseRevision, Lesson, LessonProgress, Person, QuizResponse, ReadingClock

from .evidence import (
    Settled,
    count_time,
    find_progress,
    leave_page,
    lock_clock,
    opened_progress,
    settle,
    stay_on_page,
)
from .publishing import publish_course
from .queries import record_of, rule_of, standing
from .quizzes import check_answers, is_same_tap

__all__ = [
    "Beat",
    "Finished",
    "QuizOpen",
    "answer_quiz",
    "finish_lesson",
    "open_lesson",
    "publish_course",
    "record_beat",
]


class QuizOpen(DomainError):
    """The lesson's required quiz is not done; `numbers` are its open questions, from 1."""

    def __init__(self, numbers: Sequence[int], *, must_pass: bool):
        self.numbers = tuple(numbers)
        what = "没有答对" if must_pass else "没有作答"
        listed = "、".join(map(str, numbers))
        super().__init__(
            f"还不能学完这一节：随堂题还有 {len(numbers)} 道{what}（第 {listed} 题）。",
            code="E-QUIZ",
        )


@dataclass(frozen=True, slots=True)
class Beat:
    """`seconds`: counted for this lesson so far. `done`: the course is completed."""

    seconds: int
    done: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """After 学完. `following` is None on the last lesson."""

    settled: Settled
    following: Lesson | None


def open_lesson(
    session: Session, *, person: Person, course: CourseRevision, lesson: Lesson, now: datetime
) -> LessonProgress:
    """The server has sent the lesson to this person: evidence, and the start of its time."""
    clock = lock_clock(session, person=person, course=course, lesson=lesson, now=now)
    leave_page(session, clock=clock, person=person, now=now)
    progress = find_progress(
        session, person_id=person.id, course_id=course.course_id, lesson_code=lesson.code
    )
    if progress is None:
        progress = LessonProgress(
            person_id=person.id,
            course_id=course.course_id,
            lesson_code=lesson.code,
            opened_at=now,
            last_seen_at=now,
            visible_seconds=0,
            position="",
        )
        session.add(progress)
    progress.course_revision_id = course.id
    progress.last_seen_at = latest_beat(progress.last_seen_at, now)
    clock.course_id, clock.lesson_code = course.course_id, lesson.code
    clock.mode = ClockMode.PAGE
    session.flush()
    return progress


def record_beat(
    session: Session,
    *,
    person: Person,
    course: CourseRevision,
    lesson: Lesson,
    position: str,
    away: bool,
    now: datetime,
) -> Beat:
    """A page shows this lesson (or, `away`, has just been hidden). `position` is the id of the
    block being read; anything that cannot be one is ignored. No client says how long it was."""
    clock = lock_clock(session, person=person, course=course, lesson=lesson, now=now)
    progress = opened_progress(session, person=person, course=course, lesson=lesson)
    _count_here(session, clock, progress, course=course, lesson=lesson, now=now)
    clock.course_id, clock.lesson_code = course.course_id, lesson.code
    clock.mode = ClockMode.AWAY if away else ClockMode.BEAT
    if is_position(position):
        progress.position = position
    session.flush()
    if progress.finished_at is None:
        return Beat(progress.visible_seconds, done=False)
    if record_of(session, person_id=person.id, course_code=course.course.code) is not None:
        return Beat(progress.visible_seconds, done=True)
    settled = settle(session, person=person, course=course, now=now)
    return Beat(progress.visible_seconds, done=settled.record is not None)


def answer_quiz(
    session: Session,
    *,
    person: Person,
    course: CourseRevision,
    lesson: Lesson,
    answers: Mapping[str, Sequence[Sequence[str]]],
    now: datetime,
) -> Settled:
    """Grade and keep the answers (question code -> per part, the form's texts).

    Raises NotFound for a question that is not in this lesson, DomainError for an empty or unfit
    answer and for a lesson never opened; then nothing is kept and no key is told.
    """
    clock = lock_clock(session, person=person, course=course, lesson=lesson, now=now)
    progress = opened_progress(session, person=person, course=course, lesson=lesson)
    for revision_id, given, right in check_answers(session, lesson=lesson, answers=answers):
        if is_same_tap(session, person_id=person.id, revision_id=revision_id, given=given, now=now):
            continue
        session.add(
            QuizResponse(
                person_id=person.id,
                course_id=course.course_id,
                lesson_code=lesson.code,
                question_revision_id=revision_id,
                answer={"parts": given},
                correct=right,
                at=now,
            )
        )
    _count_here(session, clock, progress, course=course, lesson=lesson, now=now)
    stay_on_page(clock, course=course, lesson=lesson)
    return settle(session, person=person, course=course, now=now)


def finish_lesson(
    session: Session, *, person: Person, course: CourseRevision, lesson: Lesson, now: datetime
) -> Finished:
    """The person says 学完. Accepted only for a lesson the server has seen opened, and whose
    required quiz is done; whether the course is completed is another question (`settled`).

    Raises DomainError (never opened) or QuizOpen; then nothing is kept.
    """
    clock = lock_clock(session, person=person, course=course, lesson=lesson, now=now)
    progress = opened_progress(session, person=person, course=course, lesson=lesson)
    must_pass = rule_of(course).quiz
    seen = standing(session, person_id=person.id, revision=course)
    still_open = seen.open_items(lesson, must_pass=must_pass)
    if lesson.quiz_required and still_open and progress.finished_at is None:
        raise QuizOpen(still_open, must_pass=must_pass)
    _count_here(session, clock, progress, course=course, lesson=lesson, now=now)
    stay_on_page(clock, course=course, lesson=lesson)
    if progress.finished_at is None:
        progress.finished_at = max(now, progress.opened_at)
    settled = settle(session, person=person, course=course, now=now)
    following = (other for other in seen.lessons if other.position == lesson.position + 1)
    return Finished(settled, next(following, None))


def _count_here(
    session: Session,
    clock: ReadingClock,
    progress: LessonProgress,
    *,
    course: CourseRevision,
    lesson: Lesson,
    now: datetime,
) -> None:
    count_time(session, clock, progress, minutes=lesson.minutes, rule=course.rule, now=now)
