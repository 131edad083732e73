"""Statistics of closed exams, kept so that they are computed once; trainers' verdicts on them.

Derived data: `exam_analysis` and `item_analysis` are thrown away and made again whenever a grade of
the exam is newer than what they were made from. They hold sums and counts, never a person.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, sha256
from .exams import Exam
from .people import Person
from .questions import BankQuestion


class ExamAnalysis(Base):
    """One exam as of grade `last_grade_id`. `summary` is what the page shows at its top."""

    __tablename__ = "exam_analysis"

    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"), primary_key=True)
    last_grade_id: Mapped[int] = mapped_column(bigref)
    people: Mapped[int]
    computed_at: Mapped[datetime]
    summary: Mapped[dict[str, Any]]


class ItemAnalysis(Base):
    """One question revision in one exam: `n` first attempts that had it.

    `attention` orders what wants a look first; `flags` are `exams.analysis.flags.Flag` values;
    `detail` holds intervals, times, choices by third and the comparison with earlier exams.
    """

    __tablename__ = "item_analysis"

    id: Mapped[intpk]
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    revision_hash: Mapped[sha256]
    code: Mapped[str] = mapped_column(String(60))
    n: Mapped[int]
    total_share: Mapped[float]
    facility: Mapped[float]
    discrimination: Mapped[float | None]
    median_s: Mapped[float | None]
    exposures: Mapped[int]
    attention: Mapped[int]
    flags: Mapped[list[Any]]
    detail: Mapped[dict[str, Any]]

    exam: Mapped[Exam] = relationship()

    __table_args__ = (
        UniqueConstraint("exam_id", "revision_hash"),
        CheckConstraint("n > 0", name="people"),
        Index("ix_item_analysis_revision_hash", "revision_hash"),
        Index("ix_item_analysis_code", "code"),
    )


class DifficultyDecision(Base):
    """A trainer's answer to a suggested difficulty; the last one about a revision counts.

    Nothing is rewritten by it: the question's file is changed by hand and becomes a new revision.
    """

    __tablename__ = "difficulty_decision"

    id: Mapped[intpk]
    question_id: Mapped[int] = mapped_column(bigref, ForeignKey("question.id"))
    revision_hash: Mapped[sha256]
    current: Mapped[int]
    suggested: Mapped[int]
    n: Mapped[int]
    total_share: Mapped[float]
    accepted: Mapped[bool]
    decided_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    decided_at: Mapped[datetime]

    question: Mapped[BankQuestion] = relationship()
    decided_by: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint("suggested BETWEEN 1 AND 5", name="suggested"),
        Index("ix_difficulty_decision_question_id", "question_id"),
    )
