"""What the server saw of a person's reading and quiz answers: the evidence for completion."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from elearn.core.reading import ClockMode

from .base import Base, bigref, intpk


class LessonProgress(Base):
    """Person x lesson code. `visible_seconds` is credited by the server, never claimed.

    `position` is the heading or paragraph last read (an element id), for resuming on another
    device. `course_revision_id` is the revision last opened.
    """

    __tablename__ = "lesson_progress"

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    course_id: Mapped[int] = mapped_column(bigref, ForeignKey("course.id"))
    lesson_code: Mapped[str] = mapped_column(String(60))
    course_revision_id: Mapped[int] = mapped_column(bigref, ForeignKey("course_revision.id"))
    opened_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    visible_seconds: Mapped[int] = mapped_column(default=0)
    position: Mapped[str] = mapped_column(String(120), default="")

    __table_args__ = (
        UniqueConstraint("person_id", "course_id", "lesson_code"),
        CheckConstraint("visible_seconds >= 0", name="visible_seconds"),
    )


class StudyDay(Base):
    """Person x course x day (Beijing time), for courses whose rule asks for days of study.

    `seconds`: what the server saw that day, reading again included; it says on which days, not how
    much time counts.
    """

    __tablename__ = "study_day"

    person_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("person.id"), primary_key=True, autoincrement=False
    )
    course_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("course.id"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    seconds: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("seconds >= 0", name="seconds"),)


class ReadingClock(Base):
    """One clock per person: parallel pages share it, so credited time never exceeds wall time.

    `last_beat_at` is how far time has been counted; `mode` says how the time since then counts
    (docs/decisions/0003-learning-evidence.md).
    """

    __tablename__ = "reading_clock"

    person_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("person.id"), primary_key=True, autoincrement=False
    )
    course_id: Mapped[int] = mapped_column(bigref, ForeignKey("course.id"))
    lesson_code: Mapped[str] = mapped_column(String(60))
    last_beat_at: Mapped[datetime]
    mode: Mapped[ClockMode] = mapped_column(String(10), default=ClockMode.PAGE)


class QuizResponse(Base):
    """An answer to an in-lesson question; append-only."""

    __tablename__ = "quiz_response"

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    course_id: Mapped[int] = mapped_column(bigref, ForeignKey("course.id"))
    lesson_code: Mapped[str] = mapped_column(String(60))
    question_revision_id: Mapped[int] = mapped_column(bigref, ForeignKey("question_revision.id"))
    answer: Mapped[dict[str, Any]]
    correct: Mapped[bool]
    at: Mapped[datetime]

    __table_args__ = (
        Index(
            "ix_quiz_response_person_id_course_id_lesson_code",
            "person_id",
            "course_id",
            "lesson_code",
        ),
    )
