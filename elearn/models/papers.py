"""Papers before anybody sits them: seeds, forms, sealed papers, who opened what, bank snapshots."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .people import Person


class PaperMode(StrEnum):
    """How candidates of an exam come by their papers."""

    INDIVIDUAL = "INDIVIDUAL"  # everybody an own draw
    FORMS = "FORMS"  # K parallel forms
    FIXED = "FIXED"  # one paper for all


class OpeningKind(StrEnum):
    """What happened to sealed papers."""

    START = "START"  # the first candidate started: papers go out from now on
    ASK = "ASK"  # somebody asks to look at a paper
    APPROVE = "APPROVE"  # a second person agrees
    VIEW = "VIEW"  # it was looked at
    REVEAL = "REVEAL"  # the master seed was published


class ExamSeed(Base):
    """The master seed of an exam: `commitment` from the beginning, `sealed` encrypted, `seed` in
    the clear once revealed. `opened_at`: when the first paper went out."""

    __tablename__ = "exam_seed"

    exam_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("exam.id"), primary_key=True, autoincrement=False
    )
    commitment: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    # The facility estimates every paper of the exam is drawn with; None: none were known.
    estimates_hash: Mapped[str | None] = mapped_column(String(64))
    seed: Mapped[str] = mapped_column(String(64), default="")
    revealed_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("(revealed_at IS NULL) = (seed = '')", name="revealed"),)


class ExamPapers(Base):
    """Settings of an exam's papers; no row means everybody an own draw, nothing sealed.

    `avoid_seen`: nobody gets a question of an earlier attempt (补考), whatever the blueprint says.
    `figures`: what the examiner sees of the forms (expected scores, overlap), never their content.
    `seal_before_min`: drawn and sealed by the sweeper so many minutes before the start; None: by
    hand or not at all. `seal_tried_at`, `seal_problem`: its last try that failed, and why.
    """

    __tablename__ = "exam_papers"

    exam_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("exam.id"), primary_key=True, autoincrement=False
    )
    mode: Mapped[PaperMode] = mapped_column(String(12))
    forms: Mapped[int]
    avoid_seen: Mapped[bool] = mapped_column(default=False)
    sealed_at: Mapped[datetime | None]
    figures: Mapped[dict[str, Any]]
    seal_before_min: Mapped[int | None]
    seal_tried_at: Mapped[datetime | None]
    seal_problem: Mapped[str] = mapped_column(String(500), default="", server_default="")

    __table_args__ = (CheckConstraint("forms BETWEEN 1 AND 100", name="forms"),)


class ExamForm(Base):
    """One parallel form, encrypted until the exam opens."""

    __tablename__ = "exam_form"

    id: Mapped[intpk]
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    no: Mapped[int]
    paper_hash: Mapped[str] = mapped_column(String(64))
    bank_hash: Mapped[str] = mapped_column(String(64))
    snapshot_hash: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("exam_id", "no"),)


class SealedPaper(Base):
    """The paper of one person, drawn before the exam opens and encrypted until it does.

    `seen`: public ids of the attempts whose questions were kept out.
    """

    __tablename__ = "sealed_paper"

    id: Mapped[intpk]
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    no: Mapped[int]
    paper_hash: Mapped[str] = mapped_column(String(64))
    bank_hash: Mapped[str] = mapped_column(String(64))
    snapshot_hash: Mapped[str] = mapped_column(String(64))
    seen: Mapped[list[Any]]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("exam_id", "person_id", "no"),)


class PaperOpening(Base):
    """Append-only: who opened papers, when, why, with whose agreement.

    APPROVE and VIEW name the ASK they belong to. `form_no`: the form, or the place of the sealed
    paper among the exam's. `person_id` None: the system.
    """

    __tablename__ = "paper_opening"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    kind: Mapped[OpeningKind] = mapped_column(String(10))
    asked_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("paper_opening.id"))
    form_no: Mapped[int | None]
    person_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime]

    person: Mapped[Person | None] = relationship()

    __table_args__ = (
        CheckConstraint("(kind IN ('APPROVE', 'VIEW')) = (asked_id IS NOT NULL)", name="asked"),
        Index(
            "uq_paper_opening_one_approval",
            "asked_id",
            unique=True,
            sqlite_where=text("kind = 'APPROVE'"),
            postgresql_where=text("kind = 'APPROVE'"),
        ),
        Index("ix_paper_opening_exam_id", "exam_id"),
    )


class BankSnapshot(Base):
    """Append-only: exactly what papers were drawn from, so that they can be drawn again.

    `data` is zlib-compressed canonical JSON {"revisions": [hash, …], "estimates": [[hash,
    permille], …]}; `hash` names it: the bank hash alone while nothing is estimated.
    """

    __tablename__ = "bank_snapshot"

    id: Mapped[intpk]
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    bank_hash: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]


class FacilityEstimates(Base):
    """Append-only: what answers say of the questions; the last row is in force.

    `data` is zlib-compressed canonical JSON [[revision hash, permille], …]; `hash` names it. The
    same contents may come again later. An exam keeps those it was scheduled with.
    """

    __tablename__ = "facility_estimates"

    id: Mapped[intpk]
    hash: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]

    __table_args__ = (Index("ix_facility_estimates_hash", "hash"),)


class BlueprintReport(Base):
    """A simulation of a blueprint on a bank, remembered: both hashes decide every figure."""

    __tablename__ = "blueprint_report"

    id: Mapped[intpk]
    blueprint_hash: Mapped[str] = mapped_column(String(64))
    snapshot_hash: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("blueprint_hash", "snapshot_hash"),)
