"""Papers printed for a room without computers, and the results that came back from them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id, sha256
from .exams import Attempt, Exam
from .people import Person


class PrintMode(StrEnum):
    """SHUFFLED: the same questions in another order; PARALLEL: each form drawn for itself."""

    SHUFFLED = "SHUFFLED"
    PARALLEL = "PARALLEL"


class ResultSource(StrEnum):
    """How a paper result came in."""

    TYPED = "TYPED"
    IMPORTED = "IMPORTED"


class PrintRun(Base):
    """One set of forms (A, B, ...) of an exam, all derived from `seed` and the bank at that time.

    Append-only, like everything it leads to: a run that should not be used is simply not printed.
    """

    __tablename__ = "print_run"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    mode: Mapped[PrintMode] = mapped_column(String(10))
    seed: Mapped[str] = mapped_column(String(64))
    bank_hash: Mapped[sha256]
    # What was drawn from, to be drawn again (`BankSnapshot.hash`); runs before 0013 have none.
    snapshot_hash: Mapped[str | None] = mapped_column(String(64))
    made_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    made_at: Mapped[datetime]

    exam: Mapped[Exam] = relationship()
    made_by: Mapped[Person] = relationship()
    papers: Mapped[list["PrintPaper"]] = relationship(
        back_populates="run", order_by="PrintPaper.letter"
    )
    approval: Mapped["PrintApproval | None"] = relationship(back_populates="run")

    __table_args__ = (Index("ix_print_run_exam_id", "exam_id"),)


class PrintPaper(Base):
    """One form. `paper` is `Paper.canonical()`; an attempt made from it holds the same."""

    __tablename__ = "print_paper"

    id: Mapped[intpk]
    run_id: Mapped[int] = mapped_column(bigref, ForeignKey("print_run.id"))
    letter: Mapped[str] = mapped_column(String(1))
    paper_hash: Mapped[sha256]
    paper: Mapped[dict[str, Any]]

    run: Mapped[PrintRun] = relationship(back_populates="papers")

    __table_args__ = (
        UniqueConstraint("run_id", "letter"),
        CheckConstraint("letter IN ('A', 'B', 'C', 'D')", name="letter"),
    )


class PrintApproval(Base):
    """The second person's consent; before it nobody sees a question of the run."""

    __tablename__ = "print_approval"

    run_id: Mapped[int] = mapped_column(bigref, ForeignKey("print_run.id"), primary_key=True)
    approved_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    approved_at: Mapped[datetime]

    run: Mapped[PrintRun] = relationship(back_populates="approval")
    approved_by: Mapped[Person] = relationship()


class PaperResult(Base):
    """This attempt was sat on paper (纸笔): which form, who entered it, what exactly was entered.

    `digest` names the answers as entered, so that the same sheet entered twice is recognised.
    """

    __tablename__ = "paper_result"

    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"), primary_key=True)
    print_paper_id: Mapped[int] = mapped_column(bigref, ForeignKey("print_paper.id"))
    source: Mapped[ResultSource] = mapped_column(String(10))
    digest: Mapped[sha256]
    entered_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    entered_at: Mapped[datetime]

    attempt: Mapped[Attempt] = relationship()
    print_paper: Mapped[PrintPaper] = relationship()
    entered_by: Mapped[Person] = relationship()

    __table_args__ = (Index("ix_paper_result_print_paper_id", "print_paper_id"),)
