"""A person reading a course in tests: the clock moves by hand, every event goes to the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.courses import services
from elearn.courses.evidence import Settled
from elearn.courses.queries import find_lesson
from elearn.models import Course, CourseRevision, Lesson, LessonProgress, Person
from tests.factories import NOW, make_person


@dataclass
class Reader:
    """`number` counts lessons from 1; `lesson 1` of course `c` has code `c-1`."""

    session: Session
    code: str
    person: Person
    now: datetime = NOW

    @classmethod
    def of(cls, session: Session, course: CourseRevision, person: Person | None = None) -> "Reader":
        """A new person, or the one given."""
        return cls(session, course.course.code, person or make_person(session))

    def wait(self, seconds: float) -> "Reader":
        """Time goes by."""
        self.now += timedelta(seconds=seconds)
        return self

    def lesson(self, number: int) -> tuple[CourseRevision, Lesson]:
        """As the pages load it."""
        return find_lesson(
            self.session,
            person=self.person,
            course_code=self.code,
            lesson_code=f"{self.code}-{number}",
        )

    def open(self, number: int) -> LessonProgress:
        """The server sends the page."""
        course, lesson = self.lesson(number)
        return services.open_lesson(
            self.session, person=self.person, course=course, lesson=lesson, now=self.now
        )

    def beat(self, number: int, position: str = "", *, away: bool = False) -> services.Beat:
        """The page says that it is being read."""
        course, lesson = self.lesson(number)
        return services.record_beat(
            self.session,
            person=self.person,
            course=course,
            lesson=lesson,
            position=position,
            away=away,
            now=self.now,
        )

    def answer(self, number: int, *chosen: str, question: str = "") -> Settled:
        """One part, by option indexes; "1" is right for the question of the factory."""
        code = question or f"{self.code}-{number}-q1"
        return self.answer_parts(number, code, [list(chosen)])

    def answer_parts(self, number: int, code: str, parts: Sequence[Sequence[str]]) -> Settled:
        """Any question."""
        course, lesson = self.lesson(number)
        return services.answer_quiz(
            self.session,
            person=self.person,
            course=course,
            lesson=lesson,
            answers={code: parts},
            now=self.now,
        )

    def finish(self, number: int) -> services.Finished:
        """学完."""
        course, lesson = self.lesson(number)
        return services.finish_lesson(
            self.session, person=self.person, course=course, lesson=lesson, now=self.now
        )

    def read(self, number: int, seconds: float = 60) -> services.Finished:
        """Open, read, answer right, finish: without scripts."""
        self.open(number)
        self.wait(seconds)
        self.answer(number, "1")
        return self.finish(number)

    def seconds(self, number: int) -> int:
        """What the server has counted for the lesson."""
        return (
            self.session.scalar(
                select(LessonProgress.visible_seconds)
                .join(Course, Course.id == LessonProgress.course_id)
                .where(
                    Course.code == self.code,
                    LessonProgress.person_id == self.person.id,
                    LessonProgress.lesson_code == f"{self.code}-{number}",
                )
            )
            or 0
        )
