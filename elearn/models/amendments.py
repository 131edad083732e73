"""Corrections of paper results that were typed wrongly: what is wrong, and a second person's word."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .people import Person
from .printing import PaperResult


class PaperAmendment(Base):
    """A proposal: the answer sheet says something else than what was typed from it.

    `letter`: the form the sheet really belongs to. `changes`: [[item, part, before, after], …] in
    the numbers of the attempt's own paper and in original options, as answer events hold them.
    """

    __tablename__ = "paper_amendment"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("paper_result.attempt_id"))
    letter: Mapped[str] = mapped_column(String(1))
    changes: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(String(100))
    proposed_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    proposed_at: Mapped[datetime]

    result: Mapped[PaperResult] = relationship()
    proposed_by: Mapped[Person] = relationship()
    decision: Mapped["AmendmentDecision | None"] = relationship(back_populates="amendment")

    __table_args__ = (
        # What a decision refers to, so that the database itself knows who proposed.
        UniqueConstraint("id", "proposed_by_id"),
        CheckConstraint("letter IN ('A', 'B', 'C', 'D')", name="letter"),
        Index("ix_paper_amendment_attempt_id", "attempt_id"),
    )


class AmendmentDecision(Base):
    """The second person's verdict, once. `grade_no`: the grade an accepted one led to."""

    __tablename__ = "amendment_decision"

    amendment_id: Mapped[int] = mapped_column(bigref, primary_key=True, autoincrement=False)
    proposed_by_id: Mapped[int] = mapped_column(bigref)
    decided_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    accepted: Mapped[bool]
    note: Mapped[str] = mapped_column(String(200), default="")
    grade_no: Mapped[int | None]
    decided_at: Mapped[datetime]

    amendment: Mapped[PaperAmendment] = relationship(back_populates="decision")
    decided_by: Mapped[Person] = relationship(foreign_keys=[decided_by_id])

    __table_args__ = (
        ForeignKeyConstraint(
            ["amendment_id", "proposed_by_id"],
            ["paper_amendment.id", "paper_amendment.proposed_by_id"],
            name="fk_amendment_decision_proposal",
        ),
        CheckConstraint("decided_by_id <> proposed_by_id", name="four_eyes"),
        CheckConstraint("accepted = (grade_no IS NOT NULL)", name="grade"),
    )
