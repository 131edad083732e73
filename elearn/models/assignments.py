"""Assignments: who must learn or sit what by when."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .content import Course
from .exams import Exam
from .people import OrgUnit, Person


class AssignmentKind(StrEnum):
    """What is assigned."""

    COURSE = "COURSE"
    EXAM = "EXAM"


class Assignment(Base):
    """A course or exam for a unit subtree (narrowed by `ranks`, as in `Exam`) with a due date.

    待办, 逾期 and 缺考 are derived from this table and the records; nothing is copied per person.
    """

    __tablename__ = "assignment"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    kind: Mapped[AssignmentKind] = mapped_column(String(10))
    course_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("course.id"))
    exam_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("exam.id"))
    org_unit_id: Mapped[int] = mapped_column(bigref, ForeignKey("org_unit.id"))
    ranks: Mapped[str] = mapped_column(String(500), default="")
    due_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(200), default="")
    created_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]

    course: Mapped[Course | None] = relationship()
    exam: Mapped[Exam | None] = relationship()
    org_unit: Mapped[OrgUnit] = relationship()
    created_by: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint(
            "(kind = 'COURSE' AND course_id IS NOT NULL AND exam_id IS NULL)"
            " OR (kind = 'EXAM' AND exam_id IS NOT NULL AND course_id IS NULL)",
            name="target",
        ),
        Index("ix_assignment_org_unit_id", "org_unit_id"),
        # One task in force per target, unit and ranks: a second click changes nothing. The column
        # of the other kind is NULL, and NULLs never collide.
        Index(
            "uq_assignment_course",
            "course_id",
            "org_unit_id",
            "ranks",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL"),
            postgresql_where=text("cancelled_at IS NULL"),
        ),
        Index(
            "uq_assignment_exam",
            "exam_id",
            "org_unit_id",
            "ranks",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL"),
            postgresql_where=text("cancelled_at IS NULL"),
        ),
    )
