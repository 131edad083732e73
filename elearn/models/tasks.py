"""What people handed over in lessons: signed pledges, reflections and what trainers said of them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id, sha256
from .content import Course
from .people import Person


class Verdict(StrEnum):
    """What a trainer said of a reflection."""

    ACCEPTED = "ACCEPTED"
    RETURNED = "RETURNED"


class PledgeSignature(Base):
    """A pledge (承诺书) as it was signed; append-only. `text_hash` is `LessonTask.text_hash`:
    a pledge reworded later is another one."""

    __tablename__ = "pledge_signature"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    course_id: Mapped[int] = mapped_column(bigref, ForeignKey("course.id"))
    lesson_code: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[sha256]
    signed_name: Mapped[str] = mapped_column(String(50))
    unit_name: Mapped[str] = mapped_column(String(100))
    signed_at: Mapped[datetime]

    person: Mapped[Person] = relationship()
    course: Mapped[Course] = relationship()

    __table_args__ = (UniqueConstraint("person_id", "course_id", "lesson_code", "text_hash"),)


class Reflection(Base):
    """A reflection (心得) as handed in; append-only, a new version is a row with a higher `no`."""

    __tablename__ = "reflection"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    course_id: Mapped[int] = mapped_column(bigref, ForeignKey("course.id"))
    lesson_code: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[sha256]
    no: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime]

    person: Mapped[Person] = relationship()
    course: Mapped[Course] = relationship()
    review: Mapped["ReflectionReview | None"] = relationship(back_populates="reflection")

    __table_args__ = (
        UniqueConstraint("person_id", "course_id", "lesson_code", "text_hash", "no"),
        Index("ix_reflection_submitted_at", "submitted_at"),
    )


class ReflectionReview(Base):
    """One trainer's word on one version; append-only, and only one of them."""

    __tablename__ = "reflection_review"

    id: Mapped[intpk]
    reflection_id: Mapped[int] = mapped_column(bigref, ForeignKey("reflection.id"), unique=True)
    reviewer_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    verdict: Mapped[Verdict] = mapped_column(String(10))
    comment: Mapped[str] = mapped_column(Text, default="")
    reviewed_at: Mapped[datetime]

    reflection: Mapped[Reflection] = relationship(back_populates="review")
    reviewer: Mapped[Person] = relationship()
