"""How short answers of an exam are marked, who holds which sheet, and rechecks."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .exams import Attempt
from .people import Person


class MarkingRule(Base):
    """An exam without a row is marked once, without names.

    `tolerance_centi`: two markers who differ by more on one question need a third.
    """

    __tablename__ = "marking_rule"

    exam_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("exam.id"), primary_key=True, autoincrement=False
    )
    double: Mapped[bool] = mapped_column(default=False, server_default=false())
    tolerance_centi: Mapped[int] = mapped_column(default=0)
    show_names: Mapped[bool] = mapped_column(default=False, server_default=false())
    changed_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    changed_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("tolerance_centi >= 0", name="tolerance"),)


class MarkingTurn(Base):
    """One marker's turn at one sheet. `round` 1 is the marking, 2 the recheck; `turn` 3 decides
    between two who differ. Held until `leased_until`, then anybody may take it; done for good."""

    __tablename__ = "marking_turn"

    id: Mapped[intpk]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"))
    round: Mapped[int]
    turn: Mapped[int]
    marker_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]

    attempt: Mapped[Attempt] = relationship()
    marker: Mapped[Person | None] = relationship()

    __table_args__ = (
        UniqueConstraint("attempt_id", "round", "turn"),
        # Nobody marks the same sheet twice in one round: the second pair of eyes is another's.
        UniqueConstraint("attempt_id", "round", "marker_id"),
        Index("ix_marking_turn_marker_id_done_at", "marker_id", "done_at"),
    )


class MarkingSkip(Base):
    """A marker left this sheet for later, or for somebody else: it comes last to them."""

    __tablename__ = "marking_skip"

    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"), primary_key=True)
    marker_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"), primary_key=True)
    skipped_at: Mapped[datetime]


class RecheckState(StrEnum):
    """REQUESTED -> MARKING -> DONE, or REQUESTED -> REFUSED."""

    REQUESTED = "REQUESTED"
    MARKING = "MARKING"
    DONE = "DONE"
    REFUSED = "REFUSED"


class Recheck(Base):
    """A second marking (复核) of a finally graded attempt, by another person; once per attempt."""

    __tablename__ = "recheck"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(500))
    state: Mapped[RecheckState] = mapped_column(String(10))
    requested_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    requested_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(500), default="")
    score_before: Mapped[int]
    score_after: Mapped[int | None]
    done_at: Mapped[datetime | None]

    attempt: Mapped[Attempt] = relationship()
    requested_by: Mapped[Person] = relationship(foreign_keys=[requested_by_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])

    __table_args__ = (
        CheckConstraint("(state = 'REQUESTED') = (decided_at IS NULL)", name="state"),
        Index(
            "ix_recheck_open",
            "state",
            sqlite_where=text("state <> 'DONE'"),
            postgresql_where=text("state <> 'DONE'"),
        ),
    )
