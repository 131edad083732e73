"""What happens around an exam while it runs: time changes, extra time, presence, leaves, messages."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .exams import Attempt
from .people import OrgUnit, Person


class TimeKind(StrEnum):
    """RESUME ends a PAUSE, APPROVE and REFUSE decide an EXTEND that needed a second person."""

    EXTEND = "EXTEND"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    APPROVE = "APPROVE"
    REFUSE = "REFUSE"


class TimeChange(Base):
    """One act on the time of an exam; append-only.

    Whom it is for: one person, the subtree of a unit (the room), or everybody (both None).
    `of_id` names the act a RESUME, APPROVE or REFUSE answers; it is unique, so an act is answered
    once. `touched` is how many running attempts it moved at that moment.
    """

    __tablename__ = "time_change"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    kind: Mapped[TimeKind] = mapped_column(String(10))
    org_unit_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("org_unit.id"))
    person_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    seconds: Mapped[int] = mapped_column(default=0)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(200))
    of_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("time_change.id"))
    touched: Mapped[int] = mapped_column(default=0)
    by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    at: Mapped[datetime]

    org_unit: Mapped[OrgUnit | None] = relationship()
    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])
    by: Mapped[Person] = relationship(foreign_keys=[by_id])

    __table_args__ = (
        UniqueConstraint("of_id"),
        CheckConstraint("org_unit_id IS NULL OR person_id IS NULL", name="scope"),
        CheckConstraint("(kind = 'EXTEND') = (seconds > 0)", name="seconds"),
        CheckConstraint(
            "(kind IN ('RESUME', 'APPROVE', 'REFUSE')) = (of_id IS NOT NULL)", name="answers"
        ),
        Index("ix_time_change_exam_id", "exam_id"),
    )


class AccommodationReason(StrEnum):
    """Why somebody gets more time. Nothing about an illness is kept (个人信息保护法 art. 28)."""

    AGE = "AGE"
    CARE = "CARE"


class Accommodation(Base):
    """Extra time for one person, by percent of the duration or in minutes, or an open book
    (`open_book`, where the blueprint decides by person), or both, within a period.

    It counts once a second person has approved it, until it is ended.
    """

    __tablename__ = "accommodation"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    reason: Mapped[AccommodationReason] = mapped_column(String(10))
    percent: Mapped[int | None]
    minutes: Mapped[int | None]
    open_book: Mapped[bool] = mapped_column(default=False, server_default=false())
    document: Mapped[str] = mapped_column(String(100))
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    requested_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    requested_at: Mapped[datetime]
    approved_by_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    approved_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    requested_by: Mapped[Person] = relationship(foreign_keys=[requested_by_id])
    approved_by: Mapped[Person | None] = relationship(foreign_keys=[approved_by_id])

    __table_args__ = (
        CheckConstraint(
            "(percent IS NULL OR minutes IS NULL)"
            " AND (open_book OR percent IS NOT NULL OR minutes IS NOT NULL)",
            name="amount",
        ),
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent"),
        CheckConstraint("minutes BETWEEN 1 AND 240", name="minutes"),
        CheckConstraint("valid_until > valid_from", name="period"),
        CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name="approved"),
        CheckConstraint("approved_by_id <> requested_by_id", name="two_people"),
        CheckConstraint("(ended_by_id IS NULL) = (ended_at IS NULL)", name="ended"),
        Index("ix_accommodation_person_id", "person_id"),
    )


class AttemptPresence(Base):
    """When the page of an attempt was last heard of, how long its oldest answer has been waiting
    (milliseconds, 0 = nothing waits), and the counted page leaves. A view for the board, not
    evidence: it is overwritten."""

    __tablename__ = "attempt_presence"

    attempt_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("attempt.id"), primary_key=True, autoincrement=False
    )
    heard_at: Mapped[datetime]
    oldest_ms: Mapped[int] = mapped_column(default=0)
    leaves: Mapped[int] = mapped_column(default=0)
    away_ms: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("oldest_ms >= 0", name="oldest"),)


class LeaveKind(StrEnum):
    """LEAVE: the page was hidden. GAP: it was gone and came back (killed, closed, other page)."""

    LEAVE = "LEAVE"
    GAP = "GAP"


class PageLeave(Base):
    """离页记录: what the candidate's page claims about having been left; append-only.

    A record to be judged by a person, never a verdict. `leave_id` is made by the page, so that a
    repeated delivery changes nothing. `began_at` is mapped to the server's clock.
    """

    __tablename__ = "page_leave"

    id: Mapped[intpk]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"))
    leave_id: Mapped[str] = mapped_column(String(40))
    kind: Mapped[LeaveKind] = mapped_column(String(10))
    began_at: Mapped[datetime]
    duration_ms: Mapped[int]
    maybe_lock: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime]

    attempt: Mapped[Attempt] = relationship()

    __table_args__ = (
        UniqueConstraint("attempt_id", "leave_id"),
        CheckConstraint("duration_ms >= 0", name="duration"),
    )


class PageLeaveVoid(Base):
    """A leave an examiner looked at and does not count, with the reason; append-only."""

    __tablename__ = "page_leave_void"

    leave_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("page_leave.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    at: Mapped[datetime]

    by: Mapped[Person] = relationship()


class ExamMessage(Base):
    """What the examiner said during an exam, to one person, a unit's subtree or all; append-only."""

    __tablename__ = "exam_message"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    org_unit_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("org_unit.id"))
    person_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(String(300))
    by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    at: Mapped[datetime]

    org_unit: Mapped[OrgUnit | None] = relationship()
    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])

    __table_args__ = (
        CheckConstraint("org_unit_id IS NULL OR person_id IS NULL", name="scope"),
        Index("ix_exam_message_exam_id", "exam_id"),
    )


class MessageReceipt(Base):
    """The candidate tapped 知道了; append-only."""

    __tablename__ = "message_receipt"

    message_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("exam_message.id"), primary_key=True, autoincrement=False
    )
    person_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("person.id"), primary_key=True, autoincrement=False
    )
    read_at: Mapped[datetime]
