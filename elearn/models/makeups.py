"""Make-ups (补考), deferrals (缓考) and exemptions (免考)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .exams import Exam
from .people import Person


class StandingKind(StrEnum):
    """DEFERRAL: sits a make-up instead. EXEMPTION: need not sit at all."""

    DEFERRAL = "DEFERRAL"
    EXEMPTION = "EXEMPTION"


class StandingState(StrEnum):
    """REQUESTED -> APPROVED or REFUSED; an approval can be WITHDRAWN."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class ExamStanding(Base):
    """A person's deferral or exemption of one exam; at most one asked for or granted."""

    __tablename__ = "exam_standing"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    kind: Mapped[StandingKind] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    state: Mapped[StandingState] = mapped_column(String(10))
    requested_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    requested_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(500), default="")

    exam: Mapped[Exam] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    requested_by: Mapped[Person] = relationship(foreign_keys=[requested_by_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])

    __table_args__ = (
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> person_id", name="not_own"),
        CheckConstraint("(state = 'REQUESTED') = (decided_at IS NULL)", name="state"),
        Index(
            "uq_exam_standing_in_force",
            "exam_id",
            "person_id",
            unique=True,
            sqlite_where=text("state IN ('REQUESTED', 'APPROVED')"),
            postgresql_where=text("state IN ('REQUESTED', 'APPROVED')"),
        ),
        Index("ix_exam_standing_person_id", "person_id"),
        Index("ix_exam_standing_state", "state"),
    )


class ExamMakeup(Base):
    """`exam_id` is the make-up of `main_exam_id`. Its roster is the exam's list by name."""

    __tablename__ = "exam_makeup"

    exam_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("exam.id"), primary_key=True, autoincrement=False
    )
    main_exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    created_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    created_at: Mapped[datetime]

    exam: Mapped[Exam] = relationship(foreign_keys=[exam_id])
    main: Mapped[Exam] = relationship(foreign_keys=[main_exam_id])

    __table_args__ = (
        CheckConstraint("exam_id <> main_exam_id", name="two_exams"),
        Index("ix_exam_makeup_main_exam_id", "main_exam_id"),
    )


class MakeupCause(StrEnum):
    """Why somebody is on the roster."""

    FAILED = "FAILED"
    ABSENT = "ABSENT"
    DEFERRED = "DEFERRED"


class MakeupCandidate(Base):
    """One line of the derived roster. `removed_reason` "": invited; else taken off, and why."""

    __tablename__ = "makeup_candidate"

    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"), primary_key=True)
    cause: Mapped[MakeupCause] = mapped_column(String(10))
    removed_reason: Mapped[str] = mapped_column(String(200), default="")

    person: Mapped[Person] = relationship()
